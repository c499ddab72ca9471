//! The local node: services, the processes that they are, connections, and what a program does with all of it.
//!
//! The folders are floors. Each knows those below it and none above:
//!
//! ```text
//! executable   a node that a host starts
//! testing      a node under test
//! api          what a program does with its node
//! system       what every node answers
//! inbound      what peers send
//! connection   the connections of a node
//! process      what has a pid
//! service      what serves, and how it is called
//! ```

mod address;
mod api;
mod connection;
mod counters;
mod error;
mod executable;
mod inbound;
mod number;
mod process;
mod service;
mod shared;
mod system;
pub mod testing;

pub use crate::protocol::Cookie;
pub use api::{
    Backoff, Builder, CallError, Down, KeptConnected, Mailbox, Monitor, Node, SendError, ServiceOptions, Subscription,
};
pub use connection::{Destination, Exception, NodeEvent, Peer, RpcError};
pub use counters::CallKind;
pub use error::{MissingState, ServiceError, StartError, StartUnnamedError};
pub use executable::{
    ArgumentError, Arguments, CookieSource, CookieSourceError, SurroundingsError, UnknownLevel, exit_status,
    log_to_stderr, main, main_with, reads_cookie_from_environment, ready_process,
};
pub use process::{ServiceEnd, ServiceType};
pub use service::{
    Accepts, Args, AsyncFn, Call, Caller, Context, Description, Encoded, ExceptionClass, Extensions, FromArg, Function,
    FunctionDescription, Functions, Handled, Handler, IntoReply, IntoService, Later, Lock, NoReply, Raised, ReadGuard,
    Rejection, Serve, Served, Service, State, SyncFn, SystemState, WriteGuard,
};
#[doc(hidden)]
pub use service::{Checked, OfAnything, OfReply, ReplyType, Shown};
