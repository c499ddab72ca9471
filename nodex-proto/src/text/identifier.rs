//! Pids, ports and references, with the name and the creation of their node: without the creation, what is read back
//! would be another process.

use std::fmt::{self, Write};

use super::write_atom;
use crate::term::{Atom, Pid, Port, Reference};

/// `opening` is `<` in Erlang and `#PID<` in Elixir.
pub(super) fn write_pid(
    out: &mut impl Write,
    opening: &str,
    node: &str,
    (id, serial): (u32, u32),
    creation: u32,
) -> fmt::Result {
    out.write_str(opening)?;
    write_atom(out, node)?;
    write!(out, ".{id}.{serial}")?;
    write_creation(out, creation)
}

pub(super) fn write_port(out: &mut impl Write, node: &str, id: u64, creation: u32) -> fmt::Result {
    out.write_str("#Port<")?;
    write_atom(out, node)?;
    write!(out, ".{id}")?;
    write_creation(out, creation)
}

/// And the end. 0 is the creation of none.
fn write_creation(out: &mut impl Write, creation: u32) -> fmt::Result {
    if creation == 0 { out.write_char('>') } else { write!(out, "/{creation}>") }
}

/// The words as a BEAM prints them, the most significant first. `opening` is `#Ref<` in Erlang and `#Reference<` in
/// Elixir.
pub(super) fn write_reference(
    out: &mut impl Write,
    opening: &str,
    node: &str,
    words: &[u32],
    creation: u32,
) -> fmt::Result {
    out.write_str(opening)?;
    write_atom(out, node)?;
    for word in words.iter().rev() {
        write!(out, ".{word}")?;
    }
    write_creation(out, creation)
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_pid(f, "<", &self.node, (self.id, self.serial), self.creation)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_port(f, &self.node, self.id, self.creation)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_reference(f, "#Ref<", &self.node, self.words(), self.creation)
    }
}

impl fmt::Debug for Atom {
    /// In quotes where Erlang needs them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_atom(f, self)
    }
}
