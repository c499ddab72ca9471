//! Messages that are sent in fragments, one lane for each pair of processes, and the frames that wait behind them.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU64,
    sync::Arc,
};

use bytes::Bytes;

use super::pair::{Owners, Pair, ProcessNumber, Receiver};
use crate::{
    etf::{Encoder, tag},
    protocol::control::{self, ControlError, FRAGMENT_DATA, FrameForm, fragment_head},
};

/// The bytes before the part that is cut: the length of the frame and the header.
const START: usize = 4 + FrameForm::Header.start().len();

/// Frames up to this length, its four bytes included, are sent whole.
pub(super) const WHOLE: usize = START + FRAGMENT_DATA;

/// The key of frames whose sender is not known.
const NOBODY: ProcessNumber = (u32::MAX, u32::MAX);

/// Messages that are sent in fragments, one fragment of each lane in turn. Frames between other processes overtake
/// them.
///
/// Signals of one process to another keep their order. If a frame does not show whether its receiver is that of an
/// unfinished message, the frame waits, and so do those behind it.
#[derive(Debug)]
pub(super) struct Lanes {
    owners: Option<Arc<dyn Owners>>,
    /// The sequence id of the next message. The first is 1; 0 is not allowed.
    sequence: NonZeroU64,
    senders: HashMap<ProcessNumber, Sender>,
    /// The lanes in the order of their turns.
    turns: VecDeque<(ProcessNumber, Receiver)>,
    /// How many frames wait for all unfinished messages of their senders.
    doubtful: usize,
    /// Frames and messages that wait for all unfinished messages.
    behind_all: VecDeque<(Pair, Waiting)>,
    load: LaneLoad,
}

/// The bytes that wait in lanes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneLoad {
    /// Bytes of messages that are sent in fragments.
    pub(super) long: usize,
    /// How many of them are replies to the peer.
    pub(super) long_answers: usize,
    /// Bytes of other frames, which wait behind them.
    pub(super) short: usize,
}

/// The unfinished messages of one process of this node.
#[derive(Debug, Default)]
struct Sender {
    lanes: HashMap<Receiver, Lane>,
    /// How many of the lanes lead to names, and how many to unknown receivers.
    names: usize,
    unknown: usize,
    /// Frames and messages that wait for all of these lanes.
    behind: VecDeque<(Pair, Waiting)>,
}

/// An unfinished message, and the output that waits behind it.
#[derive(Debug)]
struct Lane {
    message: Long,
    sequence: NonZeroU64,
    begun: bool,
    behind: VecDeque<Waiting>,
}

/// Output that waits for its turn.
#[derive(Debug)]
enum Waiting {
    /// Whole frames.
    Short(Vec<u8>),
    Long(Long),
}

/// The control tuple and the payload of a message, without the part that has been sent.
#[derive(Debug)]
struct Long {
    pieces: VecDeque<Bytes>,
    left: usize,
    /// The message is not a reply to the peer.
    own: bool,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Lanes {
            owners: None,
            sequence: NonZeroU64::MIN,
            senders: HashMap::new(),
            turns: VecDeque::new(),
            doubtful: 0,
            behind_all: VecDeque::new(),
            load: LaneLoad::default(),
        }
    }

    pub(super) fn set_owners(&mut self, owners: Arc<dyn Owners>) {
        self.owners = Some(owners);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub(super) fn load(&self) -> LaneLoad {
        self.load
    }

    /// Returns whether one of these frames may have to be cut, judged by its length.
    pub(super) fn has_long(frames: &Encoder) -> bool {
        let mut at = 0;
        for chunk in frames.chunks() {
            while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
                // Every head stands in one piece.
                let Some(length) = rest.first_chunk() else { return false };
                let length = 4 + u32::from_be_bytes(*length) as usize;
                if length > WHOLE {
                    return true;
                }
                at += length;
            }
            at -= chunk.len();
        }
        false
    }

    /// Adds whole frames, and writes those that need not wait to `out`. Returns the number of bytes of the frames that
    /// are not cut.
    pub(super) fn put(&mut self, frames: Encoder, own: bool, out: &mut Encoder) -> usize {
        let mut short = 0;
        if let Some(bytes) = frames.in_one_piece()
            && !Self::has_long(&frames)
        {
            // The usual case: nothing is allocated.
            let mut rest = bytes;
            while let Some(length) = rest.first_chunk() {
                let length = 4 + u32::from_be_bytes(*length) as usize;
                let Some((frame, behind)) = rest.split_at_checked(length) else { break };
                self.short(frame, out);
                rest = behind;
            }
            out.put_slice(rest);
            return bytes.len();
        }
        let mut pieces: VecDeque<Bytes> = frames.into_pieces().into();
        while let Some(length) = pieces.front().and_then(|piece| piece.first_chunk()) {
            let length = 4 + u32::from_be_bytes(*length) as usize;
            let frame = split_front(&mut pieces, length);
            if length > WHOLE && self.long(&frame, length, own, out) {
                continue;
            }
            short += length;
            match &frame[..] {
                [whole] => self.short(whole, out),
                // Not longer than a fragment, or of a kind that is never cut.
                pieces => self.short(&pieces.concat(), out),
            }
        }
        short
    }

    /// Adds a frame that is sent whole.
    fn short(&mut self, frame: &[u8], out: &mut Encoder) {
        if self.turns.is_empty() {
            return out.put_slice(frame);
        }
        match self.pair(frame.get(4..).unwrap_or_default()) {
            Some((pair, _)) => self.enter(pair, Waiting::Short(frame.to_vec()), out),
            // A tick.
            None => out.put_slice(frame),
        }
    }

    /// Adds a frame that is too long for one fragment. Returns `false` if it must not be cut.
    fn long(&mut self, frame: &[Bytes], length: usize, own: bool, out: &mut Encoder) -> bool {
        let Some((pair, true)) = frame.first().and_then(|start| self.pair(start.get(4..)?)) else { return false };
        let mut pieces: VecDeque<Bytes> = frame.iter().cloned().collect();
        split_front(&mut pieces, START);
        self.enter(pair, Waiting::Long(Long { pieces, left: length - START, own }), out);
        true
    }

    /// Returns the sender and the receiver of the frame with this start, and whether it may be cut: it has a payload,
    /// and its control tuple fits the first fragment.
    fn pair(&self, start: &[u8]) -> Option<(Pair, bool)> {
        let of = |control| Pair::of(&control, self.owners.as_deref());
        match control::decode_in(FrameForm::Header, start) {
            Ok((op, control)) => Some((of(control), op.has_payload() && self.fits(start))),
            Err(ControlError::NoPayload { .. }) => {
                // The payload is in another piece.
                let whole = [start, &[tag::NIL_EXT]].concat();
                let (_, control) = control::decode_in(FrameForm::Header, &whole).ok()?;
                Some((of(control), self.fits(start)))
            }
            Err(_) => None,
        }
    }

    fn fits(&self, start: &[u8]) -> bool {
        let control = start.get(FrameForm::Header.start().len()..).unwrap_or_default();
        control::control_length(control).is_some_and(|length| length <= FRAGMENT_DATA)
    }

    /// Adds a frame or a message to the output.
    fn enter(&mut self, pair: Pair, what: Waiting, out: &mut Encoder) {
        self.count(&what, true);
        if self.behind_all.is_empty() && self.may_go(&pair) {
            self.go(pair, what, out);
        } else {
            self.behind_all.push_back((pair, what));
        }
    }

    fn count(&mut self, what: &Waiting, more: bool) {
        let LaneLoad { long, long_answers, short } = &mut self.load;
        let add = |sum: &mut usize, bytes: usize| if more { *sum += bytes } else { *sum -= bytes };
        match what {
            Waiting::Short(frames) => add(short, frames.len()),
            Waiting::Long(message) => {
                add(long, message.left);
                if !message.own {
                    add(long_answers, message.left);
                }
            }
        }
    }

    /// Returns `false` if it must wait for all unfinished messages, because its sender, or that of an unfinished
    /// message, is not known.
    fn may_go(&self, pair: &Pair) -> bool {
        if pair.from.is_some() {
            return !self.senders.contains_key(&NOBODY);
        }
        let Receiver::Process(_) = pair.to else { return self.turns.is_empty() };
        // There are few lanes, and fewer frames of this kind.
        self.doubtful == 0 && self.turns.iter().all(|(_, to)| matches!(to, Receiver::Process(_)) && *to != pair.to)
    }

    /// Sends it, or lets it wait behind the unfinished messages of its sender.
    fn go(&mut self, pair: Pair, what: Waiting, out: &mut Encoder) {
        let from = pair.from.unwrap_or(NOBODY);
        match self.senders.get_mut(&from) {
            None => {}
            Some(sender) if !sender.behind.is_empty() || sender.is_doubtful(&pair.to) => {
                self.doubtful += 1;
                return sender.behind.push_back((pair, what));
            }
            Some(sender) => {
                if let Some(lane) = sender.lanes.get_mut(&pair.to) {
                    return lane.wait(what);
                }
            }
        }
        self.start(from, pair.to, what, out);
    }

    /// Sends it: no other message is in its way.
    fn start(&mut self, from: ProcessNumber, to: Receiver, what: Waiting, out: &mut Encoder) {
        match what {
            Waiting::Short(frames) => {
                self.load.short -= frames.len();
                out.put_slice(&frames);
            }
            Waiting::Long(message) => {
                let sequence = self.next_sequence();
                let sender = self.senders.entry(from).or_default();
                match to {
                    Receiver::Process(_) => {}
                    Receiver::Name(_) => sender.names += 1,
                    Receiver::Unknown => sender.unknown += 1,
                }
                sender.lanes.insert(to.clone(), Lane { message, sequence, begun: false, behind: VecDeque::new() });
                self.turns.push_back((from, to));
            }
        }
    }

    fn next_sequence(&mut self) -> NonZeroU64 {
        let sequence = self.sequence;
        self.sequence = sequence.checked_add(1).unwrap_or(NonZeroU64::MIN);
        sequence
    }

    /// Writes the next fragment and, if it was the last one of its message, the output that has waited for that.
    /// Returns how many bytes of the fragment are not a reply to the peer.
    pub(super) fn next(&mut self, out: &mut Encoder) -> usize {
        let Some((from, to)) = self.turns.pop_front() else { return 0 };
        let Some(lane) = self.senders.get_mut(&from).and_then(|sender| sender.lanes.get_mut(&to)) else { return 0 };
        let before = out.len();
        let data = lane.fragment(out);
        let (written, own, over) = (out.len() - before, lane.message.own, lane.message.left == 0);
        self.load.long -= data;
        if !own {
            self.load.long_answers -= data;
        }
        if over {
            self.over(from, to, out)
        } else {
            self.turns.push_back((from, to))
        }
        if own { written } else { 0 }
    }

    /// Sends the output that waits behind a message that has been sent.
    fn over(&mut self, from: ProcessNumber, to: Receiver, out: &mut Encoder) {
        let sequence = self.next_sequence();
        let Some(sender) = self.senders.get_mut(&from) else { return };
        if let Some(lane) = sender.lanes.get_mut(&to) {
            while let Some(waiting) = lane.behind.pop_front() {
                match waiting {
                    Waiting::Short(frames) => {
                        self.load.short -= frames.len();
                        out.put_slice(&frames);
                    }
                    Waiting::Long(message) => {
                        (lane.message, lane.sequence, lane.begun) = (message, sequence, false);
                        return self.turns.push_back((from, to));
                    }
                }
            }
            sender.lanes.remove(&to);
            match to {
                Receiver::Process(_) => {}
                Receiver::Name(_) => sender.names -= 1,
                Receiver::Unknown => sender.unknown -= 1,
            }
        }
        // One after the other, until another message is in the way.
        while let Some(sender) = self.senders.get_mut(&from) {
            match sender.behind.front() {
                Some((pair, _)) if !sender.is_doubtful(&pair.to) => {}
                Some(_) => break,
                None if sender.lanes.is_empty() => {
                    self.senders.remove(&from);
                    break;
                }
                None => break,
            }
            let Some((pair, what)) = sender.behind.pop_front() else { break };
            self.doubtful -= 1;
            match sender.lanes.get_mut(&pair.to) {
                Some(lane) => lane.wait(what),
                None => self.start(from, pair.to, what, out),
            }
        }
        while let Some((pair, _)) = self.behind_all.front()
            && self.may_go(pair)
            && let Some((pair, what)) = self.behind_all.pop_front()
        {
            self.go(pair, what, out);
        }
    }
}

impl Sender {
    /// Returns whether an unfinished message may have this receiver, although its lanes do not show it.
    fn is_doubtful(&self, to: &Receiver) -> bool {
        let known = self.lanes.len() - self.names - self.unknown;
        match to {
            _ if self.lanes.is_empty() => false,
            _ if self.unknown > 0 => true,
            Receiver::Unknown => true,
            Receiver::Process(_) => self.names > 0,
            Receiver::Name(_) => known > 0,
        }
    }
}

impl Lane {
    fn wait(&mut self, what: Waiting) {
        match (self.behind.back_mut(), what) {
            (Some(Waiting::Short(frames)), Waiting::Short(more)) => frames.extend(more),
            (_, what) => self.behind.push_back(what),
        }
    }

    /// Writes the next fragment. Returns how many bytes of the message are in it.
    fn fragment(&mut self, out: &mut Encoder) -> usize {
        let fragments = self.message.left.div_ceil(FRAGMENT_DATA) as u64;
        let data = self.message.left.min(FRAGMENT_DATA);
        let Some(number) = NonZeroU64::new(fragments) else { return 0 };
        let (head, length) = fragment_head(!self.begun, self.sequence, number, data);
        self.begun = true;
        out.put_slice(&head[..length]);
        for piece in split_front(&mut self.message.pieces, data) {
            out.put_shared(&piece);
        }
        self.message.left -= data;
        data
    }
}

/// Removes this many bytes from the front, or all if there are fewer.
fn split_front(pieces: &mut VecDeque<Bytes>, mut count: usize) -> Vec<Bytes> {
    let mut front = Vec::new();
    while count > 0
        && let Some(piece) = pieces.front_mut()
    {
        if piece.len() > count {
            front.push(piece.split_to(count));
            break;
        }
        count -= piece.len();
        front.extend(pieces.pop_front());
    }
    front
}
