//! What a node does as a citizen of a cluster, seen from Elixir on a real BEAM. The cases are in
//! `tests/elixir/citizen*.exs`.

mod support;

use support::beam::run_script;
use support::executable::Executable;

/// Whatever it serves, it can be pinged.
#[test]
fn ping() {
    run_script("citizen_ping.exs", &Executable::example("citizen_under_test"));
}

/// The drop-in node, which answers any name, is one as well.
#[test]
fn ping_of_the_drop_in() {
    run_script("citizen_ping.exs", &Executable::example("no_macro"));
}

/// `rpc`, `erpc`, spawn requests and the server `rex`, side by side with a BEAM.
#[test]
fn rpc() {
    run_script("citizen_rpc.exs", &Executable::example("citizen_under_test"));
}

/// What the drop-in node makes of names and modules.
#[test]
fn drop_in() {
    run_script("citizen_drop_in.exs", &Executable::example("no_macro"));
}

/// Monitors, links and exit signals; services that come and go.
#[test]
fn signals() {
    run_script("citizen_signals.exs", &Executable::example("citizen_under_test"));
}

/// What a person at a shell can ask a node about itself.
#[test]
fn introspect() {
    run_script("citizen_introspect.exs", &Executable::example("citizen_under_test"));
}
