//! Messages, calls, pings and monitors, as Elixir makes them: the cases are in `tests/elixir/interop*.exs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nodex_core::node::{Functions, Node, NodeBuilder};
use nodex_core::term::RawTerm;

use nodex_testkit::executable::Executable;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{DEADLINE, OURS, World};

for_each_release!(drop_in, drop_in_without_macro, listening, registered_names, functions_and_processes);

fn drop_in(otp: &Otp) {
    with_drop_in(otp, "example_client");
}

fn drop_in_without_macro(otp: &Otp) {
    with_drop_in(otp, "no_macro");
}

/// An executable as a host starts it, with a BEAM of this release as the host.
fn with_drop_in(otp: &Otp, example: &str) {
    let world = World::new();
    let script = world.begin_script(otp, "interop.exs", &["drop_in@127.0.0.1", "drop_in"]);
    world.wait_registered("host");
    let node = world.drop_in(&Executable::example(example), "drop_in", "host");
    script.passes();
    // Its host is gone, so it is as well.
    assert!(node.end(DEADLINE).code == Some(0));
}

fn listening(otp: &Otp) {
    let world = World::new();
    let _node = node(&world);
    world.begin_script(otp, "interop.exs", &[OURS, "listens"]).passes();
}

fn registered_names(otp: &Otp) {
    let world = World::new();
    let _node = node(&world);
    world.begin_script(otp, "interop_names.exs", &[OURS]).passes();
}

fn functions_and_processes(otp: &Otp) {
    let world = World::new();
    let _node = node(&world);
    world.begin_script(otp, "interop_rpc.exs", &[OURS]).passes();
}

/// A node with two names.
fn node(world: &World) -> Node {
    let orders = Functions::new()
        .add("ping", |term: RawTerm| (nodex_core::atom!("pong"), term))
        .add("add", |a: i64, b: i64| a.checked_add(b))
        .add("panic", || -> i64 { panic!("on purpose") })
        .add_async("later", |milliseconds: u64, reply: RawTerm| async move {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            reply
        });
    let sum = Arc::new(AtomicI64::new(0));
    let counter = Functions::new().add("get", {
        let sum = sum.clone();
        move || sum.load(Ordering::Relaxed)
    });
    let counter = counter.add("add", move |n: i64| sum.fetch_add(n, Ordering::Relaxed) + n);
    world.node(OURS, NodeBuilder::new().register("orders", orders).register("counter", counter))
}
