//! The local node: services, processes and connections.
//!
//! | to | begin with |
//! |---|---|
//! | write a node executable that a host starts | [`main`](main()), or `nodex::main!` |
//! | run a node inside a program | [`NodeBuilder`], then [`Node`] |
//! | serve functions | `#[cnode_handler]`, [`Functions`], or the trait [`Service`] |
//! | learn who calls, or reply later | [`Caller`] and [`Context`] as arguments |
//! | test a service | [`testing::TestNode`] |
//!
//! The folders are layers. Each uses only those below it:
//!
//! ```text
//! executable   the main function of a node executable
//! testing      a node under test
//! api          the builder, the node and its methods
//! system       the processes that every node has
//! inbound      handling of messages and signals
//! connection   the connections of a node
//! process      everything that has a pid
//! service      services, calls and replies
//! ```

mod address;
mod api;
mod connection;
mod counters;
mod encoded;
mod error;
mod executable;
mod inbound;
mod moment;
mod number;
mod process;
mod service;
mod shared;
mod system;
pub mod testing;

pub use crate::protocol::{Cookie, NameError, NodeName, ProcessName};
pub use api::{
    Backoff, CallError, Down, KeptConnected, Mailbox, Monitor, Node, NodeBuilder, SendError, ServiceOptions,
    Subscription,
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
