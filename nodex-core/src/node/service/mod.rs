//! Services, how they are called, and where their replies go.

pub(in crate::node) mod args;
pub(in crate::node) mod call;
pub(in crate::node) mod call_tag;
pub(in crate::node) mod caller;
pub(in crate::node) mod context;
pub(in crate::node) mod description;
pub(in crate::node) mod extensions;
pub(in crate::node) mod failed_casts;
pub(in crate::node) mod functions;
pub(in crate::node) mod interface;
pub(in crate::node) mod kept_calls;
pub(in crate::node) mod line;
pub(in crate::node) mod panics;
pub(in crate::node) mod rejection;
pub(in crate::node) mod reply_sink;
pub(in crate::node) mod reply_to;
pub(in crate::node) mod serve;
pub(in crate::node) mod state;
pub(in crate::node) mod system_state;

pub use args::{Args, FromArg};
pub use call::{Call, Handled, Later};
pub use caller::Caller;
pub use context::Context;
pub use description::{Description, FunctionDescription};
pub use extensions::Extensions;
pub use functions::{AsyncFn, Functions, Handler, SyncFn};
pub use interface::{Accepts, Function, IntoService, Service};
#[doc(hidden)]
pub use nodex_proto::reply::{Checked, OfAnything, OfReply, ReplyType};
pub use nodex_proto::reply::{Encoded, ExceptionClass, IntoReply, NoReply, Raised};
pub use rejection::Rejection;
pub use serve::{Serve, Served};
pub use state::{Lock, ReadGuard, State, WriteGuard};
#[doc(hidden)]
pub use system_state::Shown;
pub use system_state::SystemState;
