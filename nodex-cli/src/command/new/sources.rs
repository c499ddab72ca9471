//! The places that a new project takes its two parts from.

use super::source::Source;
use crate::failure::{Code, Failure};

/// Where a project takes nodex from.
pub(super) struct Sources {
    pub(super) crates: Source,
    /// The Elixir package, in a mix project.
    pub(super) elixir: Option<Source>,
}

impl Sources {
    /// By what the user has given.
    pub(super) fn find(nodex: Option<&str>, registry: Option<&str>, elixir: bool) -> Result<Sources, Failure> {
        if registry.is_some() && nodex.is_some() && !elixir {
            let failure = Failure::new(Code::Usage, "--registry and --nodex both say where the crates are");
            return Err(failure.hint("give one of them; with --elixir, --nodex says where the Elixir package is"));
        }
        let given = registry.map(Source::registry).transpose()?;
        let elsewhere = Source::find(nodex);
        // What was installed from a registry takes its own crates from there again.
        let crates = given.or_else(|| Source::of_this_command().filter(|_| elsewhere.is_err() && nodex.is_none()));
        match (crates, elixir) {
            (Some(crates), false) => Ok(Sources { crates, elixir: None }),
            (Some(crates), true) => Ok(Sources { crates, elixir: Some(elsewhere?) }),
            (None, false) => Ok(Sources { crates: elsewhere?, elixir: None }),
            (None, true) => {
                let source = elsewhere?;
                Ok(Sources { crates: source.clone(), elixir: Some(source) })
            }
        }
    }
}
