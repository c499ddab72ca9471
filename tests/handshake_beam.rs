//! The handshake, control messages and frames over a plain blocking socket against a real `erl`, with
//! this test on either side. There is no epmd: nodes listen on ports that they are told.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use nodex_core::etf::{Decoder, Encoder};
use nodex_core::protocol::channel::{Inbox, LinkLimits};
use nodex_core::protocol::control::{self, AtomTerm, Control, PidTerm, Target};
use nodex_core::protocol::handshake::{
    Acceptor, Answer, Established, Event, Framing, HandshakeError, Initiator, Local, SETUP_TIME,
};
use nodex_core::protocol::{Cookie, Flags};
use nodex_core::term::{Atom, Pid};
use nodex_testkit::free_port;

const COOKIE: &str = "handshake_beam";
const DEADLINE: Duration = Duration::from_secs(60);
const BEAM: &str = "beam@127.0.0.1";
const OURS: &str = "ours@127.0.0.1";

fn local() -> Local {
    Local::hidden(OURS, 77, Cookie::new(COOKIE).expect("a cookie"))
}

/// `erl` with these arguments after the usual ones, and this as its program.
fn erl(arguments: &[&str], eval: &str) -> Command {
    let mut erl = Command::new("erl");
    erl.args(["-noinput", "-start_epmd", "false"])
        .args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}"])
        .args(arguments)
        .args(["-eval", eval]);
    for variable in ["ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS", "ERL_EPMD_ADDRESS", "ERL_EPMD_PORT"] {
        erl.env_remove(variable);
    }
    // Nobody listens there, so no node registers anywhere.
    erl.env("ERL_EPMD_PORT", "1");
    erl
}

/// Runs a test against a node that listens on the port handed to it.
fn with_beam(test: impl FnOnce(u16)) {
    let port = free_port();
    let arguments = ["-name", BEAM, "-setcookie", COOKIE, "-erl_epmd_port", &port.to_string()];
    let main = "register(main, spawn(fun() -> receive stop -> init:stop() after 60000 -> halt(3) end end)).";
    let command = erl(&arguments, main);
    let beam = std::thread::spawn(move || nodex_testkit::run::run(command, DEADLINE));
    test(port);
    let (mut stream, established) = connect(initiator(local()), port).expect("a last connection");
    let pid = our_pid();
    let stop = Control::Send {
        from: Some(pid_term(&pid)),
        to: Target::Name(AtomTerm::new(b"\x77\x04main").expect("an atom")),
        token: None,
        priority: false,
        message: b"\x77\x04stop",
    };
    let mut out = Encoder::new();
    stop.encode(established.peer.negotiated, &mut out).expect("a message to a name");
    // A node listens before its program runs, so the first ones may find nobody by that name.
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a time-out");
    while stream.write_all(&out.to_vec()).is_ok() && !matches!(stream.read(&mut [0; 64]), Ok(0)) {}
    let ended = beam.join().expect("the BEAM's thread");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn initiator(local: Local) -> Initiator {
    Initiator::new(local, BEAM, Framing::Two, 0xFFFF_FFF0).expect("good names")
}

/// Connects as soon as somebody listens, and drives the handshake to its end.
fn connect(mut machine: Initiator, port: u16) -> Result<(TcpStream, Established), HandshakeError> {
    let start = Instant::now();
    let mut stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(start.elapsed() < DEADLINE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    stream.set_read_timeout(Some(2 * SETUP_TIME)).expect("a time-out");
    let mut buffer = [0; 4096];
    let mut done = None;
    loop {
        stream.write_all(&machine.take_output()).expect("the peer reads");
        if let Some(established) = done {
            return Ok((stream, established));
        }
        match read(&mut stream, &mut buffer) {
            0 => return Err(machine.handle_eof()),
            count => match machine.handle_input(&buffer[..count]) {
                Ok(established) => done = established,
                Err(error) => {
                    stream.write_all(&machine.take_output()).expect("the peer reads");
                    return Err(error);
                }
            },
        }
    }
}

/// Bytes read; 0 at the end of the connection, a reset included.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    match stream.read(buffer) {
        Ok(count) => count,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        Err(error) => panic!("{error}"),
    }
}

fn our_pid() -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_pid(&Pid { node: Atom::from_static(OURS), id: 5, serial: 1, creation: 77 });
    out.to_vec()
}

fn pid_term(bytes: &[u8]) -> PidTerm<'_> {
    PidTerm::new(bytes).expect("a pid")
}

/// Reads frames until one is of interest; ticks are answered.
fn until<T>(stream: &mut TcpStream, rest: Vec<u8>, mut wanted: impl FnMut(&Control<'_>) -> Option<T>) -> T {
    let mut inbox = Inbox::new(&rest, LinkLimits::default().max_frame);
    let mut buffer = [0; 4096];
    loop {
        let mut batch = inbox.batch();
        while let Some(frame) = batch.next() {
            if frame.is_empty() {
                stream.write_all(&[0; 4]).expect("the BEAM reads");
                continue;
            }
            let (op, message) = control::decode(frame).expect("a control message");
            if let Some(found) = wanted(&message) {
                return found;
            }
            assert!(!matches!(message, Control::Exit { .. }), "{op:?}");
        }
        let count = read(stream, &mut buffer);
        assert_ne!(count, 0, "the BEAM closed the connection");
        assert_eq!(inbox.push(&buffer[..count]), count, "there is room for a read of this size");
    }
}

/// Asks the BEAM's net_kernel whether it knows us, as `net_adm:ping/1` does.
fn ping(stream: &mut TcpStream, established: Established) {
    let pid = our_pid();
    // {'$gen_call', {Pid, tag}, {is_auth, 'ours@127.0.0.1'}}
    let mut call = b"\x68\x03\x77\x09$gen_call\x68\x02".to_vec();
    call.extend_from_slice(&pid);
    call.extend_from_slice(b"\x77\x03tag\x68\x02\x77\x07is_auth\x77\x0eours@127.0.0.1");
    let ask = Control::Send {
        from: Some(pid_term(&pid)),
        to: Target::Name(AtomTerm::new(b"\x77\x0anet_kernel").expect("an atom")),
        token: None,
        priority: false,
        message: &call,
    };
    let mut out = Encoder::new();
    ask.encode(established.peer.negotiated, &mut out).expect("a message to a name");
    stream.write_all(&out.to_vec()).expect("the BEAM reads");
    until(stream, established.rest, |message| match message {
        Control::Send { from: Some(from), to: Target::Pid(to), message, .. } => {
            assert_eq!((from.node(), to.as_bytes()), (BEAM.as_bytes(), &pid[..]));
            assert_eq!(*message, b"\x68\x02\x77\x03tag\x77\x03yes");
            Some(())
        }
        other => panic!("{other:?}"),
    });
}

#[test]
fn as_initiator_we_are_let_in_or_told_why_not() {
    with_beam(|port| {
        let (mut first, established) = connect(initiator(local()), port).expect("a connection");
        assert_eq!(established.peer.negotiated, Flags::HIDDEN);
        ping(&mut first, established);

        // The same name again: the old connection is replaced, or the new one given up.
        let kept = connect(initiator(local()).replace_existing(false), port);
        assert_eq!(kept.expect_err("given up"), HandshakeError::AlreadyConnected { peer: BEAM.into() });
        let (mut second, established) = connect(initiator(local()), port).expect("a connection");
        ping(&mut second, established);
        assert_eq!(read(&mut first, &mut [0; 64]), 0, "the old connection is closed");
        drop(second);

        let mut stranger = local();
        stranger.name = "stranger@127.0.0.1".into();
        stranger.cookie = Cookie::new("guess").expect("a cookie");
        let refused = connect(initiator(stranger), port).expect_err("the wrong cookie");
        assert_eq!(refused, HandshakeError::CookieRefused { peer: BEAM.into() });

        let mut poor = local();
        poor.name = "poor@127.0.0.1".into();
        poor.flags = Flags::HIDDEN.without(Flags::MANDATORY_25_DIGEST | Flags::BIG_CREATION);
        let refused = connect(initiator(poor), port).expect_err("a flag is missing");
        assert_eq!(refused, HandshakeError::NotAllowed { peer: BEAM.into() });

        let wrong = Initiator::new(local(), "other@127.0.0.1", Framing::Two, 1).expect("good names");
        let refused = connect(wrong, port).expect_err("another node");
        assert_eq!(refused, HandshakeError::WrongName { dialled: "other@127.0.0.1".into(), answered: BEAM.into() });
    });
}

#[test]
fn as_initiator_we_are_given_a_name() {
    with_beam(|port| {
        let mut nameless = local();
        nameless.name = "127.0.0.1".into();
        nameless.flags = Flags::HIDDEN | Flags::NAME_ME;
        let (_stream, established) = connect(initiator(nameless), port).expect("a connection");
        let given = established.given.expect("a name");
        assert!(given.name.ends_with("@127.0.0.1") && given.name.len() > "@127.0.0.1".len(), "{given:?}");
        assert!(given.creation > 3);
    });
}

/// Takes one connection and drives the handshake to its end.
fn accept(listener: &TcpListener, local: Local, answer: Answer) -> Result<(TcpStream, Established), HandshakeError> {
    let (mut stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(2 * SETUP_TIME)).expect("a time-out");
    let mut machine = Acceptor::new(local, Framing::Two, 7).expect("a good name");
    let mut buffer = [0; 4096];
    let mut done = None;
    loop {
        stream.write_all(&machine.take_output()).expect("the peer reads");
        if let Some(established) = done {
            return Ok((stream, established));
        }
        let count = read(&mut stream, &mut buffer);
        if count == 0 {
            return Err(machine.handle_eof());
        }
        let mut event = machine.handle_input(&buffer[..count])?;
        loop {
            event = match event {
                Some(Event::Name(_)) => machine.answer(answer.clone())?,
                Some(Event::Replace(_)) => machine.replaced()?,
                Some(Event::Established(established)) => {
                    done = Some(established);
                    None
                }
                None => break,
            };
        }
    }
}

/// A BEAM that looks for every node on our port, and runs `eval`.
fn dial_us(name: &str, cookie: &str, eval: &str) -> (TcpListener, std::thread::JoinHandle<nodex_testkit::run::Ended>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port().to_string();
    // With this option a node neither asks epmd for ports nor insists on listening.
    let command = erl(&["-name", name, "-setcookie", cookie, "-erl_epmd_port", &port, "-dist_listen", "false"], eval);
    (listener, std::thread::spawn(move || nodex_testkit::run::run(command, DEADLINE)))
}

#[test]
fn as_acceptor_we_let_a_beam_in_and_answer_its_ping() {
    for answer in [Answer::Ok, Answer::OkSimultaneous, Answer::Alive] {
        let eval = "io:format(\"~p ~p~n\", [net_adm:ping('ours@127.0.0.1'), nodes(hidden)]), init:stop().";
        let (listener, beam) = dial_us("dials@127.0.0.1", COOKIE, eval);
        let (mut stream, established) = accept(&listener, local(), answer).expect("a connection");
        assert_eq!(established.peer.name, "dials@127.0.0.1");
        assert_eq!(established.peer.negotiated, Flags::HIDDEN);
        let peer = established.peer.negotiated;
        let reply = until(&mut stream, established.rest, |message| {
            // {'$gen_call', {From, Tag}, {is_auth, Node}}; its monitor comes before.
            let Control::Send { from: Some(from), to: Target::Name(name), message, .. } = message else { return None };
            assert_eq!(name.name_bytes(), b"net_kernel");
            let mut call = Decoder::new(message);
            assert_eq!(call.tuple().ok(), Some(3));
            assert_eq!(call.atom_name().expect("an atom"), "$gen_call");
            assert_eq!(call.tuple().ok(), Some(2));
            assert_eq!(call.skip().expect("a pid"), from.as_bytes());
            // {Tag, yes}
            let tag = call.skip().expect("a tag");
            let yes = [&b"\x68\x02"[..], tag, b"\x77\x03yes"].concat();
            let to = Target::Pid(*from);
            let pid = our_pid();
            let reply = Control::Send { from: Some(pid_term(&pid)), to, token: None, priority: false, message: &yes };
            let mut out = Encoder::new();
            reply.encode(peer, &mut out).expect("a message to a pid");
            Some(out.to_vec())
        });
        stream.write_all(&reply).expect("the BEAM reads");
        let ended = beam.join().expect("the BEAM's thread");
        assert_eq!(ended.stdout, "pong ['ours@127.0.0.1']\n", "{ended:?}");
    }
}

#[test]
fn as_acceptor_we_refuse_a_beam_and_it_says_so() {
    let eval = "io:format(\"~p~n\", [net_adm:ping('ours@127.0.0.1')]), init:stop().";
    let (listener, beam) = dial_us("dials@127.0.0.1", "guess", eval);
    let error = accept(&listener, local(), Answer::Ok).expect_err("the wrong cookie");
    assert_eq!(error, HandshakeError::WrongCookie { peer: "dials@127.0.0.1".into() });
    assert_eq!(beam.join().expect("the BEAM's thread").stdout, "pang\n");

    let (listener, beam) = dial_us("dials@127.0.0.1", COOKIE, eval);
    let error = accept(&listener, local(), Answer::NotAllowed).expect_err("refused");
    assert!(matches!(error, HandshakeError::Closed { .. }), "{error}");
    assert_eq!(beam.join().expect("the BEAM's thread").stdout, "pang\n");

    let mut strict = local();
    strict.required = Flags::HIDDEN_ALTACT;
    let (listener, beam) = dial_us("dials@127.0.0.1", COOKIE, eval);
    let error = accept(&listener, strict, Answer::Ok).expect_err("a flag is missing");
    let missing = Flags::ALTACT_SIG;
    assert_eq!(error, HandshakeError::MissingFlags { peer: "dials@127.0.0.1".into(), missing });
    assert_eq!(beam.join().expect("the BEAM's thread").stdout, "pang\n");
}

#[test]
fn as_acceptor_we_give_a_beam_its_name() {
    let eval = "true = net_kernel:connect_node('ours@127.0.0.1'), io:format(\"~p~n\", [node()]), init:stop().";
    let (listener, beam) = dial_us("undefined@127.0.0.1", COOKIE, eval);
    let named = Answer::Named { name: "given@127.0.0.1".into(), creation: 4242 };
    let (_stream, established) = accept(&listener, local(), named).expect("a connection");
    assert_eq!((established.peer.name.as_str(), established.peer.creation), ("given@127.0.0.1", 4242));
    let ended = beam.join().expect("the BEAM's thread");
    assert_eq!(ended.stdout, "'given@127.0.0.1'\n", "{ended:?}");
}
