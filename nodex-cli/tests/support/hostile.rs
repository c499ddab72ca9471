//! An epmd and a node that say nothing but what could harm a terminal or a script.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nodex_core::{
    atom,
    convert::{IntoTerm, term_to_binary},
    protocol::control::{Control, ProcTerm, Target, decode},
    term::{Atom, Pid, Port, RawTerm, Reference, Term},
};

use nodex_testkit::peer::{
    handshake::{self, FLAGS},
    link::{Came, Link, PATIENCE},
    wire,
};

use super::world::COOKIE;

/// `DFLAG_ALIAS` and `DFLAG_SPAWN`, so that it is called in other ways.
const ALIAS: u64 = 1 << 35;
const SPAWN: u64 = 1 << 32;

/// Colours, a bell, a cleared screen, C1, text from right to left, ends of lines, zero width, and a forged line.
pub(crate) const EVIL: &str =
    "a\x1b[31m\x1b]0;title\x07\r\t\x08\x7f\u{9b}2J\u{85}\u{202e}\u{2028}\u{200b}\u{feff}\u{e0041}\nFORGED line";

/// The same on one line, for where a line ends a name.
pub(crate) fn evil_line() -> String {
    EVIL.replace('\n', "")
}

/// The node in epmd that answers, by the part before its `@`.
pub(crate) const NODE: &str = "evil";

pub(crate) struct Hostile {
    port: u16,
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    ports: [u16; 2],
}

impl Hostile {
    pub(crate) fn start() -> Hostile {
        let listener = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (epmd, node) = (listener(), listener());
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        let ports = [port(&epmd), port(&node)];
        let ends = Arc::new(AtomicBool::new(false));
        let node_port = ports[1];
        let threads = vec![
            serve(epmd, ends.clone(), move |socket| serve_epmd(socket, node_port)),
            serve(node, ends.clone(), |socket| {
                // It ends with its connection.
                let _ = serve_node(socket);
            }),
        ];
        Hostile { port: ports[0], ends, threads, ports }
    }

    pub(crate) fn epmd_port(&self) -> u16 {
        self.port
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        for port in self.ports {
            // It wakes who accepts.
            let _ = TcpStream::connect(("127.0.0.1", port));
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Serves everybody who comes, each on a thread.
fn serve(
    listener: TcpListener,
    ends: Arc<AtomicBool>,
    with: impl Fn(TcpStream) + Clone + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            if ends.load(Ordering::Acquire) {
                return;
            }
            // Nobody who is served is waited for without end.
            let _ = socket.set_read_timeout(Some(Duration::from_secs(120)));
            let with = with.clone();
            thread::spawn(move || with(socket));
        }
    })
}

fn serve_epmd(mut socket: TcpStream, node_port: u16) {
    let mut request = [0; 2];
    if socket.read_exact(&mut request).is_err() {
        return;
    }
    let mut request = vec![0; usize::from(u16::from_be_bytes(request))];
    if socket.read_exact(&mut request).is_err() {
        return;
    }
    let evil = evil_line();
    let answer = match request.split_first() {
        Some((b'n', _)) => {
            let mut names = 4369_u32.to_be_bytes().to_vec();
            for name in [NODE, &evil, "two words", &format!("{evil}{evil}")] {
                names.extend(format!("name {name} at port {node_port}\n").bytes());
            }
            names
        }
        Some((b'z', name)) if name == NODE.as_bytes() => {
            let mut entry = vec![b'w', 0];
            entry.extend(node_port.to_be_bytes());
            entry.extend([77, 0, 0, 6, 0, 6, 0, name.len() as u8]);
            entry.extend(name);
            entry.extend([0, evil.len() as u8]);
            entry.extend(evil.bytes());
            entry
        }
        _ => vec![b'w', 1],
    };
    let _ = socket.write_all(&answer);
}

/// A list of what may be anywhere in an answer.
pub(crate) fn evil_term() -> Term {
    let atom = Atom::new(EVIL).expect("an atom");
    let evil_atom = Term::from(&atom);
    let bytes = EVIL.as_bytes().to_vec();
    let mut latin1 = bytes.clone();
    latin1.push(0x9b);
    let pair = Term::tuple([&evil_atom, &evil_atom]);
    let all = vec![
        evil_atom.clone(),
        Term::charlist(EVIL),
        Term::binary(&bytes),
        Term::binary(&latin1),
        Term::byte_list(latin1),
        Pid { node: atom.clone(), id: 1, serial: 2, creation: 3 }.into(),
        Reference::new(atom.clone(), 3, &[1, 2, 3]).expect("a reference").into(),
        Port { node: atom.clone(), id: 7, creation: 3 }.into(),
        Term::external_fun(&atom, &atom, 1),
        Term::list([&pair, &pair]),
        Term::map([(&evil_atom, &evil_atom), (&Term::binary(bytes), &pair)]),
        Term::improper_list([&evil_atom], &evil_atom),
    ];
    Term::tuple(all)
}

/// A control message of the library's terms, and an encoded payload.
fn frame(control: &impl IntoTerm, payload: &[u8]) -> Vec<u8> {
    let control = term_to_binary(control).expect("a control message");
    wire::message(&control[1..], &payload[1..])
}

/// Lets everybody in, and answers everything with what is evil.
fn serve_node(mut socket: TcpStream) -> Option<()> {
    handshake::accept_with(&mut socket, FLAGS & !ALIAS & !SPAWN, &format!("{NODE}@127.0.0.1"), COOKIE).ok()?;
    let mut link = Link::new(socket, NODE);
    loop {
        if let Came::Frame(heard) = link.next(Instant::now() + PATIENCE).ok()?
            && let Ok((_, control)) = decode(&heard)
        {
            link.send(&answer(&control));
        }
    }
}

fn answer(control: &Control<'_>) -> Vec<u8> {
    let evil = term_to_binary(&evil_term()).expect("a term");
    match *control {
        Control::Monitor { from, to, reference } => {
            let (from, reference): (Pid, Reference) =
                (from.to_pid().expect("a pid"), reference.to_reference().expect("a reference"));
            match to {
                ProcTerm::Name(name) if name.name().is_ok_and(|name| name.as_ref() == "mortal") => {
                    frame(&(28_u8, atom!("mortal"), from, reference), &evil)
                }
                ProcTerm::Name(name) if name.name().is_ok_and(|name| name.as_ref() == "nobody") => {
                    let noproc = term_to_binary(&atom!("noproc")).expect("a term");
                    frame(&(28_u8, atom!("nobody"), from, reference), &noproc)
                }
                _ => Vec::new(),
            }
        }
        Control::Send { from, to, message, .. } => {
            let Target::Name(to) = to else { return Vec::new() };
            if to.name().is_ok_and(|name| matches!(name.as_ref(), "mortal" | "nobody")) {
                return Vec::new();
            }
            let message = RawTerm::new(message.to_vec()).expect("a term");
            let Ok((_, (caller, tag), request)) = message.decode::<(Atom, (Pid, RawTerm), RawTerm)>() else {
                // A plain message.
                let from = from.and_then(|from| from.to_pid().ok()).expect("a sender");
                return frame(&(2_u8, atom!(""), from), &evil);
            };
            let reply = term_to_binary(&(tag, function_result(&request))).expect("a term");
            frame(&(2_u8, atom!(""), caller), &reply)
        }
        _ => Vec::new(),
    }
}

/// What a call of a function gives: things of the form that is expected, where one is.
fn function_result(request: &RawTerm) -> Term {
    let evil = Term::from(Atom::new(EVIL).expect("an atom"));
    let text = Term::from(EVIL);
    let list = |elements: Vec<Term>| Term::list(elements);
    let tuple = |elements: Vec<Term>| Term::tuple(elements);
    let Ok((call, module, function, ..)) = request.decode::<(Atom, Atom, Atom, RawTerm, RawTerm)>() else {
        return evil_term();
    };
    assert_eq!(call, "call");
    match (module.as_str(), function.as_str()) {
        ("erlang", "registered") => list(vec![evil.clone(), atom!("fine").into(), evil]),
        ("erlang", "system_info") => tuple(vec![atom!("badrpc").into(), evil]),
        ("nodex", "info") => {
            Term::map(["nodex", "os_pid", "uptime", "connections"].map(|key| (Atom::new(key).expect("an atom"), &evil)))
        }
        ("nodex", "functions") => list(vec![
            tuple(vec![evil.clone(), evil.clone(), evil.clone(), text.clone()]),
            tuple(vec![text.clone(), text.clone(), text.clone(), evil_term()]),
        ]),
        ("erlang", "error") => tuple(vec![atom!("badrpc").into(), evil_term()]),
        _ => evil_term(),
    }
}

/// An executable, with a name that is as bad, that says what is evil on both outputs, and then `then`, in a shell.
pub(crate) fn evil_program(folder: &Path, then: &str) -> PathBuf {
    let path = folder.join(evil_line().replace('/', ""));
    let say = "printf '%s\\n' \"$EVIL\"; printf '%s\\n' \"$EVIL\" >&2;";
    fs::write(&path, format!("#!/bin/sh\n{say}\n{then}\n")).expect("a program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    path
}
