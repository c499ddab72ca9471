//! A node with state.
use std::collections::HashMap;

use nodex::prelude::*;

/// Stock of a shop, by name.
#[derive(Default)]
struct Stock(HashMap<String, u32>);

#[cnode_handler]
impl Stock {
    /// `{put, <<"tea">>, 3}` is answered with `ok`.
    fn put(&mut self, name: String, count: u32) {
        *self.0.entry(name).or_default() += count;
    }

    /// `{take, <<"tea">>}` is answered with `{ok, Left}` or `{error, empty}`.
    fn take(&mut self, name: String) -> Result<u32, Atom> {
        let count = self.0.get_mut(&name).filter(|count| **count > 0).ok_or(atom!("empty"))?;
        *count -= 1;
        Ok(*count)
    }

    /// `count` is answered with the number of things.
    fn count(&self) -> u32 {
        self.0.values().sum()
    }
}

nodex::main!(Stock::default());
