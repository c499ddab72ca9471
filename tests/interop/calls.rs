//! Messages, calls, pings and monitors, as Elixir makes them: the cases are in `tests/elixir/interop*.exs`.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nodex_core::node::{Builder, Functions, Node};
use nodex_core::term::RawTerm;

use crate::support::executable::Executable;
use crate::support::otp::{Otp, for_each_release};
use crate::world::{COOKIE, OURS, World};

for_each_release!(drop_in, drop_in_without_macro, listening, registered_names);

fn drop_in(otp: &Otp) {
    with_drop_in(otp, "example_client");
}

fn drop_in_without_macro(otp: &Otp) {
    with_drop_in(otp, "no_macro");
}

/// An executable as a host starts it, with a BEAM of this release as the host.
fn with_drop_in(otp: &Otp, example: &str) {
    let world = World::new();
    let executable = Executable::example(example);
    let script = world.begin_script(otp, "interop.exs", &["drop_in@127.0.0.1", "drop_in"]);
    world.wait_registered("host");
    let node = Command::new(executable.path())
        .args(["drop_in", "127.0.0.1", COOKIE, "host"])
        .env("ERL_EPMD_PORT", world.epmd_port().to_string())
        .env_remove("ERL_DIST_PORT")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let mut node = Running(node.expect("the node starts"));
    script.passes();
    // Its host is gone, so it is as well.
    let status = world.wait(async {
        loop {
            match node.0.try_wait().expect("the state of the node") {
                Some(status) => break status,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    assert!(status.success(), "{status}");
}

/// A process that does not outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
    world.node(OURS, Builder::new().register("orders", orders).register("counter", counter))
}
