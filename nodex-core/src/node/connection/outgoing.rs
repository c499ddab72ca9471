//! Messages that this node sends, and monitors of the processes that it calls.

use super::peer::Peer;
use crate::{
    etf::{EncodeError, Encoder},
    node::encoded::Encoded,
    protocol::{
        Flags, NameError, NodeName, ProcessName,
        control::{Control, FrameForm, Op, OpenFrame, PidTerm, RefTerm, Target, UnsupportedControl},
    },
    term::{Atom, Pid, Reference},
};

/// A process to send to: a pid, an alias, or a registered name on a node.
///
/// ```
/// use nodex_core::node::Destination;
///
/// let stock = Destination::try_from(("stock", "beam@127.0.0.1"))?;
/// assert_eq!(stock.node().as_str(), "beam@127.0.0.1");
/// assert!(Destination::try_from(("stock", "no node")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
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

    /// Converts a registered name and a node, as in `{name, node}`: `("orders", "shop@127.0.0.1")`.
    fn try_from((name, node): (P, N)) -> Result<Self, NameError> {
        let name = name.try_into().map_err(Into::into)?;
        Ok(Destination::Name { name, node: node.try_into().map_err(Into::into)? })
    }
}

impl Peer {
    /// Returns the destination of the process that is registered on this node under this name.
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

/// A destination as the user has passed it.
#[inline]
pub(in crate::node) fn destination(
    to: impl TryInto<Destination, Error: Into<NameError>>,
) -> Result<Destination, NameError> {
    to.try_into().map_err(Into::into)
}

/// When a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Haste {
    /// By the driver of the connection, together with what others append until then.
    Together,
    /// By its sender, if nothing waits before it.
    AtOnce,
}

impl Haste {
    /// Returns how a call is sent. Where replies come one by one, so do calls, and to have the driver run for each costs more
    /// than to write it. Where they come together, those whom they wake call again together.
    #[inline]
    pub(in crate::node) fn of_call(peer: &Peer) -> Self {
        if peer.replies_come_alone() { Haste::AtOnce } else { Haste::Together }
    }
}

/// Appends a message to the output of a connection, and returns its length in bytes. Nothing is sent if it cannot be
/// encoded.
pub(in crate::node) fn push_message<E: From<EncodeError> + From<UnsupportedControl>>(
    peer: &Peer,
    from: &[u8],
    to: &Destination,
    haste: Haste,
    encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
) -> Result<usize, E> {
    let receiver = Receiver::new(to);
    let write = |out: &mut Encoder| write_message(peer.line.flags, from, &receiver, encode, out);
    match haste {
        Haste::Together => peer.line.outbox.send(write),
        Haste::AtOnce => peer.line.outbox.send_at_once(write),
    }
}

fn write_message<E: From<EncodeError> + From<UnsupportedControl>>(
    flags: Flags,
    from: &[u8],
    to: &Receiver<'_>,
    encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    out: &mut Encoder,
) -> Result<usize, E> {
    let mark = out.mark();
    let to = match to {
        Receiver::Name(name) => Err(name),
        Receiver::Pid(pid) => Ok(PidTerm::new(pid).map(Target::Pid)),
        Receiver::Alias(alias) => Ok(RefTerm::new(alias).map(Target::Alias)),
    };
    let frame = match (PidTerm::new(from), to) {
        // Nearly always.
        (Some(from), Err(name)) => OpenFrame::reg_send(out, FrameForm::of(flags), from, name),
        (from @ Some(_), Ok(Some(to))) => {
            Control::Send { from, to, token: None, priority: false, message: &[] }.open(flags, out)?.0
        }
        // Never: what was encoded just now can be read.
        _ => return Ok(0),
    };
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
}

/// The receiver of a message: a name, or an encoded term.
enum Receiver<'a> {
    Name(&'a Atom),
    Pid(Encoded),
    Alias(Encoded),
}

impl<'a> Receiver<'a> {
    #[inline]
    fn new(to: &'a Destination) -> Self {
        match to {
            Destination::Name { name, .. } => Receiver::Name(name.as_atom()),
            Destination::Pid(pid) => Receiver::Pid(Encoded::written(|out| out.put_pid(pid))),
            Destination::Alias(alias) => Receiver::Alias(Encoded::written(|out| out.put_reference(alias))),
        }
    }
}

/// A monitor of a process of another node. It is left out if the peer supports no monitors or the process is an alias.
pub(in crate::node) struct OutgoingMonitor<'a> {
    peer: &'a Peer,
    me: Encoded,
    to: Receiver<'a>,
    reference: Encoded,
}

impl<'a> OutgoingMonitor<'a> {
    /// Returns the monitor by the process with the pid `me` and with this reference.
    pub(in crate::node) fn new(peer: &'a Peer, me: Encoded, to: &'a Destination, reference: Encoded) -> Self {
        OutgoingMonitor { peer, me, to: Receiver::new(to), reference }
    }

    pub(in crate::node) fn set(&self) {
        self.peer.line.outbox.send(|out| self.write(Op::MonitorP, out));
    }

    pub(in crate::node) fn remove(&self) {
        self.peer.line.outbox.send(|out| self.write(Op::DemonitorP, out));
    }

    fn write(&self, op: Op, out: &mut Encoder) {
        const NEEDED: Flags = Flags::DIST_MONITOR.or(Flags::DIST_MONITOR_NAME);
        // What the peer does not understand is left out: the call then ends with its time-out at the latest.
        if !self.peer.line.flags.contains(NEEDED) {
            return;
        }
        let form = FrameForm::of(self.peer.line.flags);
        let frame = match &self.to {
            Receiver::Name(name) => {
                let frame = OpenFrame::begin(out, form, op, [&self.me]);
                out.put_atom(name);
                out.put_slice(&self.reference);
                frame
            }
            Receiver::Pid(pid) => OpenFrame::begin(out, form, op, [&self.me, pid, &self.reference]),
            Receiver::Alias(_) => return,
        };
        // So short that its length is no question.
        let _ = frame.finish(out);
    }
}

/// The monitor of a call of a `gen_server`, which is taken away when the value is dropped, unless it has fired.
pub(in crate::node) struct CallMonitor<'a> {
    monitor: OutgoingMonitor<'a>,
    fired: bool,
}

impl<'a> CallMonitor<'a> {
    /// Monitors the process and calls it, all at once; nothing is sent if the request cannot be encoded.
    pub(in crate::node) fn call<E: From<EncodeError> + From<UnsupportedControl>>(
        monitor: OutgoingMonitor<'a>,
        request: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<Self, E> {
        let OutgoingMonitor { peer, me, to, reference } = &monitor;
        peer.line.outbox.send(|out| {
            let start = out.mark();
            monitor.write(Op::MonitorP, out);
            let message = |out: &mut Encoder| {
                out.put_tuple(3)?;
                out.put_atom(&crate::atom!("$gen_call"));
                out.put_tuple(2)?;
                out.put_slice(me);
                out.put_slice(reference);
                request(out)
            };
            write_message(peer.line.flags, me, to, message, out).inspect_err(|_: &E| out.rollback(start))
        })?;
        Ok(CallMonitor { monitor, fired: false })
    }

    /// It is not there any more.
    pub(in crate::node) fn fired(&mut self) {
        self.fired = true;
    }
}

impl Drop for CallMonitor<'_> {
    fn drop(&mut self) {
        if !self.fired {
            self.monitor.remove();
        }
    }
}
