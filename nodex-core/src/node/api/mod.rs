//! The builder, the node and its methods.

mod alias;
pub(in crate::node) mod backoff;
pub(in crate::node) mod builder;
pub(in crate::node) mod call;
mod connect;
mod context;
pub(in crate::node) mod mailbox;
pub(in crate::node) mod monitor;
pub(in crate::node) mod node;
pub(in crate::node) mod reconnect;
pub(in crate::node) mod refusal;
mod rpc_out;
pub(in crate::node) mod send;
pub(in crate::node) mod service_options;
pub(in crate::node) mod services;
mod start;
pub(in crate::node) mod subscription;

pub use backoff::Backoff;
pub use builder::NodeBuilder;
pub use call::CallError;
pub use mailbox::Mailbox;
pub use monitor::{Down, Monitor};
pub use node::Node;
pub use reconnect::KeptConnected;
pub use send::SendError;
pub use service_options::ServiceOptions;
pub use subscription::Subscription;
