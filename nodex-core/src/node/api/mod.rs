//! What a program does with its node.

pub(in crate::node) mod backoff;
pub(in crate::node) mod builder;
pub(in crate::node) mod call;
pub(in crate::node) mod mailbox;
pub(in crate::node) mod monitor;
pub(in crate::node) mod node;
pub(in crate::node) mod reconnect;
pub(in crate::node) mod refusal;
pub(in crate::node) mod rpc_out;
pub(in crate::node) mod send;
pub(in crate::node) mod services;
pub(in crate::node) mod subscription;

pub use backoff::Backoff;
pub use builder::Builder;
pub use call::CallError;
pub use mailbox::Mailbox;
pub use monitor::{Down, Monitor};
pub use node::{Node, StartError, StartUnnamedError};
pub use reconnect::KeptConnected;
pub use refusal::Refusal;
pub use rpc_out::{Exception, RpcError};
pub use send::{Destination, SendError};
pub use services::ServiceOptions;
pub use subscription::Subscription;
