//! The sender and the receiver of a frame, as far as it shows them: signals between the same two processes keep their
//! order.

use std::fmt::Debug;

use crate::protocol::control::{Control, PidTerm, ProcTerm, RefTerm, Target};

/// The two numbers of a pid, which identify a process of a node.
pub type ProcessNumber = (u32, u32);

/// Knows which process of the peer owns an alias.
pub trait Owners: Debug + Send + Sync {
    /// Returns the process of the peer that owns this alias, to which the process `from` of this node sends a signal;
    /// `None` if it is not known.
    fn owner(&self, from: ProcessNumber, alias: RefTerm<'_>) -> Option<ProcessNumber>;
}

/// A process of the peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Receiver {
    Process(ProcessNumber),
    /// A process by its registered name, of which it has at most one.
    Name(Box<[u8]>),
    /// A process that is not known: it may be any.
    Unknown,
}

/// The sender and the receiver of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// The process of this node that sends, if it is known.
    pub(super) from: Option<ProcessNumber>,
    pub(super) to: Receiver,
}

impl Pair {
    pub(super) fn of(control: &Control<'_>, owners: Option<&dyn Owners>) -> Self {
        let target = |from: Option<PidTerm<'_>>, to| match to {
            Target::Pid(to) => process(to),
            Target::Name(to) => Receiver::Name(to.name_bytes().into()),
            Target::Alias(to) => {
                let owner = owners.zip(from).and_then(|(owners, from)| owners.owner(number(from), to));
                owner.map_or(Receiver::Unknown, Receiver::Process)
            }
        };
        let either = |to| match to {
            ProcTerm::Pid(to) => process(to),
            ProcTerm::Name(to) => Receiver::Name(to.name_bytes().into()),
        };
        let sender = |from| if let ProcTerm::Pid(from) = from { Some(number(from)) } else { None };
        let (from, to) = match *control {
            Control::Send { from, to, .. } => (from.map(number), target(from, to)),
            Control::Exit2 { from, to, .. } => (Some(number(from)), target(Some(from), to)),
            Control::Link { from, to }
            | Control::GroupLeader { from, to }
            | Control::Unlink { from, to, .. }
            | Control::UnlinkAck { from, to, .. }
            | Control::Exit { from, to, .. } => (Some(number(from)), process(to)),
            Control::Monitor { from, to, .. } | Control::Demonitor { from, to, .. } => (Some(number(from)), either(to)),
            Control::MonitorExit { from, to, .. } => (sender(from), process(to)),
            Control::SpawnRequest { from, .. } => (Some(number(from)), Receiver::Unknown),
            Control::SpawnReply { to, result, .. } => (sender(result), process(to)),
        };
        Pair { from, to }
    }
}

fn number(pid: PidTerm<'_>) -> ProcessNumber {
    (pid.id(), pid.serial())
}

fn process(pid: PidTerm<'_>) -> Receiver {
    Receiver::Process(number(pid))
}
