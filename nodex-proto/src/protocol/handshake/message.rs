//! The messages of the handshake, one struct each, with reading and writing side by side.
//!
//! Layouts: "The Handshake in Detail" in the chapter "Distribution Protocol".
use super::HandshakeError;
use super::framing::Wire;
use super::name::{NameProblem, check_host, check_node_name};
use crate::protocol::Flags;

/// Names of the messages, for errors.
pub(super) const NAME: &str = "name";
pub(super) const STATUS: &str = HandshakeError::STATUS;
pub(super) const CHALLENGE: &str = "challenge";
pub(super) const STATUS_REPLY: &str = "status reply";
pub(super) const COMPLEMENT: &str = "complement";
pub(super) const REPLY: &str = "challenge reply";
pub(super) const ACK: &str = "challenge acknowledgement";

/// Reads fields from the front of one message.
struct Fields<'a> {
    message: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// Starts after the tag, which has to be `tag`.
    fn new(message: &'static str, bytes: &'a [u8], tag: u8) -> Result<Self, HandshakeError> {
        match bytes.first() {
            Some(&first) if first == tag => Ok(Fields { message, bytes, at: 1 }),
            Some(&first) => Err(HandshakeError::UnexpectedMessage { expected: message, tag: first }),
            None => Err(HandshakeError::Malformed { message, problem: "it is empty", at: 0 }),
        }
    }

    fn malformed(&self, problem: &'static str) -> HandshakeError {
        HandshakeError::Malformed { message: self.message, problem, at: self.at }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], HandshakeError> {
        let part = self.bytes[self.at..].get(..length).ok_or_else(|| self.malformed("it ends too early"))?;
        self.at += length;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HandshakeError> {
        let (part, _) = self.bytes[self.at..].split_first_chunk().ok_or_else(|| self.malformed("it ends too early"))?;
        self.at += N;
        Ok(*part)
    }

    fn u16(&mut self) -> Result<u16, HandshakeError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, HandshakeError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, HandshakeError> {
        self.array().map(u64::from_be_bytes)
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn end(&self) -> Result<(), HandshakeError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.malformed("it is too long")) }
    }
}

/// Returns bytes of a name or status as an error can show them: escaped, and not longer than a name may be.
pub(super) fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(255)].escape_ascii().to_string()
}

fn name_error(name: &[u8], problem: NameProblem) -> HandshakeError {
    HandshakeError::InvalidName { name: shown(name), problem }
}

/// First message, from the side that connected: who it is (`send_name`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// Tag `n` of OTP 22 and before, and of OTP 23 and 24 that were told so by epmd. Its flags have
    /// 32 bits, its creation is 0, and a complement message follows.
    pub(super) old: bool,
    pub(super) flags: Flags,
    pub(super) creation: u32,
    /// Full name, or only the host if `NAME_ME` is set.
    pub(super) name: &'a str,
}

impl<'a> Name<'a> {
    /// `'N' Flags:64 Creation:32 Nlen:16 Name ..` or `'n' Version:16 Flags:32 Name`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, HandshakeError> {
        if bytes.first() == Some(&b'n') {
            let mut fields = Fields::new(NAME, bytes, b'n')?;
            if fields.u16()? < 5 {
                return Err(HandshakeError::Malformed { message: NAME, problem: "its version is below 5", at: 1 });
            }
            let flags = Flags::from_bits(u64::from(fields.u32()?));
            let name = fields.rest();
            let name = check_node_name(name).map_err(|problem| name_error(name, problem))?;
            return Ok(Name { old: true, flags, creation: 0, name });
        }
        let mut fields = Fields::new(NAME, bytes, b'N')?;
        let flags = Flags::from_bits(fields.u64()?);
        let creation = fields.u32()?;
        let length = fields.u16()?.into();
        // Bytes after the name belong to later versions and are to be ignored.
        let name = fields.take(length)?;
        let check = if flags.contains(Flags::NAME_ME) { check_host } else { check_node_name };
        let name = check(name).map_err(|problem| name_error(name, problem))?;
        Ok(Name { old: false, flags, creation, name })
    }

    /// Writes the `N` form; this side never sends the old one.
    pub(super) fn write(&self, wire: &mut Wire) {
        let mut message = vec![b'N'];
        message.extend_from_slice(&self.flags.bits().to_be_bytes());
        message.extend_from_slice(&self.creation.to_be_bytes());
        message.extend_from_slice(&(self.name.len() as u16).to_be_bytes());
        message.extend_from_slice(self.name.as_bytes());
        wire.send(&message);
    }
}

/// Answer to the name (`send_status`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status<'a> {
    Ok,
    OkSimultaneous,
    Nok,
    NotAllowed,
    Alive,
    Named { name: &'a str, creation: u32 },
    Unknown(&'a [u8]),
}

impl<'a> Status<'a> {
    /// `'s' Text`, where the text `named:` is followed by `Nlen:16 Name Creation:32 ..`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, HandshakeError> {
        let mut fields = Fields::new(STATUS, bytes, b's')?;
        Ok(match fields.rest() {
            b"ok" => Status::Ok,
            b"ok_simultaneous" => Status::OkSimultaneous,
            b"nok" => Status::Nok,
            b"not_allowed" => Status::NotAllowed,
            b"alive" => Status::Alive,
            text if text.starts_with(b"named:") => {
                fields.take(b"named:".len())?;
                let length = fields.u16()?.into();
                let name = fields.take(length)?;
                let name = check_node_name(name).map_err(|problem| name_error(name, problem))?;
                Status::Named { name, creation: fields.u32()? }
            }
            text => Status::Unknown(text),
        })
    }

    pub(super) fn write(&self, wire: &mut Wire) {
        let mut message = vec![b's'];
        match self {
            Status::Ok => message.extend_from_slice(b"ok"),
            Status::OkSimultaneous => message.extend_from_slice(b"ok_simultaneous"),
            Status::Nok => message.extend_from_slice(b"nok"),
            Status::NotAllowed => message.extend_from_slice(b"not_allowed"),
            Status::Alive => message.extend_from_slice(b"alive"),
            Status::Named { name, creation } => {
                message.extend_from_slice(b"named:");
                message.extend_from_slice(&(name.len() as u16).to_be_bytes());
                message.extend_from_slice(name.as_bytes());
                message.extend_from_slice(&creation.to_be_bytes());
            }
            Status::Unknown(text) => message.extend_from_slice(text),
        }
        wire.send(&message);
    }

    /// Returns the text as an error shows it.
    pub(super) fn text(&self) -> String {
        match self {
            Status::Ok => "ok".into(),
            Status::OkSimultaneous => "ok_simultaneous".into(),
            Status::Nok => "nok".into(),
            Status::NotAllowed => "not_allowed".into(),
            Status::Alive => "alive".into(),
            Status::Named { name, .. } => format!("named:{name}"),
            Status::Unknown(text) => shown(text),
        }
    }
}

/// Reads the answer of the connecting side to the status `alive`: whether it continues, `'s' true|false`.
pub(super) fn read_status_reply(bytes: &[u8]) -> Result<bool, HandshakeError> {
    let fields = Fields::new(STATUS_REPLY, bytes, b's')?;
    match fields.rest() {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(fields.malformed("it says neither true nor false")),
    }
}

pub(super) fn write_status_reply(go_on: bool, wire: &mut Wire) {
    wire.send(if go_on { b"strue" } else { b"sfalse" });
}

/// Who the accepting side is, and the number that the other has to answer (`send_challenge`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge<'a> {
    pub(super) flags: Flags,
    pub(super) challenge: u32,
    pub(super) creation: u32,
    /// As it came: it is only compared with the name that was dialled.
    pub(super) name: &'a [u8],
}

impl<'a> Challenge<'a> {
    /// `'N' Flags:64 Challenge:32 Creation:32 Nlen:16 Name ..`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, HandshakeError> {
        let mut fields = Fields::new(CHALLENGE, bytes, b'N')?;
        let flags = Flags::from_bits(fields.u64()?);
        let challenge = fields.u32()?;
        let creation = fields.u32()?;
        let length = fields.u16()?.into();
        Ok(Challenge { flags, challenge, creation, name: fields.take(length)? })
    }

    pub(super) fn write(&self, wire: &mut Wire) {
        let mut message = vec![b'N'];
        message.extend_from_slice(&self.flags.bits().to_be_bytes());
        message.extend_from_slice(&self.challenge.to_be_bytes());
        message.extend_from_slice(&self.creation.to_be_bytes());
        message.extend_from_slice(&(self.name.len() as u16).to_be_bytes());
        message.extend_from_slice(self.name);
        wire.send(&message);
    }
}

/// What the old name message could not say: `'c' FlagsHigh:32 Creation:32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Complement {
    pub(super) flags_high: u32,
    pub(super) creation: u32,
}

impl Complement {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, HandshakeError> {
        let mut fields = Fields::new(COMPLEMENT, bytes, b'c')?;
        Ok(Complement { flags_high: fields.u32()?, creation: fields.u32()? })
    }
}

/// Proof of the connecting side, and its own challenge: `'r' Challenge:32 Digest:16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) challenge: u32,
    pub(super) digest: [u8; 16],
}

impl Reply {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, HandshakeError> {
        let mut fields = Fields::new(REPLY, bytes, b'r')?;
        let reply = Reply { challenge: fields.u32()?, digest: fields.array()? };
        fields.end()?;
        Ok(reply)
    }

    pub(super) fn write(&self, wire: &mut Wire) {
        let mut message = vec![b'r'];
        message.extend_from_slice(&self.challenge.to_be_bytes());
        message.extend_from_slice(&self.digest);
        wire.send(&message);
    }
}

/// Reads the proof of the accepting side: `'a' Digest:16`.
pub(super) fn read_ack(bytes: &[u8]) -> Result<[u8; 16], HandshakeError> {
    let mut fields = Fields::new(ACK, bytes, b'a')?;
    let digest = fields.array()?;
    fields.end()?;
    Ok(digest)
}

pub(super) fn write_ack(digest: &[u8; 16], wire: &mut Wire) {
    let mut message = vec![b'a'];
    message.extend_from_slice(digest);
    wire.send(&message);
}
