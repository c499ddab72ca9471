//! The status of a service, in the shape of a `gen_server`'s.

use crate::{
    etf::{Encoder, tag},
    term::{Atom, RawTerm},
};

const NODEX: &[u8] = b"\x77\x05nodex";

/// The result of `sys:get_status/1,2`, in the shape of a `gen_server`'s.
pub(super) struct Status {
    /// The encoded pid of the process.
    pub(super) pid: Option<Vec<u8>>,
    pub(super) name: Option<Atom>,
    pub(super) state: Option<RawTerm>,
}

impl Status {
    /// Writes `{status, Pid, {module, nodex}, [PDict, running, Parent, Debug, Misc]}`.
    pub(super) fn write(&self, out: &mut Encoder) {
        let Some(pid) = &self.pid else { return };
        let header = match &self.name {
            Some(name) => format!("Status for service {name}"),
            None => "Status for service".to_owned(),
        };
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 4]);
        out.put_atom(&crate::atom!("status"));
        out.put_slice(pid);
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        out.put_atom(&crate::atom!("module"));
        out.put_slice(NODEX);
        list(out, 5);
        out.put_nil();
        out.put_atom(&crate::atom!("running"));
        out.put_slice(pid);
        out.put_nil();
        list(out, if self.state.is_some() { 3 } else { 2 });
        pair(out, "header");
        text(out, &header);
        pair(out, "data");
        list(out, 3);
        titled(out, "Status");
        out.put_atom(&crate::atom!("running"));
        titled(out, "Parent");
        out.put_slice(pid);
        titled(out, "Logged events");
        out.put_nil();
        out.put_nil();
        if let Some(state) = &self.state {
            pair(out, "data");
            list(out, 1);
            titled(out, "State");
            out.put_slice(state.as_bytes());
            out.put_nil();
        }
        out.put_nil();
        out.put_nil();
    }
}

/// Writes the start of a list of this number of elements, which `put_nil` ends.
fn list(out: &mut Encoder, length: u32) {
    out.put_u8(tag::LIST_EXT);
    out.put_slice(&length.to_be_bytes());
}

/// Writes the start of `{Name, _}`.
fn pair(out: &mut Encoder, name: &'static str) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    out.put_atom(&Atom::from_static(name));
}

/// Writes the start of `{"Title", _}`.
fn titled(out: &mut Encoder, title: &str) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    text(out, title);
}

/// Writes text as a list of characters.
fn text(out: &mut Encoder, text: &str) {
    let length = text.chars().count() as u32;
    list(out, length);
    for character in text.chars() {
        out.put_u8(tag::INTEGER_EXT);
        out.put_slice(&u32::from(character).to_be_bytes());
    }
    out.put_nil();
}

#[cfg(test)]
mod tests {
    use nodex_testkit::encoded;

    use super::*;
    use crate::etf::Decoder;

    fn atom(name: &'static str) -> Atom {
        Atom::from_static(name)
    }

    #[test]
    fn a_status_is_a_term() {
        for (name, state) in [(None, None), (Some(atom("größe")), Some(RawTerm::from_value(&5).unwrap()))] {
            let status = Status { pid: Some(encoded(atom("pid"))), name, state };
            let mut out = Encoder::new();
            status.write(&mut out);
            let written = out.to_vec();
            let mut decoder = Decoder::new(&written);
            decoder.skip().unwrap();
            assert!(decoder.is_empty());
        }
    }
}
