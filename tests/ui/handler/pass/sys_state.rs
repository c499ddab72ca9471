//! What shows its state to `sys`: held in an `Arc` or in a lock, as it is or by a function, owned or borrowed.

use nodex::{
    node::{IntoService, Service},
    prelude::*,
};

#[derive(IntoTerm)]
struct Fixed {
    items: Vec<String>,
}

#[cnode_handler(sys_state)]
impl Fixed {
    fn count(&self) -> usize {
        self.items.len()
    }
}

struct Changed {
    count: u64,
}

#[cnode_handler(sys_state = count)]
impl Changed {
    fn add(&mut self) {
        self.count += 1;
    }
}

fn count(changed: &Changed) -> &u64 {
    &changed.count
}

trait Store: Send + Sync + 'static {
    fn name(&self) -> String;
}

struct Shop<S>(S);

#[cnode_handler(sys_state = Self::shown)]
impl<S: Store> Shop<S> {
    fn sell(&mut self) -> String {
        self.0.name()
    }

    #[cnode(skip)]
    fn shown(&self) -> String {
        self.0.name()
    }
}

struct Nothing;

impl Store for Nothing {
    fn name(&self) -> String {
        "nothing".into()
    }
}

struct Hidden;

#[cnode_handler]
impl Hidden {
    fn count(&self) {}
}

fn main() {
    assert!(Fixed { items: Vec::new() }.into_service().system_state().is_some());
    assert!(Changed { count: 0 }.into_service().system_state().is_some());
    assert!(Shop(Nothing).into_service().system_state().is_some());
    assert!(Hidden.into_service().system_state().is_none());
}
