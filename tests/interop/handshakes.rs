//! The handshake with peers that do what no sound node does, or at a moment when it matters: what
//! `erl_distribution_wb_SUITE` of OTP asks of a BEAM is asked of a Rust node here.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use nodex_core::epmd::{Client, Entry, Registered};
use nodex_core::error::Chain;
use nodex_core::net::{ConnectError, LinkEnd};
use nodex_core::node::{Functions, Node, NodeBuilder, NodeEvent, Peer, Subscription};
use nodex_core::protocol::Flags;
use nodex_core::protocol::handshake::{Answer, Framing, HandshakeError, Initiator};
use tokio::task::JoinHandle;

use crate::interop::raw;
use nodex_testkit::world::{OURS, World};

/// Names on either side of ours in the order of atoms.
const LOWER: &str = "lower@127.0.0.1";
const HIGHER: &str = "peer@127.0.0.1";

fn world() -> (World, Node, u16) {
    let world = World::new();
    let node =
        world.node(OURS, NodeBuilder::new().service(Functions::new().add("add", |a: i64, b: i64| a.checked_add(b))));
    let port = world.wait(epmd(&world).lookup("ours")).expect("it is published").port;
    (world, node, port)
}

fn epmd(world: &World) -> Client {
    Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, world.epmd_port())))
}

/// Publishes a peer that listens on this port.
fn publish(world: &World, name: &str, port: u16) -> Registered {
    let name = name.split('@').next().expect("a name");
    world.wait(epmd(world).register(&Entry::hidden(name, port))).expect("epmd takes it")
}

fn next(world: &World, events: &mut Subscription<NodeEvent>) -> String {
    match world.wait(events.next()).expect("an event") {
        NodeEvent::Up { node } => format!("{node} up"),
        NodeEvent::Down { node, reason } => format!("{node} down: {reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_known_name_replaces_its_connection_once_it_has_proven_the_cookie() {
    let (world, node, port) = world();
    let mut events = node.events();
    let (mut first, _) = raw::connect(raw::local(HIGHER), OURS, port).expect("a connection");
    assert_eq!(next(&world, &mut events), format!("{HIGHER} up"));
    let peer = node.peer(HIGHER).expect("it is connected");

    // It receives the status that it is connected already, and gives up.
    let shy = Initiator::new(raw::local(HIGHER), OURS, Framing::Two, 1).expect("good names").replace_existing(false);
    let error = raw::connect_with(shy, port).expect_err("given up");
    assert_eq!(error, HandshakeError::AlreadyConnected { peer: OURS.into() });
    assert!(raw::is_open(&mut first));

    // It continues, and does not know the cookie.
    let mut stranger = raw::local(HIGHER);
    stranger.cookie = nodex_core::protocol::Cookie::new("guess").expect("a cookie");
    let error = raw::connect(stranger, OURS, port).expect_err("the wrong cookie");
    assert_eq!(error, HandshakeError::CookieRefused { peer: OURS.into() });
    assert!(raw::is_open(&mut first));

    // It lacks what every node needs.
    let error = raw::connect(raw::local_without(HIGHER, Flags::BIG_CREATION), OURS, port).expect_err("a flag");
    assert_eq!(error, HandshakeError::NotAllowed { peer: OURS.into() });
    assert!(raw::is_open(&mut first));
    assert_eq!(node.peer(HIGHER).map(|peer| peer.name().to_string()), Some(HIGHER.to_owned()));
    assert_eq!(events.try_next(), None);

    // It does all that is asked for.
    let (mut second, _) = raw::connect(raw::local(HIGHER), OURS, port).expect("a connection");
    raw::wait_closed(&mut first);
    assert_eq!(next(&world, &mut events), format!("{HIGHER} down: a new connection with the node took its place"));
    assert_eq!(next(&world, &mut events), format!("{HIGHER} up"));
    assert_eq!(world.wait(peer.ended()), LinkEnd::Replaced);
    assert!(raw::is_open(&mut second));
    drop(second);
    assert_eq!(next(&world, &mut events), format!("{HIGHER} down: the peer closed the connection"));
}

#[test]
fn nobody_comes_in_under_our_own_name() {
    let (world, node, port) = world();
    let error = raw::connect(raw::local(OURS), OURS, port).expect_err("our own name");
    assert_eq!(error, HandshakeError::NotAllowed { peer: OURS.into() });
    let error = world.wait(node.connect(OURS)).expect_err("our own name");
    assert_eq!(Chain(&error).to_string(), "ours@127.0.0.1 is this node itself");
}

/// `simultaneous_md5` with us as the node with the lower name: our own attempt gives way.
#[test]
fn simultaneous_with_a_higher_name_we_give_way() {
    let (world, node, port) = world();
    let (listener, theirs) = raw::listen();
    let _published = publish(&world, HIGHER, theirs);
    let attempt = world.spawn(async move { node.connect(HIGHER).await });
    let pending = raw::accept(&listener, raw::local(HIGHER));
    assert_eq!(pending.request.name, OURS);

    let (mut stream, _) = raw::connect(raw::local(HIGHER), OURS, port).expect("a connection");
    assert!(pending.given_up());
    let peer = world.wait(attempt).expect("no panic").expect("their connection is the one");
    assert_eq!(&**peer.name(), HIGHER);
    assert!(raw::is_open(&mut stream));
}

/// The same, but who connects to us with that name is somebody else, again and again: our own attempt goes on as if nobody
/// had come.
#[test]
fn who_only_pretends_to_be_the_other_node_does_not_keep_us_from_it() {
    for name in [HIGHER, LOWER] {
        let (world, node, port) = world();
        let (listener, theirs) = raw::listen();
        let _published = publish(&world, name, theirs);
        let stranger = || {
            let cookie = nodex_core::protocol::Cookie::new("guess").expect("a cookie");
            raw::connect(nodex_core::protocol::handshake::Local { cookie, ..raw::local(name) }, OURS, port)
        };
        // Some have come before, and are silent in the middle of their handshakes.
        let silent: Vec<_> = (0..10).map(|_| raw::introduce(raw::local(name), OURS, port)).collect();
        let connecting = node.clone();
        let attempt = world.spawn(async move { connecting.connect(name).await });
        let pending = raw::accept(&listener, raw::local(name));
        let more: Vec<_> = (0..10).map(|_| raw::introduce(raw::local(name), OURS, port)).collect();
        for _ in 0..20 {
            stranger().expect_err("the wrong cookie");
        }
        let (mut stream, _) = pending.answer(Answer::Ok).expect("our connection is the one");
        world.wait(attempt).expect("no panic").expect("our connection");
        stranger().expect_err("the wrong cookie");
        assert!(raw::is_open(&mut stream));
        drop((silent, more));
        assert!(raw::is_open(&mut stream) && node.peers().len() == 1);
    }
}

/// Both sides of a handshake answer challenges alike. So a stranger who has the node connect to it, and connects to the
/// node, could have the node answer its own challenges.
#[test]
fn nobody_is_let_in_by_an_answer_of_our_own() {
    const OTHER: &str = "other@127.0.0.1";
    let (world, node, port) = world();
    let (listener, theirs) = raw::listen();
    let _published = [publish(&world, HIGHER, theirs), publish(&world, OTHER, theirs)];
    let connect = |name: &'static str| {
        let node = node.clone();
        world.spawn(async move { node.connect(name).await })
    };
    let reflected = |attempt: JoinHandle<Result<Arc<Peer>, Arc<ConnectError>>>| {
        let error = world.wait(attempt).expect("no panic").expect_err("not answered");
        match &*error {
            ConnectError::Handshake { error: HandshakeError::Reflected { .. }, .. } => {}
            other => panic!("{other}"),
        }
    };

    // The challenge of the accepting side, sent to the connecting side.
    for claimed in [OTHER, HIGHER] {
        let (_stranger, ours) = raw::introduce(raw::local(claimed), OURS, port);
        let attempt = connect(HIGHER);
        let (mut dialled, came) = raw::accept(&listener, raw::local(HIGHER)).challenge(ours);
        assert_eq!(came, None, "an answer");
        raw::wait_closed(&mut dialled);
        reflected(attempt);
    }

    // The challenge of one attempt, sent to another one.
    let first = connect(HIGHER);
    let (dialled, came) = raw::accept(&listener, raw::local(HIGHER)).challenge(0x0BAD_CAFE);
    let ours = came.expect("a reply");
    let second = connect(OTHER);
    let (_, came) = raw::accept(&listener, raw::local(OTHER)).challenge(ours);
    assert_eq!(came, None, "an answer");
    reflected(second);
    drop(dialled);
    world.wait(first).expect("no panic").expect_err("it was given up");

    // The other way round: who knows the cookie, and asks for the answer to a challenge that is open here.
    let (mut stream, ours) = raw::introduce(raw::local(HIGHER), OURS, port);
    raw::reply(&mut stream, ours, ours);
    raw::wait_closed(&mut stream);
    assert!(node.peers().is_empty());
}

/// `simultaneous_md5` with us as the node with the higher name: the other attempt is refused.
#[test]
fn simultaneous_with_a_lower_name_ours_goes_first() {
    let (world, node, port) = world();
    let (listener, theirs) = raw::listen();
    let _published = publish(&world, LOWER, theirs);
    let attempt = world.spawn(async move { node.connect(LOWER).await });
    let pending = raw::accept(&listener, raw::local(LOWER));

    let error = raw::connect(raw::local(LOWER), OURS, port).expect_err("refused");
    assert_eq!(error, HandshakeError::Nok { peer: OURS.into() });
    let (mut stream, _) = pending.answer(Answer::OkSimultaneous).expect("our connection is the one");
    world.wait(attempt).expect("no panic").expect("our connection");
    assert!(raw::is_open(&mut stream));
}

/// We are told `nok`: the other node's connection is waited for, or our attempt made again.
#[test]
fn when_refused_we_wait_for_the_other_connection() {
    let (world, node, port) = world();
    let (listener, theirs) = raw::listen();
    let _published = publish(&world, HIGHER, theirs);
    for comes in [true, false] {
        let connecting = node.clone();
        let attempt = world.spawn(async move { connecting.connect(HIGHER).await });
        let refused = raw::accept(&listener, raw::local(HIGHER)).answer(Answer::Nok);
        assert!(refused.is_err());
        let (stream, _) = match comes {
            // It has closed its own by now, so it has read that it is refused.
            true => raw::connect(raw::local(HIGHER), OURS, port).expect("a connection"),
            false => raw::accept(&listener, raw::local(HIGHER)).answer(Answer::Ok).expect("a connection"),
        };
        let peer = world.wait(attempt).expect("no panic").expect("a connection");
        drop(stream);
        world.wait(peer.ended());
    }
}

/// `missing_compulsory_dflags`, as the node that is connected to and as the one that connects.
#[test]
fn a_peer_that_lacks_a_mandatory_flag_is_refused() {
    let (world, node, port) = world();
    let (listener, theirs) = raw::listen();
    let _published = publish(&world, HIGHER, theirs);
    let bits = (0..64).map(|bit| Flags::from_bits(1 << bit)).filter(|flag| Flags::HIDDEN.contains(*flag));
    for flag in bits.filter(|flag| *flag != Flags::MANDATORY_25_DIGEST) {
        let mandatory = Flags::MANDATORY_25.contains(flag);
        match raw::connect(raw::local_without(HIGHER, flag), OURS, port) {
            Ok((stream, _)) => {
                assert!(!mandatory, "{flag}");
                let peer = world.wait(node.wait_connected(HIGHER));
                assert!(!peer.flags().contains(flag), "{flag}");
                drop(stream);
                world.wait(peer.ended());
            }
            Err(error) => {
                assert!(mandatory, "{flag}: {error}");
                assert_eq!(error, HandshakeError::NotAllowed { peer: OURS.into() }, "{flag}");
            }
        }

        let connecting = node.clone();
        let attempt = world.spawn(async move { connecting.connect(HIGHER).await });
        let answered = raw::accept(&listener, raw::local_without(HIGHER, flag)).answer(Answer::Ok);
        match world.wait(attempt).expect("no panic") {
            Ok(peer) => {
                assert!(!mandatory, "{flag}");
                drop(answered);
                world.wait(peer.ended());
            }
            Err(error) => {
                assert!(mandatory, "{flag}: {error}");
                assert!(Chain(&error).to_string().contains(&flag.to_string()), "{error}");
                assert!(answered.is_err(), "{flag}");
            }
        }
    }
}
