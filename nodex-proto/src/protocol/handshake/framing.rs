//! Length-prefixed handshake messages in both directions.
use super::HandshakeError;

/// Longest handshake message in bytes, whatever the length field could say.
pub const MAX_MESSAGE: usize = 65_535;

/// Longest message of a side that has proven nothing and that nobody has dialled. The longest that there are have some 300
/// bytes; later releases may add some.
pub const MAX_UNPROVEN: usize = 4096;

/// Width of the length in front of each handshake message.
///
/// Plain TCP uses two bytes (`inet_tcp_dist`); a TLS carrier four, during the handshake as well
/// (`inet_tls_dist`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// Two bytes: TCP.
    #[default]
    Two,
    /// Four bytes: TLS.
    Four,
}

/// Bytes that came and were not read yet, and bytes that wait to be written.
#[derive(Debug)]
pub(super) struct Wire {
    framing: Framing,
    /// Longest message that is read, in bytes.
    limit: usize,
    input: Vec<u8>,
    /// How much of `input` has been read.
    start: usize,
    output: Vec<u8>,
}

impl Wire {
    /// `limit`: the longest message that is read, in bytes.
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        Wire { framing, limit, input: Vec::new(), start: 0, output: Vec::new() }
    }

    pub(super) fn push(&mut self, input: &[u8]) {
        self.input.drain(..self.start);
        self.start = 0;
        self.input.extend_from_slice(input);
    }

    /// Returns the next whole message, without its length; `None` while bytes are missing.
    pub(super) fn next(&mut self, expected: &'static str) -> Result<Option<&[u8]>, HandshakeError> {
        let waiting = &self.input[self.start..];
        let split = match self.framing {
            Framing::Two => waiting
                .split_first_chunk::<2>()
                .map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), 2, rest)),
            Framing::Four => {
                waiting.split_first_chunk::<4>().map(|(length, rest)| (u32::from_be_bytes(*length) as usize, 4, rest))
            }
        };
        let Some((length, header, rest)) = split else {
            return Ok(None);
        };
        if length > self.limit {
            return Err(HandshakeError::TooLong { expected, length, limit: self.limit });
        }
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        self.start += header + length;
        Ok(Some(message))
    }

    /// Returns whether more bytes than any message has are waiting although it is not the peer's turn.
    pub(super) fn is_flooded(&self) -> bool {
        self.input.len() - self.start > self.limit + 4
    }

    /// Queues one message. Our own messages are far shorter than either length can say.
    pub(super) fn send(&mut self, message: &[u8]) {
        match self.framing {
            Framing::Two => self.output.extend_from_slice(&(message.len() as u16).to_be_bytes()),
            Framing::Four => self.output.extend_from_slice(&(message.len() as u32).to_be_bytes()),
        }
        self.output.extend_from_slice(message);
    }

    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Returns the input after the last message that was read.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.input);
        rest.drain(..self.start);
        self.start = 0;
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_whatever_the_split() {
        for (framing, stream) in
            [(Framing::Two, &b"\0\x03abc\0\0\0\x01d!"[..]), (Framing::Four, &b"\0\0\0\x03abc\0\0\0\0\0\0\0\x01d!"[..])]
        {
            for cut in 0..stream.len() {
                let mut wire = Wire::new(framing, MAX_MESSAGE);
                let mut messages = Vec::new();
                for part in [&stream[..cut], &stream[cut..]] {
                    wire.push(part);
                    while messages.len() < 3 {
                        match wire.next("name").unwrap() {
                            Some(message) => messages.push(message.to_vec()),
                            None => break,
                        }
                    }
                }
                assert_eq!(messages, [&b"abc"[..], b"", b"d"], "{framing:?} cut at {cut}");
                assert_eq!(wire.take_rest(), b"!");
            }
        }
    }

    #[test]
    fn a_length_over_the_cap_is_refused_before_its_bytes_come() {
        let mut wire = Wire::new(Framing::Four, MAX_MESSAGE);
        wire.push(&[0, 1, 0, 0]);
        assert_eq!(wire.next("name"), Err(HandshakeError::TooLong { expected: "name", length: 65_536, limit: 65_535 }));
    }
}
