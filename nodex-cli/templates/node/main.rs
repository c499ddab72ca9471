//! The node `{{name}}`: what Erlang and Elixir can ask it.
use nodex::prelude::*;

/// The state of the node. Each method below is a handler.
#[derive(Default)]
struct Greeter {
    greeted: u64,
}

#[cnode_handler]
impl Greeter {
    /// `{hello, <<"Ada">>}` is answered with `<<"Hello, Ada!">>`.
    fn hello(&mut self, name: String) -> String {
        self.greeted += 1;
        format!("Hello, {name}!")
    }

    /// `greeted` is answered with how many were greeted.
    fn greeted(&self) -> u64 {
        self.greeted
    }

    /// `{divide, 7, 2}` is answered with `{ok, 3}`, and `{divide, 7, 0}` with `{error, division_by_zero}`.
    fn divide(&self, a: i64, b: i64) -> Result<i64, Atom> {
        a.checked_div(b).ok_or(atom!("division_by_zero"))
    }
}

nodex::main!(Greeter::default());

#[cfg(test)]
mod tests {
    use nodex::node::testing::TestNode;

    use super::*;

    /// As a message from Erlang reaches it, without an Erlang.
    #[tokio::test]
    async fn answers() -> Result<(), Box<dyn std::error::Error>> {
        let node = TestNode::serve(Greeter::default()).await?;
        assert_eq!(node.call::<String>((atom!("hello"), "Ada")).await?, "Hello, Ada!");
        assert_eq!(node.call::<u64>(atom!("greeted")).await?, 1);
        assert_eq!(node.call::<Result<i64, Atom>>((atom!("divide"), 7, 2)).await?, Ok(3));
        assert_eq!(node.call::<Result<i64, Atom>>((atom!("divide"), 7, 0)).await?, Err(atom!("division_by_zero")));
        Ok(())
    }
}
