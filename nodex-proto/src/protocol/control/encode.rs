//! Encoding: from a control message to an operation that the peer supports.
use super::decode::altact;
use super::{Control, FrameForm, Op, PASS_THROUGH, PidTerm, ProcTerm, RefTerm, Target, UNUSED, UnsupportedControl};
use crate::etf::{Encoder, Mark, Prefix, VERSION, tag};
use crate::protocol::Flags;
use crate::term::Atom;

/// Bytes of the length in front of a frame.
const HEADER: usize = 4;

/// The longest frame that a BEAM accepts: it adds the four bytes of the length in an `int` (`packet_get_length` of
/// OTP's `packet_parser.c`), and closes the connection when that overflows.
const LONGEST: u32 = i32::MAX as u32 - 4;

/// The length, which is not known yet, and the bytes before the control tuple.
const BEGUN: [u8; 6] = [0, 0, 0, 0, PASS_THROUGH, VERSION];

/// The same for a frame with a distribution header, which refers to no atoms.
const BEGUN_WITH_HEADER: [u8; 7] = [0, 0, 0, 0, VERSION, super::HEADER, 0];

/// A frame whose length is not known yet: everything up to the payload has been written.
#[derive(Debug)]
#[must_use = "a frame without its length breaks the stream"]
pub struct OpenFrame {
    start: Mark,
}

impl OpenFrame {
    /// Starts a frame with the bytes that stand in front of the control tuple.
    #[inline]
    fn new(form: FrameForm, out: &mut Encoder) -> Self {
        let start = out.mark();
        match form {
            FrameForm::PassThrough => out.put_slice(&BEGUN),
            FrameForm::Header => out.put_slice(&BEGUN_WITH_HEADER),
        }
        OpenFrame { start }
    }

    /// Starts a frame with an operation whose control tuple contains only terms, and with the first of these. The
    /// caller writes the others, and the version byte of a payload. It is for the frames of calls, which are frequent:
    /// the bytes are those of [`Control::open`].
    #[inline]
    #[doc(hidden)]
    pub fn begin<const N: usize>(out: &mut Encoder, form: FrameForm, op: Op, terms: [&[u8]; N]) -> Self {
        let start = out.mark();
        let [arity, number] = [op.arity(), op.number()];
        let [tuple, integer] = [tag::SMALL_TUPLE_EXT, tag::SMALL_INTEGER_EXT];
        match form {
            FrameForm::PassThrough => {
                out.put_array(&[0, 0, 0, 0, PASS_THROUGH, VERSION, tuple, arity, integer, number])
            }
            FrameForm::Header => out.put_array(&[0, 0, 0, 0, VERSION, super::HEADER, 0, tuple, arity, integer, number]),
        }
        terms.iter().for_each(|term| out.put_slice(term));
        OpenFrame { start }
    }

    /// Starts a message to a name, up to its payload.
    #[inline]
    #[doc(hidden)]
    pub fn reg_send(out: &mut Encoder, form: FrameForm, from: PidTerm<'_>, to: &Atom) -> Self {
        let frame = Self::begin(out, form, Op::RegSend, [from.as_bytes(), &UNUSED]);
        out.put_atom(to);
        if form == FrameForm::PassThrough {
            out.put_u8(VERSION);
        }
        frame
    }

    /// Returns the starts of the replies from this pid, for [`Self::resume`]: of `SEND_SENDER` to a pid, and of
    /// `ALIAS_SEND` and `ALTACT_SIG_SEND` to an alias.
    #[doc(hidden)]
    pub fn begin_reply(op: Op, from: &[u8]) -> Prefix {
        let mut begun = BEGUN.to_vec();
        begun.extend([tag::SMALL_TUPLE_EXT, op.arity(), tag::SMALL_INTEGER_EXT, op.number()]);
        if op == Op::AltactSigSend {
            begun.extend([tag::SMALL_INTEGER_EXT, altact::ALIAS as u8]);
        }
        begun.extend_from_slice(from);
        Prefix::new(begun)
    }

    /// Starts a frame with the start of an earlier one: four bytes for the length, then its first fields. The caller
    /// writes the last field and the version byte of the payload.
    #[inline(always)]
    #[doc(hidden)]
    pub fn resume(out: &mut Encoder, begun: &Prefix, last: &[u8]) -> Self {
        let start = out.mark();
        out.put_begun(begun, last, Some(VERSION));
        OpenFrame { start }
    }

    /// Returns this start of a frame with a distribution header, for [`Self::resume_with_header`].
    #[doc(hidden)]
    pub fn with_header(begun: &Prefix) -> Prefix {
        begun.with_another_start(BEGUN.len(), &BEGUN_WITH_HEADER)
    }

    /// Starts a frame in the same way with a distribution header, which replaces the version byte as well.
    #[inline(always)]
    #[doc(hidden)]
    pub fn resume_with_header(out: &mut Encoder, begun: &Prefix, last: &[u8]) -> Self {
        let start = out.mark();
        out.put_begun(begun, last, None);
        OpenFrame { start }
    }

    /// Ends the frame: writes its length at its start. Removes the frame if it is longer than 2 GiB.
    #[inline]
    pub fn finish(self, out: &mut Encoder) -> Result<(), UnsupportedControl> {
        let length = out.written_since(self.start) - HEADER;
        match u32::try_from(length) {
            Ok(short) if short <= LONGEST => {
                out.patch_u32(self.start, short);
                Ok(())
            }
            _ => {
                out.rollback(self.start);
                Err(UnsupportedControl::TooLong { length, limit: LONGEST })
            }
        }
    }

    /// Returns a copy of the frame as far as it has been written, without its length.
    #[doc(hidden)]
    pub fn written(&self, out: &Encoder) -> Vec<u8> {
        out.copy_since(self.start).split_off(HEADER)
    }

    /// Removes the whole frame.
    pub fn undo(self, out: &mut Encoder) {
        out.rollback(self.start);
    }
}

impl<'a> Control<'a> {
    /// Writes the whole frame, with its length, as an operation that a peer with these negotiated flags supports.
    ///
    /// Nothing is written if it cannot be said to that peer.
    pub fn encode(&self, peer: Flags, out: &mut Encoder) -> Result<(), UnsupportedControl> {
        let (frame, payload) = self.open(peer, out)?;
        if let Some(payload) = payload {
            out.put_slice(payload);
        }
        frame.finish(out)
    }

    /// Writes a frame up to and including the version byte of its payload, if it has one, for a payload that the caller
    /// encodes in place. The field of the payload (`message` of [`Control::Send`]) is not written. Returns `None` if
    /// the operation that this peer supports has no payload; the frame is then complete.
    ///
    /// Nothing is written if it cannot be said to that peer.
    #[inline]
    pub fn open(&self, peer: Flags, out: &mut Encoder) -> Result<(OpenFrame, Option<&'a [u8]>), UnsupportedControl> {
        let (words, form) = (self.words(peer)?, FrameForm::of(peer));
        let frame = OpenFrame::new(form, out);
        words.write(out);
        if words.payload.is_some() && form == FrameForm::PassThrough {
            out.put_u8(VERSION);
        }
        Ok((frame, words.payload))
    }

    /// Returns the operation that [`Self::encode`] chooses for this peer.
    pub fn op_for(&self, peer: Flags) -> Result<Op, UnsupportedControl> {
        self.words(peer).map(|words| words.op)
    }

    #[inline]
    fn words(&self, peer: Flags) -> Result<Words<'a>, UnsupportedControl> {
        let payload_exits = peer.contains(Flags::EXIT_PAYLOAD);
        Ok(match *self {
            Control::Send { from, to, token, priority, message } => {
                let words = send(peer, from, to, token, priority)?;
                Words { payload: Some(message), ..words }
            }
            Control::Exit2 { from, to, token, priority, reason } => exit2(peer, from, to, token, priority, reason)?,
            Control::Exit { from, to, token, reason } => {
                let fields = [Some(from.as_bytes()), Some(to.as_bytes()), token];
                if payload_exits {
                    Words::new(tt(token, Op::PayloadExit, Op::PayloadExitTt), fields).payload(reason)
                } else {
                    Words::new(tt(token, Op::Exit, Op::ExitTt), fields).last(reason)
                }
            }
            Control::Link { from, to } => Words::new(Op::Link, [Some(from.as_bytes()), Some(to.as_bytes())]),
            Control::GroupLeader { from, to } => {
                Words::new(Op::GroupLeader, [Some(from.as_bytes()), Some(to.as_bytes())])
            }
            Control::Unlink { id, from, to } => {
                let fields = [Some(from.as_bytes()), Some(to.as_bytes())];
                if !peer.contains(Flags::UNLINK_ID) {
                    Words::new(Op::Unlink, fields)
                } else if let Some(id) = id {
                    Words::new(Op::UnlinkId, fields).number(id)
                } else {
                    return Err(UnsupportedControl::MissingField { what: "an unlink", field: "an id" });
                }
            }
            Control::UnlinkAck { id, from, to } => {
                demand(peer, Flags::UNLINK_ID, "an acknowledged unlink")?;
                Words::new(Op::UnlinkIdAck, [Some(from.as_bytes()), Some(to.as_bytes())]).number(id)
            }
            Control::Monitor { from, to, reference } => monitor(peer, Op::MonitorP, from, to, reference)?,
            Control::Demonitor { from, to, reference } => monitor(peer, Op::DemonitorP, from, to, reference)?,
            Control::MonitorExit { from, to, reference, reason } => {
                demand(peer, Flags::DIST_MONITOR | Flags::DIST_MONITOR_NAME, "a monitor")?;
                let fields = [Some(from.as_bytes()), Some(to.as_bytes()), Some(reference.as_bytes())];
                if payload_exits {
                    Words::new(Op::PayloadMonitorPExit, fields).payload(reason)
                } else {
                    Words::new(Op::MonitorPExit, fields).last(reason)
                }
            }
            Control::SpawnRequest { id, from, group_leader, module, function, arity, options, token, arguments } => {
                demand(peer, Flags::SPAWN, "a spawn request")?;
                let op = tt(token, Op::SpawnRequest, Op::SpawnRequestTt);
                let mut words =
                    Words::new(op, [Some(id.as_bytes()), Some(from.as_bytes()), Some(group_leader.as_bytes())]);
                words.function = Some((module.as_bytes(), function.as_bytes(), arity));
                words.after = [Some(options), token];
                words.payload(arguments)
            }
            Control::SpawnReply { id, to, flags, result, token } => {
                demand(peer, Flags::SPAWN, "a spawn reply")?;
                let op = tt(token, Op::SpawnReply, Op::SpawnReplyTt);
                let mut words = Words::new(op, [Some(id.as_bytes()), Some(to.as_bytes())]).number(flags.into());
                words.number_first = false;
                words.after = [Some(result.as_bytes()), token];
                words
            }
        })
    }
}

/// Returns the operation with or without a trace token.
fn tt(token: Option<&[u8]>, plain: Op, traced: Op) -> Op {
    if token.is_some() { traced } else { plain }
}

fn demand(peer: Flags, flags: Flags, what: &'static str) -> Result<(), UnsupportedControl> {
    let missing = flags.without(peer);
    if missing.is_empty() { Ok(()) } else { Err(UnsupportedControl::Peer { what, missing }) }
}

#[inline]
fn send<'a>(
    peer: Flags,
    from: Option<PidTerm<'a>>,
    to: Target<'a>,
    token: Option<&'a [u8]>,
    priority: bool,
) -> Result<Words<'a>, UnsupportedControl> {
    let sender = from.map(PidTerm::as_bytes);
    let (op, fields) = match (to, sender) {
        (_, Some(sender)) if wants_altact(peer, to, priority) => {
            return Ok(altact_words(sender, to, token, priority, 0));
        }
        (Target::Pid(to), Some(sender)) if peer.contains(Flags::SEND_SENDER) => {
            (tt(token, Op::SendSender, Op::SendSenderTt), [Some(sender), Some(to.as_bytes()), token])
        }
        (Target::Pid(to), _) => (tt(token, Op::Send, Op::SendTt), [Some(&UNUSED[..]), Some(to.as_bytes()), token]),
        (Target::Alias(_), _) if !peer.contains(Flags::ALIAS) => {
            return Err(UnsupportedControl::Peer { what: "a message to an alias", missing: Flags::ALIAS });
        }
        (Target::Alias(to), Some(sender)) => {
            (tt(token, Op::AliasSend, Op::AliasSendTt), [Some(sender), Some(to.as_bytes()), token])
        }
        (Target::Name(to), Some(sender)) => {
            let mut words = Words::new(tt(token, Op::RegSend, Op::RegSendTt), [Some(sender), Some(&UNUSED[..])]);
            words.after = [Some(to.as_bytes()), token];
            return Ok(words);
        }
        (Target::Name(_) | Target::Alias(_), None) => {
            return Err(UnsupportedControl::MissingField { what: "a message", field: "its sender" });
        }
    };
    Ok(Words::new(op, fields))
}

fn exit2<'a>(
    peer: Flags,
    from: PidTerm<'a>,
    to: Target<'a>,
    token: Option<&'a [u8]>,
    priority: bool,
    reason: &'a [u8],
) -> Result<Words<'a>, UnsupportedControl> {
    // There is no other operation for names.
    let by_name = matches!(to, Target::Name(_)) && peer.contains(Flags::ALTACT_SIG);
    if by_name || wants_altact(peer, to, priority) {
        return Ok(altact_words(from.as_bytes(), to, token, priority, altact::EXIT).payload(reason));
    }
    let Target::Pid(to) = to else {
        let what = "an exit signal to a name or alias";
        return Err(UnsupportedControl::Peer { what, missing: Flags::ALTACT_SIG });
    };
    let fields = [Some(from.as_bytes()), Some(to.as_bytes()), token];
    Ok(if peer.contains(Flags::EXIT_PAYLOAD) {
        Words::new(tt(token, Op::PayloadExit2, Op::PayloadExit2Tt), fields).payload(reason)
    } else {
        Words::new(tt(token, Op::Exit2, Op::Exit2Tt), fields).last(reason)
    })
}

fn monitor<'a>(
    peer: Flags,
    op: Op,
    from: PidTerm<'a>,
    to: ProcTerm<'a>,
    reference: RefTerm<'a>,
) -> Result<Words<'a>, UnsupportedControl> {
    demand(peer, Flags::DIST_MONITOR | Flags::DIST_MONITOR_NAME, "a monitor")?;
    Ok(Words::new(op, [Some(from.as_bytes()), Some(to.as_bytes()), Some(reference.as_bytes())]))
}

/// Returns whether to use `ALTACT_SIG_SEND`: for aliases in place of `ALIAS_SEND`, which OTP 30 removes, and for
/// everything that has priority. Ordinary messages use the same operations as before.
fn wants_altact(peer: Flags, to: Target<'_>, priority: bool) -> bool {
    peer.contains(Flags::ALTACT_SIG) && (priority || matches!(to, Target::Alias(_)))
}

fn altact_words<'a>(from: &'a [u8], to: Target<'a>, token: Option<&'a [u8]>, priority: bool, exit: u32) -> Words<'a> {
    let kind = match to {
        Target::Pid(_) => 0,
        Target::Alias(_) => altact::ALIAS,
        Target::Name(_) => altact::NAME,
    };
    let flags =
        kind | exit | if priority { altact::PRIORITY } else { 0 } | if token.is_some() { altact::TOKEN } else { 0 };
    Words::new(Op::AltactSigSend, [Some(from), Some(to.as_bytes()), token]).number(flags.into())
}

/// A control tuple in the order of its fields:
/// op, number (if first), before, number (if not first), function, after.
struct Words<'a> {
    op: Op,
    number: Option<u64>,
    number_first: bool,
    before: [Option<&'a [u8]>; 3],
    function: Option<(&'a [u8], &'a [u8], u8)>,
    after: [Option<&'a [u8]>; 2],
    payload: Option<&'a [u8]>,
}

impl<'a> Words<'a> {
    #[inline]
    fn new<const N: usize>(op: Op, fields: [Option<&'a [u8]>; N]) -> Self {
        let mut before = [None; 3];
        before[..N].copy_from_slice(&fields);
        Words { op, number: None, number_first: true, before, function: None, after: [None; 2], payload: None }
    }

    fn number(mut self, number: u64) -> Self {
        self.number = Some(number);
        self
    }

    fn last(mut self, term: &'a [u8]) -> Self {
        self.after[0] = Some(term);
        self
    }

    fn payload(mut self, payload: &'a [u8]) -> Self {
        self.payload = Some(payload);
        self
    }

    #[inline]
    fn write(&self, out: &mut Encoder) {
        let terms = self.before.iter().chain(&self.after).filter(|term| term.is_some()).count();
        let arity = 1 + terms + usize::from(self.number.is_some()) + usize::from(self.function.is_some());
        out.put_slice(&[tag::SMALL_TUPLE_EXT, arity as u8, tag::SMALL_INTEGER_EXT, self.op.number()]);
        if self.number_first {
            self.write_number(out);
        }
        self.before.iter().flatten().for_each(|term| out.put_slice(term));
        if !self.number_first {
            self.write_number(out);
        }
        if let Some((module, function, arity)) = self.function {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
            out.put_slice(module);
            out.put_slice(function);
            out.put_slice(&[tag::SMALL_INTEGER_EXT, arity]);
        }
        self.after.iter().flatten().for_each(|term| out.put_slice(term));
    }

    fn write_number(&self, out: &mut Encoder) {
        if let Some(number) = self.number {
            out.put_u128(number.into());
        }
    }
}
