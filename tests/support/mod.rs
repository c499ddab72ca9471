//! What the tests against the real Erlang share: a private epmd, scripts run by `elixir`, the
//! executables under test, and the hunt for left-overs.

// Every test binary takes its own part of this module.
#![allow(dead_code)]

pub(crate) mod beam;
pub(crate) mod epmd;
pub(crate) mod executable;
pub(crate) mod run;

/// Declares one test for each of the named functions and each executable that obeys the contract of
/// a node executable.
///
/// A case is a function `fn(&Executable)` in the module that uses this macro.
macro_rules! for_each_executable {
    ($($case:ident),+ $(,)?) => {
        mod c_node {
            use crate::support::executable::Executable;
            $(#[test] fn $case() { super::$case(&Executable::c_node("example_client")); })+
        }
    };
}
pub(crate) use for_each_executable;
