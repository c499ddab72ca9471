//! Pids, ports and references.

use std::fmt::{self, Write};

use super::write_atom;
use crate::term::{Atom, Pid, Port, Reference};

pub(super) fn write_pid(out: &mut impl Write, node: &str, id: u32, serial: u32) -> fmt::Result {
    out.write_char('<')?;
    write_atom(out, node)?;
    write!(out, ".{id}.{serial}>")
}

pub(super) fn write_port(out: &mut impl Write, node: &str, id: u64) -> fmt::Result {
    out.write_str("#Port<")?;
    write_atom(out, node)?;
    write!(out, ".{id}>")
}

/// The words as a BEAM prints them, the most significant first.
pub(super) fn write_reference(out: &mut impl Write, node: &str, words: &[u32]) -> fmt::Result {
    out.write_str("#Ref<")?;
    write_atom(out, node)?;
    for word in words.iter().rev() {
        write!(out, ".{word}")?;
    }
    out.write_char('>')
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_pid(f, &self.node, self.id, self.serial)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_port(f, &self.node, self.id)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_reference(f, &self.node, self.words())
    }
}

impl fmt::Debug for Atom {
    /// In quotes where Erlang needs them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_atom(f, self)
    }
}
