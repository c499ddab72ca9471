//! Reassembly of messages that arrive in fragments.

use std::collections::HashMap;

use super::{LinkEnd, LinkLimits, ProtocolError, Together, inbox::HEAD};
use crate::protocol::control::{FRAGMENT_DATA, Fragment, FragmentError, FrameForm, control_length};

/// The memory of an incomplete message besides its bytes: an entry of the table, which has room for twice as many.
const ENTRY: usize = 2 * (size_of::<u64>() + size_of::<Sequence>());

/// The incomplete messages of one connection.
///
/// Memory is reserved only as bytes arrive, whatever length the peer announces: at most twice the bytes that have
/// arrived. The remaining fragments may arrive at any later time.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    open: HashMap<u64, Sequence>,
    /// The memory of all incomplete messages, in bytes.
    memory: usize,
    /// The number of messages that are complete.
    whole: u64,
}

/// An incomplete message.
#[derive(Debug)]
struct Sequence {
    /// The received bytes as a frame with a header, or only the head if the message is too long.
    bytes: Vec<u8>,
    /// The number that the next fragment must have.
    next: u64,
    /// The number of bytes that have arrived.
    length: u64,
    /// The limit that the message exceeds, if it is too long.
    over: Option<usize>,
    /// The announced length in bytes, if all fragments but the last have the length that a BEAM uses.
    announced: u64,
}

/// The result of adding a fragment.
#[derive(Debug)]
pub(super) enum Assembled {
    /// The message is not complete yet.
    Part,
    /// The message is complete: the message as a frame.
    Whole(Together),
    /// The message is complete but too long: its head, its length, and the limit.
    TooLong(Vec<u8>, u64, usize),
}

impl Assembly {
    /// Takes a fragment.
    ///
    /// # Errors
    /// Returns an error when the fragment is not allowed, or when too many messages are incomplete.
    pub(super) fn add(&mut self, frame: &[u8], limits: &LinkLimits) -> Result<Assembled, LinkEnd> {
        let length = frame.len() as u64;
        self.fragment(frame, length, None, limits)
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Adds a fragment that is too long for a frame, of which only the bytes `head` were kept. Its message is too long.
    ///
    /// # Errors
    /// Returns the errors of [`Self::add`].
    pub(super) fn add_too_long(&mut self, head: &[u8], length: u64, limits: &LinkLimits) -> Result<Assembled, LinkEnd> {
        self.fragment(head, length, Some(limits.max_frame), limits)
    }

    fn fragment(
        &mut self,
        frame: &[u8],
        length: u64,
        over: Option<usize>,
        limits: &LinkLimits,
    ) -> Result<Assembled, LinkEnd> {
        let Some(fragment) = Fragment::read(frame) else { return Err(breach(FragmentError::CutOff)) };
        let missing = length.saturating_sub(frame.len() as u64);
        if fragment.first.is_some() {
            self.begin(&fragment, limits)?;
        }
        let Some(sequence) = self.open.get_mut(&fragment.sequence) else {
            return Err(breach(FragmentError::NotBegun { sequence: fragment.sequence }));
        };
        if fragment.number != sequence.next {
            return Err(breach(FragmentError::OutOfTurn { expected: sequence.next, found: fragment.number }));
        }
        sequence.next -= 1;
        sequence.length = sequence.length.saturating_add(fragment.data.len() as u64).saturating_add(missing);
        let before = sequence.bytes.capacity();
        let over = over.or_else(|| {
            let too_long = sequence.length > limits.max_message as u64;
            if too_long { Some(limits.max_message) } else { None }
        });
        let left = limits.max_fragments.saturating_sub(self.memory);
        match over {
            Some(limit) => sequence.give_up(limit, fragment.data),
            None => sequence.extend(fragment.data, left),
        }
        self.memory = self.memory - before + sequence.bytes.capacity();
        if sequence.next > 0 {
            return Ok(Assembled::Part);
        }
        let Some(sequence) = self.open.remove(&fragment.sequence) else { return Ok(Assembled::Part) };
        self.memory -= ENTRY + sequence.bytes.capacity();
        if let Some(limit) = sequence.over {
            return Ok(Assembled::TooLong(sequence.bytes, sequence.length, limit));
        }
        self.whole += 1;
        // The numbers of batches that were read count from 0 upwards.
        Ok(Assembled::Whole(Together { bytes: sequence.bytes.into(), number: u64::MAX - self.whole }))
    }

    /// Begins the message of this first fragment.
    fn begin(&mut self, fragment: &Fragment<'_>, limits: &LinkLimits) -> Result<(), LinkEnd> {
        let Fragment { sequence, number, first, .. } = *fragment;
        if let Some(count @ 1..) = first {
            return Err(breach(FragmentError::AtomReferences { count }));
        }
        if fragment.number == 0 || (fragment.sequence == 0 && fragment.number > 1) {
            return Err(breach(FragmentError::NotAllowed { sequence, number }));
        }
        if control_length(fragment.data).is_none() {
            return Err(breach(FragmentError::ControlCut));
        }
        if self.open.contains_key(&fragment.sequence) {
            return Err(breach(FragmentError::BegunTwice { sequence }));
        }
        if self.open.len() >= limits.max_sequences {
            return Err(LinkEnd::TooManySequences { limit: limits.max_sequences });
        }
        let announced = fragment.number.saturating_mul(fragment.data.len().min(FRAGMENT_DATA) as u64);
        let start = FrameForm::Header.start();
        let sequence = Sequence {
            bytes: start.to_vec(),
            next: fragment.number,
            length: start.len() as u64,
            over: None,
            announced: announced.saturating_add(start.len() as u64),
        };
        self.memory += ENTRY + sequence.bytes.capacity();
        self.open.insert(fragment.sequence, sequence);
        Ok(())
    }
}

impl Sequence {
    /// Appends a part, if memory is left for it.
    fn extend(&mut self, data: &[u8], left: usize) {
        if self.over.is_some() {
            return self.give_up(0, data);
        }
        let (have, room) = (self.bytes.len(), self.bytes.capacity() - self.bytes.len());
        if data.len() > room {
            // Twice the bytes that have arrived, unless fewer are still missing.
            let need = data.len();
            let announced = usize::try_from(self.announced).unwrap_or(usize::MAX).saturating_sub(have);
            let more = need.max(announced.min(have + 2 * need));
            match (more - room <= left, need - room <= left) {
                (true, _) => self.bytes.reserve_exact(more),
                (false, true) => self.bytes.reserve_exact(need),
                (false, false) => return self.give_up(have + left, data),
            }
        }
        self.bytes.extend_from_slice(data);
    }

    /// Drops the message except for its head.
    #[cold]
    fn give_up(&mut self, limit: usize, data: &[u8]) {
        self.over.get_or_insert(limit);
        let room = HEAD.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&data[..data.len().min(room)]);
        self.bytes.truncate(HEAD);
        self.bytes.shrink_to(HEAD);
    }
}

#[cold]
fn breach(error: FragmentError) -> LinkEnd {
    ProtocolError::from(error).into()
}
