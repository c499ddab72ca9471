//! A service with state: the attributed `impl` block is what the node answers, the struct is its state.
//!
//! ```elixir
//! GenServer.call({:counter, node}, {:add, 5})    #=> {:ok, 5}
//! GenServer.cast({:counter, node}, {:add, 1})    #=> :ok
//! GenServer.call({:counter, node}, :value)       #=> 6
//! ```

use nodex::prelude::*;

/// One number.
#[derive(Default)]
struct Counter {
    value: i64,
}

/// `&mut self` handlers run one at a time in the order in which their messages came, `&self` handlers side by side.
#[cnode_handler]
impl Counter {
    /// Adds; `{ok, Value}`, or `{error, overflow}`.
    fn add(&mut self, amount: i64) -> Result<i64, Atom> {
        self.value = self.value.checked_add(amount).ok_or(atom!("overflow"))?;
        Ok(self.value)
    }

    /// The value.
    fn value(&self) -> i64 {
        self.value
    }

    /// Back to zero; answers `ok`.
    fn reset(&mut self) {
        self.value = 0;
    }

    /// Counts to `target` one by one, and lets others in between no step: `&mut self` is alone until it is done.
    async fn count_to(&mut self, target: i64) -> i64 {
        while self.value < target {
            self.value += 1;
            tokio::task::yield_now().await;
        }
        self.value
    }
}

nodex::main!("counter" => Counter::default());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_ordinary_methods() {
        let mut counter = Counter::default();
        assert_eq!(counter.add(5), Ok(5));
        assert_eq!(counter.add(i64::MAX), Err(atom!("overflow")));
        counter.reset();
        assert_eq!(counter.value(), 0);
    }
}
