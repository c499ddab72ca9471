//! The local node: services, dispatch and what serves them.

mod args;
mod call;
mod caller;
mod context;
mod functions;
mod reply;
mod route;
mod service;
mod state;

pub use args::{Args, FromArg, Rejection};
pub use call::{Call, Handled, Later};
pub use caller::{CallKind, Caller};
pub use context::Context;
pub use functions::{Functions, Handler};
pub use reply::{IntoReply, NoReply};
pub use service::{Accepts, Function, IntoService, Service};
pub use state::{Extensions, Lock, MissingState, State};
