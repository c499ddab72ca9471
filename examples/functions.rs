//! Functions of all kinds, in one node that answers any registered name.
//!
//! ```elixir
//! GenServer.call({:math, node}, {:add, 1, 2})       #=> 3
//! GenServer.call({:math, node}, {:divide, 1, 0})    #=> {:error, :division_by_zero}
//! ```

use std::{collections::BTreeMap, time::Duration};

use nodex::{error::Chain, prelude::*};

/// The sum; `nil` if it does not fit 64 bits.
#[cnode_handler]
fn add(a: i64, b: i64) -> Option<i64> {
    a.checked_add(b)
}

/// `{ok, Quotient}` or `{error, division_by_zero}`.
#[cnode_handler]
fn divide(a: i64, b: i64) -> Result<i64, Atom> {
    a.checked_div(b).ok_or(atom!("division_by_zero"))
}

/// How often each word occurs, as a map.
#[cnode_handler]
fn word_count(text: String) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}

/// Answers after so many milliseconds, while others are answered at once.
#[cnode_handler]
async fn after(milliseconds: u64, answer: RawTerm) -> RawTerm {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    answer
}

/// Counts primes below `n` on a thread for long computations, so that it holds up nobody.
#[cnode_handler(blocking)]
fn primes_below(n: u32) -> usize {
    let n = n as usize;
    let mut composite = vec![false; n];
    let mut primes = 0;
    for i in 2..n {
        if !composite[i] {
            primes += 1;
            (i * i..n).step_by(i).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}

/// Who called, and how: an argument need not come from the message.
#[cnode_handler(name = "who_am_i?")]
fn who_am_i(caller: Caller) -> Result<(Pid, String), String> {
    let pid = caller.pid().map_err(|error| Chain(&error).to_string())?;
    Ok((pid, format!("{:?}", caller.kind())))
}

/// Takes a message and answers nothing.
#[cnode_handler]
fn swallow(_anything: RawTerm) -> NoReply {
    NoReply
}

/// Crashes: its caller gets an error, everybody else goes on.
#[cnode_handler]
fn crash(why: String) {
    panic!("{why}");
}

nodex::main!(add, divide, word_count, after, primes_below, who_am_i, swallow, crash);
