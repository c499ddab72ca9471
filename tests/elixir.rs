//! Node executables under a real Elixir host. The cases are in `tests/elixir/*.exs`; every
//! executable goes through all of them.

use crate::support;

use nodex_testkit::executable::Executable;
use nodex_testkit::script::run_script;

support::for_each_executable!(start, calls, link, host);

/// The lines it prints, what it shows of itself, and starts that fail.
fn start(executable: &Executable) {
    run_script("start.exs", executable);
}

/// Messages and their answers.
fn calls(executable: &Executable) {
    run_script("calls.exs", executable);
}

/// Ticks, and the many ways in which a link ends.
fn link(executable: &Executable) {
    run_script("link.exs", executable);
}

/// A GenServer that owns the executable, as a host application would have it.
fn host(executable: &Executable) {
    run_script("host.exs", executable);
}

/// The other examples: each has a script of its own.
mod examples {
    use super::{Executable, run_script};

    #[test]
    fn functions() {
        run_script("functions.exs", &Executable::example("functions"));
    }

    #[test]
    fn counter() {
        run_script("counter.exs", &Executable::example("counter"));
    }

    #[test]
    fn orders() {
        run_script("orders.exs", &Executable::example("orders"));
    }
}
