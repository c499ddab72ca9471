//! What serves, how it is called, and where its replies go.

pub(in crate::node) mod args;
pub(in crate::node) mod call;
pub(in crate::node) mod call_tag;
pub(in crate::node) mod caller;
pub(in crate::node) mod context;
pub(in crate::node) mod counters;
pub(in crate::node) mod failed_casts;
pub(in crate::node) mod function_table;
pub(in crate::node) mod functions;
pub(in crate::node) mod interface;
pub(in crate::node) mod panics;
pub(in crate::node) mod reply_to;
pub(in crate::node) mod serve;
pub(in crate::node) mod state;
pub(in crate::node) mod system_state;

pub use args::{Args, FromArg, Rejection};
pub use call::{Call, Handled, Later};
pub use caller::{CallKind, Caller};
pub use context::Context;
pub use functions::{AsyncFn, Functions, Handler, SyncFn};
pub use interface::{Accepts, Function, IntoService, Service};
#[doc(hidden)]
pub use nodex_proto::reply::Checked;
pub use nodex_proto::reply::{Encoded, ExceptionClass, IntoReply, NoReply, Raised};
pub use serve::{Serve, Served};
pub use state::{Extensions, Lock, MissingState, ReadGuard, State, WriteGuard};
#[doc(hidden)]
pub use system_state::Shown;
pub use system_state::SystemState;
