//! Messages that this node sends, and monitors of the processes that it calls.

use super::peer::Peer;
use crate::{
    etf::{EncodeError, Encoder},
    protocol::{
        NameError, NodeName, ProcessName,
        control::{AtomTerm, Control, PidTerm, ProcTerm, RefTerm, Target, UnsupportedControl},
    },
    term::{Atom, Pid, Reference},
};

/// A process to send to: a pid, an alias, or a registered name on a node.
///
/// ```
/// use nodex_core::{atom, node::Destination};
///
/// let stock = Destination::from((atom!("stock"), atom!("beam@127.0.0.1")));
/// assert_eq!(stock.node(), &atom!("beam@127.0.0.1"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// By its pid.
    Pid(Pid),
    /// By its registered name on a node.
    Name {
        /// The registered name.
        name: ProcessName,
        /// The node, `name@host`.
        node: NodeName,
    },
    /// By an alias, for as long as it is active.
    Alias(Reference),
}

impl Destination {
    /// Returns the name of its node.
    pub fn node(&self) -> &Atom {
        match self {
            Destination::Pid(pid) => &pid.node,
            Destination::Name { node, .. } => node.as_atom(),
            Destination::Alias(alias) => &alias.node,
        }
    }
}

impl From<Pid> for Destination {
    fn from(pid: Pid) -> Self {
        Destination::Pid(pid)
    }
}

impl From<Reference> for Destination {
    fn from(alias: Reference) -> Self {
        Destination::Alias(alias)
    }
}

impl<P, N> TryFrom<(P, N)> for Destination
where
    P: TryInto<ProcessName, Error: Into<NameError>>,
    N: TryInto<NodeName, Error: Into<NameError>>,
{
    type Error = NameError;

    /// Registered name and node, as in `{name, node}`: `("orders", "shop@127.0.0.1")`.
    fn try_from((name, node): (P, N)) -> Result<Self, NameError> {
        let name = name.try_into().map_err(Into::into)?;
        Ok(Destination::Name { name, node: node.try_into().map_err(Into::into)? })
    }
}

impl Peer {
    /// The process that is registered there under this name.
    ///
    /// ```no_run
    /// # async fn call(node: nodex_core::node::Node) -> Result<(), Box<dyn std::error::Error>> {
    /// use nodex_core::atom;
    ///
    /// let shop = node.connect("shop@127.0.0.1").await?;
    /// node.send(shop.process(atom!("orders")), atom!("hello")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn process(&self, name: impl Into<ProcessName>) -> Destination {
        Destination::Name { name: name.into(), node: NodeName::of_a_node(self.line.name.clone()) }
    }
}

/// What a user has given as a destination.
#[inline]
pub(in crate::node) fn destination(
    to: impl TryInto<Destination, Error: Into<NameError>>,
) -> Result<Destination, NameError> {
    to.try_into().map_err(Into::into)
}

/// Appends a message to the output of a connection, and returns how many bytes it has. Nothing is sent if it cannot be
/// encoded.
pub(in crate::node) fn push_message<E: From<EncodeError> + From<UnsupportedControl>>(
    peer: &Peer,
    from: &[u8],
    to: &Destination,
    encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
) -> Result<usize, E> {
    let receiver = Receiver::new(to);
    // What was encoded just now can be read.
    let Some(to) = receiver.target() else { return Ok(0) };
    let send = Control::Send { from: PidTerm::new(from), to, token: None, priority: false, message: &[] };
    peer.line.outbox.send(|out| {
        let mark = out.mark();
        let (frame, _) = send.open(peer.line.flags, out)?;
        match encode(out) {
            Ok(()) => {
                frame.finish(out)?;
                Ok(out.written_since(mark))
            }
            Err(error) => {
                frame.undo(out);
                Err(error.into())
            }
        }
    })
}

/// The encoded receiver of a message.
pub(in crate::node) struct Receiver<'a> {
    to: &'a Destination,
    bytes: Vec<u8>,
}

impl<'a> Receiver<'a> {
    pub(in crate::node) fn new(to: &'a Destination) -> Self {
        let mut bytes = Encoder::new();
        match to {
            Destination::Pid(pid) => bytes.put_pid(pid),
            Destination::Name { name, .. } => bytes.put_atom(name.as_atom()),
            Destination::Alias(alias) => bytes.put_reference(alias),
        }
        Receiver { to, bytes: bytes.to_vec() }
    }

    fn target(&self) -> Option<Target<'_>> {
        match self.to {
            Destination::Pid(_) => PidTerm::new(&self.bytes).map(Target::Pid),
            Destination::Name { .. } => AtomTerm::new(&self.bytes).map(Target::Name),
            Destination::Alias(_) => RefTerm::new(&self.bytes).map(Target::Alias),
        }
    }

    /// Returns the process to monitor; an alias has none.
    pub(in crate::node) fn process(&self) -> Option<ProcTerm<'_>> {
        match self.target()? {
            Target::Pid(pid) => Some(ProcTerm::Pid(pid)),
            Target::Name(name) => Some(ProcTerm::Name(name)),
            Target::Alias(_) => None,
        }
    }
}

/// A monitor of the process that is called, unless the peer supports no monitors or the process is an alias.
pub(in crate::node) struct OutgoingMonitor<'a> {
    peer: &'a Peer,
    me: &'a [u8],
    to: Receiver<'a>,
    reference: Vec<u8>,
}

impl<'a> OutgoingMonitor<'a> {
    pub(in crate::node) fn new(peer: &'a Peer, me: &'a [u8], to: &'a Destination, reference: &Reference) -> Self {
        let mut encoded = Encoder::new();
        encoded.put_reference(reference);
        OutgoingMonitor { peer, me, to: Receiver::new(to), reference: encoded.to_vec() }
    }

    fn parts(&self) -> Option<(PidTerm<'_>, ProcTerm<'_>, RefTerm<'_>)> {
        Some((PidTerm::new(self.me)?, self.to.process()?, RefTerm::new(&self.reference)?))
    }

    pub(in crate::node) fn set(&self) {
        self.push(|from, to, reference| Control::Monitor { from, to, reference });
    }

    pub(in crate::node) fn remove(&self) {
        self.push(|from, to, reference| Control::Demonitor { from, to, reference });
    }

    fn push(&self, control: impl for<'b> FnOnce(PidTerm<'b>, ProcTerm<'b>, RefTerm<'b>) -> Control<'b>) {
        if let Some((from, to, reference)) = self.parts() {
            let control = control(from, to, reference);
            // What the peer does not understand is left out: the call then ends with its time-out at the latest.
            let _ = self.peer.line.outbox.send(|out| control.encode(self.peer.line.flags, out));
        }
    }
}
