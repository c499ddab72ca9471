//! The local node: services, dispatch and what serves them.

mod args;
mod arguments;
mod builder;
mod call;
mod caller;
mod calling;
mod connection;
mod context;
mod cookie;
mod dispatch;
mod executable;
mod functions;
mod handle;
mod later;
mod listen;
mod local;
mod parent;
mod peers;
mod registry;
mod replies;
mod reply;
mod route;
mod serve;
mod service;
mod signals;
mod state;
mod system;

pub use args::{Args, FromArg, Rejection};
pub use arguments::{ArgumentError, Arguments};
pub use builder::Builder;
pub use call::{Call, Handled, Later};
pub use caller::{CallKind, Caller};
pub use calling::{CallError, Destination};
pub use context::Context;
pub use cookie::{CookieSource, CookieSourceError};
pub use executable::{main, main_with};
pub use functions::{AsyncFn, Functions, Handler, SyncFn};
pub use handle::{Node, StartError};
pub use peers::{NodeEvent, Peer};
pub use registry::ServiceError;
#[doc(hidden)]
pub use reply::Checked;
pub use reply::{Encoded, IntoReply, NoReply};
pub use serve::{Serve, Served};
pub use service::{Accepts, Function, IntoService, Service};
pub use state::{Extensions, Lock, MissingState, State};
