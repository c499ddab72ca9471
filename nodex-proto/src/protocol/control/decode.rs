//! Decoding: from the bytes of a frame to its control message.
use super::terms::{split_atom, split_pid, split_ref};
use super::{
    AtomTerm, Control, ControlError, FrameForm, HEADER, Op, PASS_THROUGH, PidTerm, ProcTerm, RefTerm, Target, UNUSED,
};
use crate::etf::{Decoder, EtfError, VERSION, tag};

/// `ALTACT_SIG_SEND` flags (`ERTS_DOP_ALTACT_SIG_FLG_*` of OTP 28).
pub(super) mod altact {
    pub(crate) const PRIORITY: u32 = 1;
    pub(crate) const TOKEN: u32 = 2;
    pub(crate) const ALIAS: u32 = 4;
    pub(crate) const NAME: u32 = 8;
    pub(crate) const EXIT: u32 = 16;
}

/// Reads the control message in `frame` (the bytes after the length, of a frame that is not a tick) in either form.
///
/// Everything before the payload is checked to be complete and of the right types. The payload is checked by its
/// reader.
#[inline]
pub fn decode(frame: &[u8]) -> Result<(Op, Control<'_>), ControlError> {
    match frame {
        [VERSION, ..] => decode_in(FrameForm::Header, frame),
        _ => decode_in(FrameForm::PassThrough, frame),
    }
}

/// Reads the control message in a frame of this form.
#[inline]
pub fn decode_in(form: FrameForm, frame: &[u8]) -> Result<(Op, Control<'_>), ControlError> {
    let control = match (form, frame) {
        (FrameForm::PassThrough, [PASS_THROUGH, VERSION, control @ ..]) => control,
        (FrameForm::Header, [VERSION, HEADER, 0, control @ ..]) => control,
        _ => return Err(form.mismatch(frame)),
    };
    let (arity, number, fields) = match control {
        [tag::SMALL_TUPLE_EXT, arity, tag::SMALL_INTEGER_EXT, number, fields @ ..] => {
            (usize::from(*arity), *number, fields)
        }
        _ => slow_head(control)?,
    };
    let Some(op) = Op::from_number(number) else { return Err(ControlError::UnknownOp { number, arity }) };
    // With a token, ALTACT_SIG_SEND has one more element; that its flags agree is checked below.
    let expected = usize::from(op.arity()) + usize::from(op == Op::AltactSigSend && arity == 5);
    if arity != expected {
        return Err(ControlError::WrongArity { op, expected, found: arity });
    }
    let control = Fields { op, form, rest: fields }.read(arity)?;
    Ok((op, control))
}

/// Returns the length in bytes of the control tuple at the front; `None` if it is incomplete. A tuple with unknown
/// terms counts as complete.
#[doc(hidden)]
pub fn control_length(data: &[u8]) -> Option<usize> {
    match Decoder::new(data).skip() {
        Ok(control) => Some(control.len()),
        Err(EtfError::UnknownTag { .. }) if data.first() != Some(&VERSION) => Some(data.len()),
        Err(_) => None,
    }
}

/// Returns the start of a message's frame in each form, from its second byte on if it has a header, up to some bytes
/// after the tag of the control tuple.
const fn start<const HEADER_FORM: bool>(arity: u8) -> [u8; 4] {
    if HEADER_FORM {
        [HEADER, 0, tag::SMALL_TUPLE_EXT, arity]
    } else {
        [PASS_THROUGH, VERSION, tag::SMALL_TUPLE_EXT, arity]
    }
}

/// Returns the start of a frame up to the length of the name of the sender's node.
const fn reg_send_start<const HEADER_FORM: bool>() -> [u8; 8] {
    let [a, b, c, d] = start::<HEADER_FORM>(4);
    [a, b, c, d, tag::SMALL_INTEGER_EXT, Op::RegSend.number(), tag::NEW_PID_EXT, tag::SMALL_ATOM_UTF8_EXT]
}

/// Returns the frame from the first byte that is compared.
#[inline(always)]
fn compared<const HEADER_FORM: bool>(frame: &[u8]) -> Option<&[u8]> {
    if HEADER_FORM { frame.strip_prefix(&[VERSION]) } else { Some(frame) }
}

/// Returns sender, name and message of a `REG_SEND` frame in the form that every node sends; `None` for all other
/// frames, which [`decode`] reads. The result is that of [`decode`], faster for the most frequent kind of frame.
#[inline(always)]
#[doc(hidden)]
pub fn decode_reg_send<const HEADER_FORM: bool>(frame: &[u8]) -> Option<(PidTerm<'_>, AtomTerm<'_>, &[u8])> {
    const TAIL: [u8; 3] = [UNUSED[0], UNUSED[1], tag::SMALL_ATOM_UTF8_EXT];
    let frame = compared::<HEADER_FORM>(frame)?;
    let ([head @ .., length], _) = frame.split_first_chunk::<9>()?;
    if *head != const { reg_send_start::<HEADER_FORM>() } {
        return None;
    }
    let (start, tail) = frame.split_at_checked(9 + usize::from(*length) + 12)?;
    let ([tail @ .., length], rest) = tail.split_first_chunk::<4>()?;
    if *tail != TAIL {
        return None;
    }
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((
        PidTerm::outlined(&start[6..]),
        AtomTerm::outlined(&frame[start.len() + 2..][..2 + name.len()]),
        message::<HEADER_FORM>(rest)?,
    ))
}

/// Returns sender, receiver and message of a `SEND_SENDER` or `SEND` frame in the same way.
#[inline(always)]
#[doc(hidden)]
pub fn decode_send<const HEADER_FORM: bool>(frame: &[u8]) -> Option<(Option<PidTerm<'_>>, PidTerm<'_>, &[u8])> {
    const SEND_SENDER: u8 = Op::SendSender.number();
    const SEND: u8 = Op::Send.number();
    let ([head @ .., integer], rest) = compared::<HEADER_FORM>(frame)?.split_first_chunk::<5>()?;
    if *head != const { start::<HEADER_FORM>(3) } || *integer != tag::SMALL_INTEGER_EXT {
        return None;
    }
    let (from, rest) = match rest {
        [SEND_SENDER, rest @ ..] => {
            let (from, rest) = split_pid(rest)?;
            (Some(from), rest)
        }
        [SEND, rest @ ..] => (None, rest.strip_prefix(&UNUSED)?),
        _ => return None,
    };
    let (to, rest) = split_pid(rest)?;
    Some((from, to, message::<HEADER_FORM>(rest)?))
}

/// Returns the payload without its version byte. After a header there must be no version byte.
#[inline(always)]
fn message<const HEADER_FORM: bool>(rest: &[u8]) -> Option<&[u8]> {
    if HEADER_FORM {
        return if *rest.first()? == VERSION { None } else { Some(rest) };
    }
    match rest {
        [VERSION, message @ ..] if !message.is_empty() => Some(message),
        _ => None,
    }
}

/// Reads the head of a tuple in a longer encoding than needed, which a BEAM accepts as well.
#[cold]
fn slow_head(control: &[u8]) -> Result<(usize, u8, &[u8]), ControlError> {
    let mut decoder = Decoder::new(control);
    let arity = decoder.tuple().map_err(|_| ControlError::NoOperation)?;
    if arity == 0 {
        return Err(ControlError::NoOperation);
    }
    let number = decoder.integer("operation").ok().and_then(|number| u8::try_from(number).ok());
    match number {
        Some(number) => Ok((arity, number, decoder.remaining())),
        None => Err(ControlError::NoOperation),
    }
}

/// A reader of the fields after the number.
struct Fields<'a> {
    op: Op,
    form: FrameForm,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    #[inline]
    fn read(mut self, arity: usize) -> Result<Control<'a>, ControlError> {
        let op = self.op;
        Ok(match op {
            Op::Send | Op::SendTt => {
                self.unused()?;
                let to = Target::Pid(self.pid("receiver")?);
                let token = self.token(op == Op::SendTt)?;
                Control::Send { from: None, to, token, priority: false, message: self.payload()? }
            }
            Op::SendSender | Op::SendSenderTt => {
                let from = Some(self.pid("sender")?);
                let to = Target::Pid(self.pid("receiver")?);
                let token = self.token(op == Op::SendSenderTt)?;
                Control::Send { from, to, token, priority: false, message: self.payload()? }
            }
            Op::RegSend | Op::RegSendTt => {
                let from = Some(self.pid("sender")?);
                self.unused()?;
                let to = Target::Name(self.atom("receiver")?);
                let token = self.token(op == Op::RegSendTt)?;
                Control::Send { from, to, token, priority: false, message: self.payload()? }
            }
            Op::AliasSend | Op::AliasSendTt => {
                let from = Some(self.pid("sender")?);
                let to = Target::Alias(self.reference("alias")?);
                let token = self.token(op == Op::AliasSendTt)?;
                Control::Send { from, to, token, priority: false, message: self.payload()? }
            }
            Op::AltactSigSend => self.altact(arity == 5)?,
            Op::Link => Control::Link { from: self.pid("sender")?, to: self.pid("receiver")? },
            Op::GroupLeader => Control::GroupLeader { from: self.pid("group leader")?, to: self.pid("receiver")? },
            Op::Unlink => Control::Unlink { id: None, from: self.pid("sender")?, to: self.pid("receiver")? },
            Op::UnlinkId => {
                Control::Unlink { id: Some(self.id()?), from: self.pid("sender")?, to: self.pid("receiver")? }
            }
            Op::UnlinkIdAck => {
                Control::UnlinkAck { id: self.id()?, from: self.pid("sender")?, to: self.pid("receiver")? }
            }
            Op::Exit | Op::ExitTt => {
                let (from, to) = (self.pid("sender")?, self.pid("receiver")?);
                let token = self.token(op == Op::ExitTt)?;
                Control::Exit { from, to, token, reason: self.term("reason")? }
            }
            Op::PayloadExit | Op::PayloadExitTt => {
                let (from, to) = (self.pid("sender")?, self.pid("receiver")?);
                let token = self.token(op == Op::PayloadExitTt)?;
                Control::Exit { from, to, token, reason: self.payload()? }
            }
            Op::Exit2 | Op::Exit2Tt => {
                let (from, to) = (self.pid("sender")?, Target::Pid(self.pid("receiver")?));
                let token = self.token(op == Op::Exit2Tt)?;
                Control::Exit2 { from, to, token, priority: false, reason: self.term("reason")? }
            }
            Op::PayloadExit2 | Op::PayloadExit2Tt => {
                let (from, to) = (self.pid("sender")?, Target::Pid(self.pid("receiver")?));
                let token = self.token(op == Op::PayloadExit2Tt)?;
                Control::Exit2 { from, to, token, priority: false, reason: self.payload()? }
            }
            Op::MonitorP => {
                let (from, to) = (self.pid("sender")?, self.process("monitored process")?);
                Control::Monitor { from, to, reference: self.reference("reference")? }
            }
            Op::DemonitorP => {
                let (from, to) = (self.pid("sender")?, self.process("monitored process")?);
                Control::Demonitor { from, to, reference: self.reference("reference")? }
            }
            Op::MonitorPExit => {
                let (from, to) = (self.process("monitored process")?, self.pid("receiver")?);
                let reference = self.reference("reference")?;
                Control::MonitorExit { from, to, reference, reason: self.term("reason")? }
            }
            Op::PayloadMonitorPExit => {
                let (from, to) = (self.process("monitored process")?, self.pid("receiver")?);
                let reference = self.reference("reference")?;
                Control::MonitorExit { from, to, reference, reason: self.payload()? }
            }
            Op::SpawnRequest | Op::SpawnRequestTt => self.spawn_request()?,
            Op::SpawnReply | Op::SpawnReplyTt => {
                let (id, to) = (self.reference("request")?, self.pid("receiver")?);
                let flags = self.number("flags")?;
                let result = self.process("result")?;
                Control::SpawnReply { id, to, flags, result, token: self.token(op == Op::SpawnReplyTt)? }
            }
        })
    }

    fn spawn_request(&mut self) -> Result<Control<'a>, ControlError> {
        let id = self.reference("request")?;
        let (from, group_leader) = (self.pid("sender")?, self.pid("group leader")?);
        let [tag::SMALL_TUPLE_EXT, 3, rest @ ..] = self.rest else {
            return Err(self.wrong("function", "a tuple of module, function and arity"));
        };
        self.rest = rest;
        let (module, function) = (self.atom("module")?, self.atom("function")?);
        let arity = match self.number("arity").map(u8::try_from)? {
            Ok(arity) => arity,
            Err(_) => return Err(self.wrong("arity", "at most 255")),
        };
        let options = self.term("options")?;
        let token = self.token(self.op == Op::SpawnRequestTt)?;
        let arguments = self.payload()?;
        Ok(Control::SpawnRequest { id, from, group_leader, module, function, arity, options, token, arguments })
    }

    fn altact(&mut self, with_token: bool) -> Result<Control<'a>, ControlError> {
        let flags = self.number("flags")?;
        let from = self.pid("sender")?;
        let to = match flags & (altact::ALIAS | altact::NAME) {
            0 => Target::Pid(self.pid("receiver")?),
            altact::ALIAS => Target::Alias(self.reference("alias")?),
            altact::NAME => Target::Name(self.atom("receiver")?),
            _ => return Err(self.wrong("flags", "one kind of receiver")),
        };
        if with_token != (flags & altact::TOKEN != 0) {
            let expected = if with_token { 4 } else { 5 };
            return Err(ControlError::WrongArity { op: self.op, expected, found: 9 - expected });
        }
        let token = self.token(with_token)?;
        let priority = flags & altact::PRIORITY != 0;
        let payload = self.payload()?;
        Ok(if flags & altact::EXIT != 0 {
            Control::Exit2 { from, to, token, priority, reason: payload }
        } else {
            Control::Send { from: Some(from), to, token, priority, message: payload }
        })
    }

    #[cold]
    fn wrong(&self, field: &'static str, expected: &'static str) -> ControlError {
        ControlError::WrongField { op: self.op, field, expected }
    }

    #[inline]
    fn pid(&mut self, field: &'static str) -> Result<PidTerm<'a>, ControlError> {
        let (pid, rest) = split_pid(self.rest).ok_or_else(|| self.wrong(field, "a pid"))?;
        self.rest = rest;
        Ok(pid)
    }

    fn reference(&mut self, field: &'static str) -> Result<RefTerm<'a>, ControlError> {
        let (reference, rest) = split_ref(self.rest).ok_or_else(|| self.wrong(field, "a reference"))?;
        self.rest = rest;
        Ok(reference)
    }

    fn atom(&mut self, field: &'static str) -> Result<AtomTerm<'a>, ControlError> {
        let (atom, rest) = split_atom(self.rest).ok_or_else(|| self.wrong(field, "an atom"))?;
        self.rest = rest;
        Ok(atom)
    }

    fn process(&mut self, field: &'static str) -> Result<ProcTerm<'a>, ControlError> {
        if let Some((pid, rest)) = split_pid(self.rest) {
            self.rest = rest;
            return Ok(ProcTerm::Pid(pid));
        }
        let (name, rest) = split_atom(self.rest).ok_or_else(|| self.wrong(field, "a pid or an atom"))?;
        self.rest = rest;
        Ok(ProcTerm::Name(name))
    }

    /// Reads any one term.
    fn term(&mut self, field: &'static str) -> Result<&'a [u8], ControlError> {
        let mut decoder = Decoder::new(self.rest);
        let op = self.op;
        let term = decoder.skip().map_err(|source| ControlError::MalformedField { op, field, source })?;
        self.rest = decoder.remaining();
        Ok(term)
    }

    fn token(&mut self, there: bool) -> Result<Option<&'a [u8]>, ControlError> {
        if there { self.term("trace token").map(Some) } else { Ok(None) }
    }

    /// Reads a slot that has no meaning any more: the empty atom, which `ei` requires. Any term is accepted here.
    #[inline]
    fn unused(&mut self) -> Result<(), ControlError> {
        match self.rest {
            [tag::SMALL_ATOM_UTF8_EXT, 0, rest @ ..] => self.rest = rest,
            _ => {
                self.term("unused slot")?;
            }
        }
        Ok(())
    }

    fn number(&mut self, field: &'static str) -> Result<u32, ControlError> {
        let mut decoder = Decoder::new(self.rest);
        let number = decoder.integer("number").ok().and_then(|number| u32::try_from(number).ok());
        self.rest = decoder.remaining();
        number.ok_or_else(|| self.wrong(field, "a number of 32 bits"))
    }

    /// Reads the id of an unlinking: 1 to 2^64 - 1.
    fn id(&mut self) -> Result<u64, ControlError> {
        let mut decoder = Decoder::new(self.rest);
        let id = decoder.integer("id").ok().and_then(|id| u64::try_from(id).ok());
        self.rest = decoder.remaining();
        id.filter(|&id| id != 0).ok_or_else(|| self.wrong("id", "a number from 1 to 18446744073709551615"))
    }

    /// Reads the payload after the control tuple: the version byte, unless a header replaces it, and one term.
    #[inline]
    fn payload(&self) -> Result<&'a [u8], ControlError> {
        match (self.form, self.rest) {
            (FrameForm::PassThrough, [VERSION, payload @ ..]) if !payload.is_empty() => Ok(payload),
            (FrameForm::Header, [VERSION, ..]) => Err(ControlError::VersionByte { op: self.op }),
            (FrameForm::Header, payload) if !payload.is_empty() => Ok(payload),
            _ => Err(ControlError::NoPayload { op: self.op }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
