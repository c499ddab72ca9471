//! Handlers in modules and in functions, and a path to one.

mod handlers {
    use nodex::prelude::*;

    #[cnode_handler]
    pub fn visible() -> bool {
        true
    }

    #[cnode_handler]
    pub(super) fn restricted() -> bool {
        true
    }
}

fn main() {
    use nodex::node::Service as _;

    #[nodex::cnode_handler]
    fn local(number: u64) -> u64 {
        number
    }

    assert_eq!(local(5), 5);
    assert_eq!(local {}.functions()[0].arity, 1);
    assert!(handlers::visible() && handlers::restricted());
    assert_eq!(handlers::visible {}.functions()[0].name, "visible");
    assert_eq!(handlers::restricted {}.functions()[0].name, "restricted");
}
