//! The processes and modules that every node has.

pub(in crate::node) mod introspect;
pub(in crate::node) mod modules;
pub(in crate::node) mod services;
