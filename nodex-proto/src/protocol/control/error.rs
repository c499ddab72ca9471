//! Errors of frames that cannot be read, and of messages that cannot be sent to a peer.
use thiserror::Error;

use super::Op;
use crate::etf::EtfError;
use crate::protocol::Flags;

/// The reason why a frame is not a known control message.
///
/// The frame is consumed in any case. [`Self::closes_connection`] tells whether the connection must be closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The frame does not start with 112, 131.
    #[error("a frame starts with the bytes {start:?}, not with 112, 131")]
    NotPassThrough {
        /// Up to three bytes from the start of the frame.
        start: Vec<u8>,
    },
    /// The frame has a distribution header, which neither side asked for.
    #[error("a frame has a distribution header (tag {tag}), which was not negotiated")]
    DistributionHeader {
        /// 68 for a header, 69 and 70 for fragments.
        tag: u8,
    },
    /// The frame has no distribution header, although every frame of this connection must have one.
    #[error("a frame starts with the bytes {start:?}, not with a distribution header")]
    NoDistributionHeader {
        /// Up to three bytes from the start of the frame.
        start: Vec<u8>,
    },
    /// The frame is a part of a message.
    #[error("a frame is a fragment (tag {tag}), and no whole message")]
    Fragment {
        /// 69 for the first one of a message, 70 for the others.
        tag: u8,
    },
    /// The distribution header refers to atoms of a cache, which neither side asked for.
    #[error("a distribution header refers to {count} atoms of a cache, which was not negotiated")]
    AtomReferences {
        /// How many.
        count: u8,
    },
    /// The control message is not a tuple that starts with a small integer.
    #[error("a control message is not a tuple with a number in front")]
    NoOperation,
    /// The number has no meaning here; later releases may have given it one.
    #[error("control message {number} with {arity} elements is unknown")]
    UnknownOp {
        /// The number.
        number: u8,
        /// Elements of the tuple.
        arity: usize,
    },
    /// A known number in a tuple of another size.
    #[error("control message {} has {found} elements, {expected} are due", op.name())]
    WrongArity {
        /// The operation.
        op: Op,
        /// The number of elements that it must have.
        expected: usize,
        /// The number of elements that it has.
        found: usize,
    },
    /// A field has another type than it must have.
    #[error("the {field} of control message {} is not {expected}", op.name())]
    WrongField {
        /// The operation.
        op: Op,
        /// Which field.
        field: &'static str,
        /// What it has to be, with its article.
        expected: &'static str,
    },
    /// A field that cannot be read at all.
    #[error("the {field} of control message {} cannot be read", op.name())]
    MalformedField {
        /// The operation.
        op: Op,
        /// Which field.
        field: &'static str,
        /// What is wrong with it, offsets counted from the field.
        source: EtfError,
    },
    /// The operation has a payload, but the frame has none, or one without a version byte.
    #[error("control message {} comes without its payload", op.name())]
    NoPayload {
        /// The operation.
        op: Op,
    },
    /// The payload begins with a version byte, which must not follow a distribution header.
    #[error("the payload of control message {} has a version byte behind a distribution header", op.name())]
    VersionByte {
        /// The operation.
        op: Op,
    },
}

impl ControlError {
    /// Returns whether the connection is to be closed, as a BEAM would do for all of these.
    ///
    /// A message that a later release may send by right costs only that message: an unknown operation, or an unknown
    /// kind of term.
    pub fn closes_connection(&self) -> bool {
        match self {
            ControlError::UnknownOp { .. } => false,
            ControlError::MalformedField { source, .. } => !matches!(source, EtfError::UnknownTag { .. }),
            _ => true,
        }
    }
}

/// Why a fragment of a message ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// Its frame ends before its numbers do.
    #[error("a fragment is cut off")]
    CutOff,
    /// Its message has not begun, or is complete.
    #[error("a fragment of message {sequence}, which has not begun")]
    NotBegun {
        /// The sequence of the message.
        sequence: u64,
    },
    /// It is not the next fragment of its message.
    #[error("fragment {found} is out of turn, {expected} is due")]
    OutOfTurn {
        /// The number that the next one has.
        expected: u64,
        /// The number that it has.
        found: u64,
    },
    /// It begins a message that has already begun.
    #[error("message {sequence} was begun twice")]
    BegunTwice {
        /// The sequence of the message.
        sequence: u64,
    },
    /// Its header refers to atoms of a cache, which neither side asked for.
    #[error("a distribution header refers to {count} atoms of a cache, which was not negotiated")]
    AtomReferences {
        /// How many.
        count: u8,
    },
    /// It begins a message in a way that is not allowed.
    #[error("a first fragment with the number {number} of sequence {sequence} is not allowed")]
    NotAllowed {
        /// Its sequence.
        sequence: u64,
        /// Its number.
        number: u64,
    },
    /// It begins a message without the whole control message.
    #[error("a first fragment without the whole control message")]
    ControlCut,
}

/// A control message that must not be sent to this peer, because it would close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnsupportedControl {
    /// The operation was not negotiated with the peer.
    #[error("the peer does not understand {what}: it lacks {missing}")]
    Peer {
        /// The message or signal.
        what: &'static str,
        /// The flags that the operation needs.
        missing: Flags,
    },
    /// The operation that this peer supports needs a value that is missing.
    #[error("{what} cannot be sent to this peer without {field}")]
    MissingField {
        /// The message or signal.
        what: &'static str,
        /// The field without a value.
        field: &'static str,
    },
    /// No frame can be that long.
    #[error("a frame of {length} bytes was to be sent, the limit is {limit}")]
    TooLong {
        /// Bytes that the frame would have.
        length: usize,
        /// The longest frame that a BEAM accepts.
        limit: u32,
    },
}
