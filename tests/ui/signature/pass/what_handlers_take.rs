//! What a handler may take and return.

use std::collections::HashMap;

use nodex::{node::Raised, prelude::*};

#[cnode_handler]
fn add(a: i64, b: Option<i64>, _: Caller, _: Context) -> Option<i64> {
    a.checked_add(b?)
}

#[cnode_handler]
async fn total(parts: Vec<(Atom, u32)>, more: HashMap<String, u32>) -> Result<u32, String> {
    let all = parts.iter().map(|(_, part)| *part).chain(more.into_values());
    all.reduce(|a, b| a.saturating_add(b)).ok_or_else(|| "nothing".to_owned())
}

#[cnode_handler]
fn divide(a: f64, b: f64) -> Result<f64, Raised<Atom>> {
    if b == 0.0 { Err(Raised::Error(atom!("badarith"))) } else { Ok(a / b) }
}

#[cnode_handler]
fn later(_: RawTerm, _: (Pid, Reference)) -> NoReply {
    NoReply
}

struct Stock(u64);

#[cnode_handler]
impl Stock {
    fn count(&self) -> u64 {
        self.0
    }

    async fn take(&mut self, count: u64) -> Result<(), u64> {
        self.0 = self.0.checked_sub(count).ok_or(self.0)?;
        Ok(())
    }
}

fn main() {
    assert_eq!(add_is_a_function(), 3);
    assert_eq!(Stock(1).count(), 1);
}

/// The functions stay what they are.
fn add_is_a_function() -> u8 {
    let _: fn(f64, f64) -> Result<f64, Raised<Atom>> = divide;
    3
}
