//! Control messages: what one node tells another about processes, with every term left in the frame.
//!
//! A frame is `112, 131, Control` or `112, 131, Control, 131, Payload` ("without distribution header"), or, where both nodes
//! can do with fragments, `131, 68, 0, Control` or `131, 68, 0, Control, Payload`: see [`FrameForm`].
//! Several operations say the same in different words, because newer nodes know better ones:
//! [`Control`] has one variant for each thing that can be said, [`decode`] understands all the words,
//! and [`Control::encode`] picks those that the peer knows.
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

/// The same of the first fragment of a message.
pub const FIRST_FRAGMENT: u8 = 69;

/// The same of each of its other fragments.
pub const FRAGMENT: u8 = 70;

/// The unused slot of a message: the empty atom, as every node writes it. A BEAM ignores what is there, an `ei` node
/// accepts nothing else.
const UNUSED: [u8; 2] = [tag::SMALL_ATOM_UTF8_EXT, 0];

/// Bits in the result of a spawn request.
pub mod spawn_flags {
    /// The link that was asked for is set up.
    pub const LINK: u32 = 1;
    /// The monitor that was asked for is set up.
    pub const MONITOR: u32 = 2;
}

/// What a control message says.
///
/// `token` is a trace token (`seq_trace`), there only while a BEAM traces. Encoded terms that are not
/// pids, references or atoms are plain slices: one term each, without version byte. Payloads (`message`,
/// `arguments`, and `reason` unless it came inside the control tuple) have not been checked: whoever
/// reads them finds out, and bytes after the term do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control<'a> {
    /// `from` links itself to `to`.
    Link {
        /// The process that links.
        from: PidTerm<'a>,
        /// The process that it links to.
        to: PidTerm<'a>,
    },
    /// `from` takes its link to `to` away.
    Unlink {
        /// Names this unlinking in the acknowledgement, not 0; absent in the protocol before OTP 24.
        id: Option<u64>,
        /// The process that unlinks.
        from: PidTerm<'a>,
        /// The other one.
        to: PidTerm<'a>,
    },
    /// Answer to [`Control::Unlink`] with an id; has to be sent before any other signal to that process.
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
        /// Who gets it.
        to: Target<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
        /// It goes before messages that wait already (OTP 28); towards older peers it does not.
        priority: bool,
        /// The message.
        message: &'a [u8],
    },
    /// A linked process ended, or a link could not be made.
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
        /// Who sent it.
        from: PidTerm<'a>,
        /// Who gets it; names and aliases only since OTP 28.
        to: Target<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
        /// It goes before signals that wait already (OTP 28); towards older peers it does not.
        priority: bool,
        /// The reason; `kill` cannot be trapped.
        reason: &'a [u8],
    },
    /// `from` makes itself the group leader of `to`.
    GroupLeader {
        /// The new group leader.
        from: PidTerm<'a>,
        /// The process that gets it.
        to: PidTerm<'a>,
    },
    /// `from` monitors a process.
    Monitor {
        /// The process that monitors.
        from: PidTerm<'a>,
        /// The process that is monitored.
        to: ProcTerm<'a>,
        /// Names the monitor.
        reference: RefTerm<'a>,
    },
    /// `from` takes its monitor away.
    Demonitor {
        /// The process that monitored.
        from: PidTerm<'a>,
        /// The process that was monitored.
        to: ProcTerm<'a>,
        /// Names the monitor.
        reference: RefTerm<'a>,
    },
    /// A monitored process ended, or did not exist.
    MonitorExit {
        /// The monitored process, by what it was monitored by.
        from: ProcTerm<'a>,
        /// The process that monitors.
        to: PidTerm<'a>,
        /// Names the monitor.
        reference: RefTerm<'a>,
        /// Why it ended.
        reason: &'a [u8],
    },
    /// `from` asks for a new process.
    SpawnRequest {
        /// Names the request, and the monitor if one is asked for.
        id: RefTerm<'a>,
        /// Who asks.
        from: PidTerm<'a>,
        /// Group leader of the new process.
        group_leader: PidTerm<'a>,
        /// Module of the function to run.
        module: AtomTerm<'a>,
        /// Function to run.
        function: AtomTerm<'a>,
        /// How many arguments it takes.
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
        /// Who asked.
        to: PidTerm<'a>,
        /// What was set up: [`spawn_flags`].
        flags: u32,
        /// The new process, or why there is none.
        result: ProcTerm<'a>,
        /// Trace token.
        token: Option<&'a [u8]>,
    },
}
