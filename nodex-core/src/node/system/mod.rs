//! The processes and modules that every node has.

mod introspect;
mod modules;
mod services;

pub(in crate::node) use services::every_node;
