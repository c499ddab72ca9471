//! The registered nodes, and the next creation of each name.
use std::collections::VecDeque;

use crate::{epmd::Entry, random};

/// How many names are remembered after their nodes ended, so that their next creation differs.
const REMEMBERED: usize = 1000;

/// Creations 0 to 3 have meanings of their own.
const FIRST_CREATION: u32 = 4;

/// A node that is or was registered.
#[derive(Debug)]
struct Node {
    entry: Entry,
    creation: u32,
    connection: u64,
}

#[derive(Debug, Default)]
pub(super) struct Registry {
    /// In the order of their registration.
    nodes: Vec<Node>,
    gone: VecDeque<Node>,
}

impl Registry {
    /// Registers a node for a connection; `None` if the name is taken.
    pub(super) fn register(&mut self, entry: Entry, connection: u64) -> Option<u32> {
        if self.find(&entry.name).is_some() {
            return None;
        }
        let before = self.gone.iter().position(|node| node.entry.name == entry.name);
        let creation = match before.and_then(|at| self.gone.remove(at)) {
            Some(node) => node.creation.checked_add(1).unwrap_or(FIRST_CREATION),
            None => (random::any() as u32).max(FIRST_CREATION),
        };
        self.nodes.push(Node { entry, creation, connection });
        Some(creation)
    }

    /// Removes the registration of a connection, if it has one.
    pub(super) fn unregister(&mut self, connection: u64) {
        if let Some(at) = self.nodes.iter().position(|node| node.connection == connection) {
            self.gone.push_back(self.nodes.remove(at));
            if self.gone.len() > REMEMBERED {
                self.gone.pop_front();
            }
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.nodes.iter().map(|node| &node.entry).find(|entry| entry.name == name)
    }

    /// Returns the connection that holds a name.
    pub(super) fn holder(&self, name: &str) -> Option<u64> {
        self.nodes.iter().find(|node| node.entry.name == name).map(|node| node.connection)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns a line for each node, the newest first, as `erl_epmd` and `epmd -names` read them.
    pub(super) fn names(&self) -> String {
        let line = |node: &Node| format!("name {} at port {}\n", node.entry.name, node.entry.port);
        self.nodes.iter().rev().map(line).collect()
    }

    /// Returns all entries as text, the answer to a dump request. Each line also ends with a zero byte; `fd` is the
    /// number of the connection.
    pub(super) fn dump(&self) -> String {
        let active = self.nodes.iter().rev().map(|node| {
            let Entry { name, port, .. } = &node.entry;
            format!("active name     <{name}> at port {port}, fd = {}\n\0", node.connection)
        });
        let gone = self.gone.iter().map(|node| {
            let Entry { name, port, .. } = &node.entry;
            format!("old/unused name <{name}>, port = {port}, fd = {} \n\0", node.connection)
        });
        active.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_holder_and_a_new_creation_each_time() {
        let mut registry = Registry::default();
        let first = registry.register(Entry::hidden("a", 1), 10).unwrap();
        assert!(first >= FIRST_CREATION);
        assert_eq!(registry.register(Entry::hidden("a", 2), 11), None);
        registry.unregister(11);
        assert_eq!(registry.holder("a"), Some(10));
        registry.unregister(10);
        assert!(registry.is_empty());
        let second = registry.register(Entry::hidden("a", 3), 12).unwrap();
        assert_eq!(second, first.checked_add(1).unwrap_or(FIRST_CREATION));
        assert_eq!(registry.find("a").unwrap().port, 3);
    }

    #[test]
    fn creations_never_become_special() {
        let mut registry = Registry::default();
        registry.register(Entry::hidden("a", 1), 1);
        registry.nodes[0].creation = u32::MAX;
        registry.unregister(1);
        assert_eq!(registry.register(Entry::hidden("a", 1), 2), Some(4));
    }

    #[test]
    fn only_so_many_names_are_remembered() {
        let mut registry = Registry::default();
        for connection in 0..3000 {
            registry.register(Entry::hidden(format!("n{connection}"), 1), connection).unwrap();
            registry.unregister(connection);
        }
        assert_eq!(registry.gone.len(), REMEMBERED);
        assert_eq!(registry.gone[0].entry.name, "n2000");
    }

    #[test]
    fn lists_are_those_of_epmd() {
        let mut registry = Registry::default();
        registry.register(Entry::hidden("a", 1), 7);
        registry.register(Entry::hidden("b", 2), 8);
        registry.register(Entry::hidden("c", 3), 9);
        registry.unregister(8);
        assert_eq!(registry.names(), "name c at port 3\nname a at port 1\n");
        assert_eq!(
            registry.dump(),
            "active name     <c> at port 3, fd = 9\n\0active name     <a> at port 1, fd = 7\n\0\
             old/unused name <b>, port = 2, fd = 8 \n\0"
        );
    }
}
