//! The replies of the floor: copies of parts of the input.

use std::io;

use crate::connect::CREATION;

/// How it answers.
pub(crate) struct Answers {
    /// The start of a control message before the receiver: SEND, or SEND_SENDER with a pid of this node.
    send: Vec<u8>,
    /// ALIAS_SEND, for a `gen_server:call`.
    alias_send: Option<Vec<u8>>,
}

impl Answers {
    /// With a sender if there is a name of the node.
    pub(crate) fn new(node: Option<String>) -> Self {
        let Some(node) = node else {
            return Answers { send: vec![112, 131, 104, 3, 97, 2, 119, 0], alias_send: None };
        };
        let control = |op: u8| {
            let mut control = vec![112, 131, 104, 3, 97, op, 88, 119, node.len() as u8];
            control.extend(node.as_bytes());
            for word in [1, 0, CREATION] {
                control.extend(word.to_be_bytes());
            }
            control
        };
        Answers { send: control(22), alias_send: Some(control(33)) }
    }

    /// `{6, From, '', Name}, {ping, Term}` is answered by `{2, '', From}, {pong, Term}` or `{22, Sender, From}` with the
    /// same, a call by `{33, Sender, Alias}, {Tag, {pong, Term}}`, a tick by a tick.
    pub(crate) fn answer(&self, frame: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        if frame.is_empty() {
            output.extend([0; 4]);
            return Ok(());
        }
        let unknown = || io::Error::new(io::ErrorKind::InvalidData, "the floor knows {ping, T} only");
        let Some(rest) = frame.strip_prefix(&[112, 131, 104, 4, 97, 6, 88]) else {
            // MONITOR_P and DEMONITOR_P of a call.
            let watches = matches!(frame, [112, 131, 104, 4, 97, 19 | 20, ..]);
            return if watches && self.alias_send.is_some() { Ok(()) } else { Err(unknown()) };
        };
        // NEW_PID_EXT: node, id, serial, creation. Then the unused atom and the name.
        let from = rest.get(..atom_length(rest).ok_or_else(unknown)? + 12).ok_or_else(unknown)?;
        let rest = &rest[from.len()..];
        let rest = rest.get(atom_length(rest).ok_or_else(unknown)?..).ok_or_else(unknown)?;
        let rest = rest.get(atom_length(rest).ok_or_else(unknown)?..).ok_or_else(unknown)?;
        if let Some(rest) = rest.strip_prefix(b"\x83\x68\x03\x77\x09$gen_call\x68\x02") {
            // Without a sender it is as a C node, which does not know this form.
            let Some(control) = &self.alias_send else { return Ok(()) };
            let (tag, alias, term) = call(rest).ok_or_else(unknown)?;
            write(output, &[control, alias, b"\x83\x68\x02", tag, b"\x68\x02\x77\x04pong", term]);
            return Ok(());
        }
        let term = rest.strip_prefix(b"\x83\x68\x02\x77\x04ping").ok_or_else(unknown)?;
        write(output, &[&self.send, &[88], from, b"\x83\x68\x02\x77\x04pong", term]);
        Ok(())
    }
}

/// A frame of these parts.
fn write(output: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    output.reserve(4 + length);
    output.extend((length as u32).to_be_bytes());
    for part in parts {
        output.extend(*part);
    }
}

/// Behind `{'$gen_call', {`: tag, alias and term of `Pid, [alias | Alias]}, {ping, Term}}`.
fn call(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = rest.strip_prefix(&[88])?;
    let tag = rest.get(atom_length(rest)? + 12..)?;
    let alias = tag.strip_prefix(b"\x6c\0\0\0\x01\x77\x05alias")?;
    // NEWER_REFERENCE_EXT: number of words, node, creation, words.
    let [90, 0, words, node @ ..] = alias else { return None };
    let length = 3 + atom_length(node)? + 4 + 4 * usize::from(*words);
    let (alias, rest) = (alias.get(..length)?, alias.get(length..)?);
    let tag = &tag[..tag.len() - rest.len()];
    Some((tag, alias, rest.strip_prefix(b"\x68\x02\x77\x04ping")?))
}

/// The size of the atom that `bytes` starts with: SMALL_ATOM_UTF8_EXT or ATOM_UTF8_EXT.
fn atom_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [119, length, ..] => Some(2 + usize::from(*length)),
        [118, high, low, ..] => Some(3 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}
