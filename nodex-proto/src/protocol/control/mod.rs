//! Control messages: the messages and signals between processes of two nodes. Every term stays in the frame.
//!
//! A frame is `112, 131, Control` or `112, 131, Control, 131, Payload` ("without distribution header"), or, if both
//! nodes support fragments, `131, 68, 0, Control` or `131, 68, 0, Control, Payload`: see [`FrameForm`]. Several
//! operations have the same meaning, because later releases have added better ones. [`Control`] has one variant for
//! each meaning, [`decode`] reads all operations, and [`Control::encode`] chooses one that the peer supports.
//!
//! Pids, references, names and payloads are slices of the frame; nothing is allocated in either direction.
mod by_hand;
mod decode;
mod encode;
mod error;
mod form;
mod fragment;
mod op;
mod terms;

pub use by_hand::{frame, frame_in};
#[doc(hidden)]
pub use decode::{control_length, decode_reg_send, decode_send};
pub use decode::{decode, decode_in};
pub use encode::OpenFrame;
pub use error::{ControlError, FragmentError, UnsupportedControl};
pub use form::FrameForm;
pub use fragment::{FRAGMENT_DATA, Fragment, fragment_head};
pub use op::Op;
pub use terms::{AtomTerm, PidTerm, ProcTerm, RefTerm, Target};

use crate::etf::tag;

/// First byte of a frame without distribution header.
pub const PASS_THROUGH: u8 = 112;

/// Second byte, behind the version byte, of a frame with a distribution header: a whole message.
pub const HEADER: u8 = 68;

/// The second byte of the first fragment of a message.
pub const FIRST_FRAGMENT: u8 = 69;

/// The second byte of each other fragment of a message.
pub const FRAGMENT: u8 = 70;

/// The unused slot of a message: the empty atom, as every node writes it. A BEAM ignores its value, an `ei` node
/// accepts no other.
const UNUSED: [u8; 2] = [tag::SMALL_ATOM_UTF8_EXT, 0];

/// Bits in the result of a spawn request.
pub mod spawn_flags {
    /// The requested link exists.
    pub const LINK: u32 = 1;
    /// The requested monitor exists.
    pub const MONITOR: u32 = 2;
}

/// The meaning of a control message.
///
/// `token` is a trace token (`seq_trace`), which is present only while a BEAM traces. Encoded terms that are not pids,
/// references or atoms are plain slices: one term each, without a version byte. Payloads (`message`, `arguments`, and
/// `reason` unless it came inside the control tuple) have not been checked: their reader checks them, and ignores bytes
/// after the term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control<'a> {
    /// `from` links itself to `to`.
    Link {
        /// The process that links.
        from: PidTerm<'a>,
        /// The process that it links to.
        to: PidTerm<'a>,
    },
    /// `from` removes its link to `to`.
    Unlink {
        /// The id of this unlinking for the acknowledgement, not 0; absent in the protocol before OTP 24.
        id: Option<u64>,
        /// The process that unlinks.
        from: PidTerm<'a>,
        /// The other one.
        to: PidTerm<'a>,
    },
    /// The answer to [`Control::Unlink`] with an id. It must be sent before any other signal to that process.
    UnlinkAck {
        /// The id of the unlinking.
        id: u64,
        /// The process that was unlinked.
        from: PidTerm<'a>,
        /// The process that unlinked.
        to: PidTerm<'a>,
    },
    /// A message.
    Send {
        /// Who sent it, unless the operation leaves it out.
        from: Option<PidTerm<'a>>,
        /// Its receiver.
        to: Target<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
        /// Whether it is delivered before messages that wait already (OTP 28). Older peers receive it without priority.
        priority: bool,
        /// The message.
        message: &'a [u8],
    },
    /// A linked process has ended, or a link could not be created.
    Exit {
        /// The process that ended.
        from: PidTerm<'a>,
        /// The process linked to it.
        to: PidTerm<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
        /// Why it ended.
        reason: &'a [u8],
    },
    /// An exit signal from `exit/2`.
    Exit2 {
        /// The process that has sent it.
        from: PidTerm<'a>,
        /// Its receiver; names and aliases only since OTP 28.
        to: Target<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
        /// Whether it is delivered before signals that wait already (OTP 28). Older peers receive it without priority.
        priority: bool,
        /// The reason; `kill` cannot be trapped.
        reason: &'a [u8],
    },
    /// `from` makes itself the group leader of `to`.
    GroupLeader {
        /// The new group leader.
        from: PidTerm<'a>,
        /// The process that receives it.
        to: PidTerm<'a>,
    },
    /// `from` monitors a process.
    Monitor {
        /// The process that monitors.
        from: PidTerm<'a>,
        /// The process that is monitored.
        to: ProcTerm<'a>,
        /// The reference of the monitor.
        reference: RefTerm<'a>,
    },
    /// `from` removes its monitor.
    Demonitor {
        /// The process that monitored.
        from: PidTerm<'a>,
        /// The process that was monitored.
        to: ProcTerm<'a>,
        /// The reference of the monitor.
        reference: RefTerm<'a>,
    },
    /// A monitored process has ended, or did not exist.
    MonitorExit {
        /// The monitored process, by the pid or the name that was monitored.
        from: ProcTerm<'a>,
        /// The process that monitors.
        to: PidTerm<'a>,
        /// The reference of the monitor.
        reference: RefTerm<'a>,
        /// Why it ended.
        reason: &'a [u8],
    },
    /// `from` asks for a new process.
    SpawnRequest {
        /// Names the request, and the monitor if one is asked for.
        id: RefTerm<'a>,
        /// The process that asks.
        from: PidTerm<'a>,
        /// Group leader of the new process.
        group_leader: PidTerm<'a>,
        /// Module of the function to run.
        module: AtomTerm<'a>,
        /// Function to run.
        function: AtomTerm<'a>,
        /// The number of its arguments.
        arity: u8,
        /// List of options, such as `[monitor]`.
        options: &'a [u8],
        /// Trace token.
        token: Option<&'a [u8]>,
        /// List of arguments; small integers may come as a string.
        arguments: &'a [u8],
    },
    /// Answer to [`Control::SpawnRequest`].
    SpawnReply {
        /// The id of the request.
        id: RefTerm<'a>,
        /// The process that has asked.
        to: PidTerm<'a>,
        /// What was created: [`spawn_flags`].
        flags: u32,
        /// The new process, or why there is none.
        result: ProcTerm<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
    },
}
