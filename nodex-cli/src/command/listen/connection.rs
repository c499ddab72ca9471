//! One node that has connected.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use nodex_core::{
    atom,
    error::Chain,
    net::raw::{self, Connection, Gate, Writer},
    protocol::{
        Flags,
        control::{FrameForm, frame_in},
        handshake::{Answer, Local, PeerIdentity, Request},
    },
    term::{Atom, Pid, RawTerm, Reference, Term},
    text::Text,
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
};

use crate::{
    output::Untrusted,
    raw::{Heard, Signal, To, ended, write},
};

/// What messages that are not shown yet may take together, in pages of so many bytes; a longer one is alone. Each
/// connection has another one in its hands.
const PAGE: usize = 4096;
pub(super) const PAGES: usize = (64 << 20) / PAGE;

/// The atom `noproc`, as a payload.
const NOPROC: &[u8] = &[131, 119, 6, b'n', b'o', b'p', b'r', b'o', b'c'];

/// What all connections have.
pub(super) struct Shared {
    /// What calls and plain messages are answered with, encoded.
    pub(super) reply: Option<Vec<u8>>,
    pub(super) to_show: mpsc::Sender<Event>,
    /// For [`PAGES`] of messages.
    pub(super) room: Arc<Semaphore>,
    /// Dropping the sender ends the connection of that node.
    pub(super) open: Mutex<HashMap<String, oneshot::Sender<()>>>,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    Up {
        node: Untrusted,
    },
    Down {
        node: Untrusted,
        why: Untrusted,
    },
    /// Somebody was not let in.
    Refused {
        why: Untrusted,
    },
    Message {
        kind: &'static str,
        from: Option<Pid>,
        to: To,
        term: RawTerm,
        /// Its part of what may wait.
        _room: OwnedSemaphorePermit,
    },
    /// A signal that is no message.
    Signal {
        kind: &'static str,
        from: Pid,
        to: To,
        about: Untrusted,
    },
    Broken {
        node: Untrusted,
        why: Untrusted,
    },
}

impl Shared {
    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so much less is waiting to be shown that this term may as well.
    async fn room(&self, term: &RawTerm) -> OwnedSemaphorePermit {
        let pages = (term.as_bytes().len() / PAGE + 1).min(PAGES);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        match self.room.clone().acquire_many_owned(pages).await {
            Ok(room) => room,
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    async fn tell(&self, event: Event) {
        // It fails when the command is ending.
        let _ = self.to_show.send(event).await;
    }
}

/// Who is let in: nodes with names, and of each name one at a time.
struct Door<'a> {
    own: &'a str,
    shared: &'a Shared,
    refused: Option<Refused>,
}

/// Who is not let in.
#[derive(Debug, Clone, Copy)]
enum Refused {
    /// It asks for a name, and will come again with one of its own.
    Nameless,
    OwnName,
}

impl Gate for Door<'_> {
    fn answer(&mut self, request: &Request) -> Answer {
        self.refused = match request {
            request if request.wants_name => Some(Refused::Nameless),
            request if request.name == self.own => Some(Refused::OwnName),
            _ => None,
        };
        match self.refused {
            Some(_) => Answer::NotAllowed,
            None if self.shared.open().contains_key(&request.name) => Answer::Alive,
            None => Answer::Ok,
        }
    }

    fn replace(&mut self, peer: &PeerIdentity) {
        drop(self.shared.open().remove(&peer.name));
    }
}

pub(super) async fn serve(socket: TcpStream, local: Local, shared: Arc<Shared>) {
    let mut door = Door { own: &local.name, shared: &shared, refused: None };
    let connection = match raw::accept(socket, local.clone(), &mut door).await {
        Ok(connection) => connection,
        Err(error) => {
            let why = match door.refused {
                Some(Refused::Nameless) => return,
                Some(Refused::OwnName) => "it calls itself as this node does".into(),
                None => Untrusted::of(Chain(&error)),
            };
            return shared.tell(Event::Refused { why }).await;
        }
    };
    let node = connection.peer().name.clone();
    let (alive, replaced) = oneshot::channel();
    // One that came at the same moment goes.
    drop(shared.open().insert(node.clone(), alive));
    shared.tell(Event::Up { node: Untrusted::new(&node) }).await;
    let (why, replaced) = tokio::select! {
        why = hear(connection, &local, &shared) => (why, false),
        _ = replaced => ("a new connection took its place".into(), true),
    };
    if !replaced {
        drop(shared.open().remove(&node));
    }
    shared.tell(Event::Down { node: Untrusted::new(&node), why }).await;
}

/// Until the connection ends; returns the reason.
async fn hear(mut connection: Connection, local: &Local, shared: &Shared) -> Untrusted {
    let own =
        Pid { node: Atom::new(&local.name).unwrap_or(atom!("nonode")), id: 1, serial: 0, creation: local.creation };
    let writer = connection.writer().clone();
    let PeerIdentity { name: node, negotiated: flags, .. } = connection.peer().clone();
    loop {
        let signal = match connection.next().await.map(Heard::from) {
            Ok(Heard::Tick) => continue,
            Ok(Heard::Signal(signal)) => signal,
            Err(end) => return ended(&end).into(),
        };
        if let Err(error) = take(signal, &own, flags, &writer, shared, &node).await {
            return Untrusted::of(Chain(&error));
        }
    }
}

async fn take(
    signal: Signal,
    own: &Pid,
    flags: Flags,
    writer: &Writer,
    shared: &Shared,
    node: &str,
) -> std::io::Result<()> {
    let event = match signal {
        Signal::Message { from, to, term } => {
            let Some(event) = message(from, to, &term, own, flags, writer, shared).await? else { return Ok(()) };
            event
        }
        Signal::Unlink { id, from, to } => {
            if let Some(id) = id {
                write(writer, &encoded(writer.form(), &(36_u8, id, &to, &from), None)).await?;
            }
            Event::Signal { kind: "unlink", from, to: To::Pid(to), about: Untrusted::default() }
        }
        Signal::Monitor { from, to, reference } => {
            if let To::Pid(pid) = &to {
                // Nobody is there but the names.
                write(writer, &encoded(writer.form(), &(28_u8, pid, &from, &reference), Some(NOPROC))).await?;
            }
            Event::Signal { kind: "monitor", from, to, about: Untrusted::of(Text::of(&Term::from(&reference))) }
        }
        Signal::Link { from, to } => {
            write(writer, &encoded(writer.form(), &(24_u8, &to, &from), Some(NOPROC))).await?;
            Event::Signal { kind: "link", from, to: To::Pid(to), about: Untrusted::default() }
        }
        Signal::Exit { from, to, reason } => {
            Event::Signal { kind: "exit", from, to, about: Untrusted::of(Text::of(&reason)) }
        }
        Signal::Broken(why) => Event::Broken { node: Untrusted::new(node), why: why.into() },
        _ => return Ok(()),
    };
    shared.tell(event).await;
    Ok(())
}

/// Answers a message, and returns the part that is printed.
async fn message(
    from: Option<Pid>,
    to: To,
    term: &RawTerm,
    own: &Pid,
    flags: Flags,
    writer: &Writer,
    shared: &Shared,
) -> std::io::Result<Option<Event>> {
    if let Ok((tag, (caller, reference), request)) = term.decode::<(Atom, (Pid, RawTerm), RawTerm)>()
        && tag == "$gen_call"
    {
        if to == To::Name(atom!("net_kernel")) {
            // Node.ping.
            let yes = [131, 100, 0, 3, b'y', b'e', b's'];
            reply(&caller, &reference, &yes, own, flags, writer).await?;
            return Ok(None);
        }
        if let Some(answer) = &shared.reply {
            reply(&caller, &reference, answer, own, flags, writer).await?;
        }
        return Ok(Some(Event::Message {
            kind: "call",
            from: Some(caller),
            to,
            _room: shared.room(&request).await,
            term: request,
        }));
    }
    if let Ok((tag, request)) = term.decode::<(Atom, RawTerm)>()
        && tag == "$gen_cast"
    {
        return Ok(Some(Event::Message { kind: "cast", from, to, _room: shared.room(&request).await, term: request }));
    }
    if let (Some(answer), Some(from)) = (&shared.reply, &from) {
        write(writer, &encoded(writer.form(), &(2_u8, atom!(""), from), Some(answer))).await?;
    }
    Ok(Some(Event::Message { kind: "plain", from, to, _room: shared.room(term).await, term: term.clone() }))
}

/// Returns the reply to a `gen_server` call: to the alias in its tag if there is one, otherwise to the caller.
async fn reply(
    caller: &Pid,
    tag: &RawTerm,
    answer: &[u8],
    own: &Pid,
    flags: Flags,
    writer: &Writer,
) -> std::io::Result<()> {
    let mut payload = vec![131, 104, 2];
    payload.extend(tag.as_bytes());
    payload.extend(&answer[1..]);
    let alias = tag.decode::<Term>().ok().and_then(|tag| alias(&tag)).filter(|_| flags.contains(Flags::ALIAS));
    let form = writer.form();
    let frame = match alias {
        Some(alias) if flags.contains(Flags::ALTACT_SIG) => encoded(form, &(37_u8, 4_u8, own, alias), Some(&payload)),
        Some(alias) => encoded(form, &(33_u8, own, alias), Some(&payload)),
        None => encoded(form, &(2_u8, atom!(""), caller), Some(&payload)),
    };
    write(writer, &frame).await
}

/// Returns the reference in `[alias | Reference]`.
fn alias(tag: &Term) -> Option<Reference> {
    let list = tag.as_improper_list()?;
    let is_alias = list.iter().len() == 1 && list.iter().all(|element| element.is_atom("alias"));
    list.tail().as_reference().filter(|_| is_alias)
}

/// Small integers, atoms and terms from a node can always be encoded.
fn encoded(form: FrameForm, control: &impl nodex_core::convert::IntoTerm, payload: Option<&[u8]>) -> Vec<u8> {
    frame_in(form, control, payload).unwrap_or_default()
}
