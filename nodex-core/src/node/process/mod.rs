//! Everything that has a pid: services, calls by rpc, waiting calls of this node, mailboxes; and their monitors and
//! links.

pub(in crate::node) mod alarm;
pub(in crate::node) mod aliases;
pub(in crate::node) mod calls;
pub(in crate::node) mod exit_policy;
pub(in crate::node) mod factory;
pub(in crate::node) mod function_table;
pub(in crate::node) mod incoming_monitors;
pub(in crate::node) mod mailbox_sender;
pub(in crate::node) mod names;
pub(in crate::node) mod references;
pub(in crate::node) mod registry;
pub(in crate::node) mod rpc_exception;
pub(in crate::node) mod rpc_process;
pub(in crate::node) mod service_end;
pub(in crate::node) mod service_process;
pub(in crate::node) mod table;
pub(in crate::node) mod waiting;

pub use service_end::{ServiceEnd, ServiceType};
