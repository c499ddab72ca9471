//! The local node: services, dispatch and what serves them.

mod args;
mod arguments;
mod builder;
mod call;
mod caller;
mod connection;
mod context;
mod cookie;
mod dispatch;
mod executable;
mod functions;
mod later;
mod local;
mod parent;
mod registry;
mod reply;
mod route;
mod service;
mod signals;
mod state;

pub use args::{Args, FromArg, Rejection};
pub use arguments::{ArgumentError, Arguments};
pub use builder::Builder;
pub use call::{Call, Handled, Later};
pub use caller::{CallKind, Caller};
pub use context::Context;
pub use cookie::{CookieSource, CookieSourceError};
pub use executable::main;
pub use functions::{AsyncFn, Functions, Handler, SyncFn};
pub use registry::ServiceError;
pub use reply::{IntoReply, NoReply};
pub use service::{Accepts, Function, IntoService, Service};
pub use state::{Extensions, Lock, MissingState, State};
