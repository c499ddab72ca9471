//! What calls of a node leave behind, when they end, and when they are written: seen by a peer whose frames are written by
//! hand, while the runtime of the node runs and while it is held up.
#![allow(clippy::unwrap_used)]

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    sync::mpsc,
    time::{Duration, Instant},
};

use nodex_core::{
    atom,
    convert::{FromTerm, IntoTerm},
    etf::{Decoder, Encoder},
    node::{CallError, Node, NodeBuilder, testing::RawPeer},
    protocol::{
        Cookie, Flags,
        control::{self, Control, PidTerm, Target},
    },
    term::Atom,
};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

const PEER: &str = "peer@127.0.0.1";
const PATIENCE: Duration = Duration::from_secs(60);

/// A node on a thread of its own, callers on another one, and this thread as the peer.
struct World {
    node: Node,
    peer: UnixStream,
    served: Runtime,
    callers: Runtime,
    _raw: RawPeer,
}

impl World {
    fn new() -> Self {
        let [served, callers] =
            [(); 2].map(|()| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
        let (node, mut raw) = served.block_on(async {
            let cookie = Cookie::new("secret").unwrap();
            let node = NodeBuilder::new().epmd_port(1).start("ours@127.0.0.1", cookie).await.unwrap();
            let raw = RawPeer::connect(&node, PEER, 9, Flags::HIDDEN).unwrap();
            (node, raw)
        });
        let peer = raw.socket().try_clone().unwrap();
        peer.set_nonblocking(false).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        World { node, peer, served, callers, _raw: raw }
    }

    fn request(&self, message: impl IntoTerm + Send + 'static, limit: Duration) -> JoinHandle<Result<i64, CallError>> {
        let node = self.node.clone();
        self.callers.spawn(async move { node.request((atom!("server"), atom!(PEER)), message, limit).await })
    }

    fn call(&self, message: impl IntoTerm + Send + 'static, limit: Duration) -> JoinHandle<Result<i64, CallError>> {
        let node = self.node.clone();
        self.callers.spawn(async move { node.call((atom!("server"), atom!(PEER)), message, limit).await })
    }

    fn result<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        self.callers.block_on(task).unwrap()
    }

    /// The next frame that is no tick.
    fn frame(&mut self) -> Vec<u8> {
        loop {
            let mut length = [0; 4];
            self.peer.read_exact(&mut length).unwrap();
            let mut frame = vec![0; u32::from_be_bytes(length) as usize];
            self.peer.read_exact(&mut frame).unwrap();
            if !frame.is_empty() {
                return frame;
            }
        }
    }

    /// The next frame, a message to a name: who sent it, encoded, and what it says.
    fn message<T: FromTerm>(&mut self) -> (Vec<u8>, T) {
        let frame = self.frame();
        match control::decode(&frame).unwrap().1 {
            Control::Send { from: Some(from), to: Target::Name(name), message, .. }
                if name.name_bytes() == b"server" =>
            {
                (from.as_bytes().to_vec(), T::decode(&mut Decoder::new(message)).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    /// The next frame, a monitor that is set or taken away: which, and its reference, encoded.
    fn monitor(&mut self) -> (bool, Vec<u8>) {
        let frame = self.frame();
        match control::decode(&frame).unwrap().1 {
            Control::Monitor { reference, .. } => (true, reference.as_bytes().to_vec()),
            Control::Demonitor { reference, .. } => (false, reference.as_bytes().to_vec()),
            other => panic!("{other:?}"),
        }
    }

    /// Answers, all in one write.
    fn reply(&mut self, replies: &[(&[u8], i64)]) {
        let mut out = Encoder::new();
        for (to, number) in replies {
            let mut message = Encoder::new();
            number.encode(&mut message).unwrap();
            let (to, message) = (Target::Pid(PidTerm::new(to).unwrap()), &message.to_vec()[..]);
            let reply = Control::Send { from: None, to, token: None, priority: false, message };
            reply.encode(Flags::HIDDEN, &mut out).unwrap();
        }
        self.peer.write_all(&out.to_vec()).unwrap();
    }

    /// Holds up the runtime that serves the node's connections, until the value is dropped.
    fn hold_up(&self) -> mpsc::Sender<()> {
        let ((release, released), (begun, has_begun)) = (mpsc::channel(), mpsc::channel());
        self.served.spawn(async move {
            begun.send(()).unwrap();
            assert!(released.recv().is_err());
        });
        has_begun.recv().unwrap();
        release
    }

    /// Whether something has come, without waiting.
    fn has_come(&mut self) -> bool {
        self.peer.set_nonblocking(true).unwrap();
        let mut byte = [0];
        let peeked = rustix::net::recv(&self.peer, &mut byte, rustix::net::RecvFlags::PEEK);
        self.peer.set_nonblocking(false).unwrap();
        match peeked {
            Ok((_, count)) => count > 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_call_takes_its_monitor_along_however_it_ends() {
    let mut world = World::new();
    // Given up.
    let task = world.call(1, PATIENCE);
    let (set, reference) = world.monitor();
    let (_, (gen_call, _, one)): (_, (Atom, nodex_core::term::RawTerm, i64)) = world.message();
    assert!(set && gen_call == "$gen_call" && one == 1);
    task.abort();
    assert_eq!(world.monitor(), (false, reference));
    assert!(world.callers.block_on(task).unwrap_err().is_cancelled());

    // Not answered.
    let limit = Duration::from_millis(30);
    let began = Instant::now();
    let task = world.call(2, limit);
    let (_, reference) = world.monitor();
    world.frame();
    assert_eq!(world.monitor(), (false, reference));
    assert!(began.elapsed() >= limit);
    assert!(matches!(world.result(task), Err(CallError::Timeout { limit: said }) if said == limit));
}

#[test]
fn what_cannot_be_encoded_leaves_nothing() {
    let mut world = World::new();
    for task in [world.call((atom!("a"), f64::NAN), PATIENCE), world.request((atom!("a"), f64::NAN), PATIENCE)] {
        assert!(matches!(world.result(task), Err(CallError::Encode(_))));
    }
    let task = world.request(3, PATIENCE);
    let (from, three): (_, i64) = world.message();
    assert_eq!(three, 3);
    world.reply(&[(&from, 4)]);
    assert_eq!(world.result(task).unwrap(), 4);
}

#[test]
fn calls_end_at_their_times_and_never_before_though_the_runtime_of_the_node_is_held_up() {
    let world = World::new();
    let held_up = world.hold_up();
    let begun: Vec<_> = [90, 10, 50, 0, 10]
        .map(|milliseconds| {
            let limit = Duration::from_millis(milliseconds);
            (Instant::now(), limit, world.request(milliseconds, limit))
        })
        .into();
    for (began, limit, task) in begun {
        assert!(matches!(world.result(task), Err(CallError::Timeout { limit: said }) if said == limit));
        assert!(began.elapsed() >= limit);
    }
    drop(held_up);
}

#[test]
fn a_limit_that_no_clock_can_show_is_none() {
    let mut world = World::new();
    let task = world.request(1, Duration::MAX);
    let (from, _): (_, i64) = world.message();
    world.reply(&[(&from, 2)]);
    assert_eq!(world.result(task).unwrap(), 2);
}

#[test]
fn calls_are_written_at_once_where_replies_come_alone_and_together_where_they_do_not() {
    let mut world = World::new();
    let first = world.request(1, PATIENCE);
    let (from, _): (_, i64) = world.message();
    world.reply(&[(&from, 10)]);
    assert_eq!(world.result(first).unwrap(), 10);

    // Alone: whoever calls writes, and nobody else could.
    let held_up = world.hold_up();
    let second = world.request(2, PATIENCE);
    let (second_from, two): (_, i64) = world.message();
    assert_eq!(two, 2);
    drop(held_up);
    let third = world.request(3, PATIENCE);
    let (third_from, _): (_, i64) = world.message();
    world.reply(&[(&third_from, 30), (&second_from, 20)]);
    assert_eq!([second, third].map(|task| world.result(task).unwrap()), [20, 30]);

    // Together: those who are woken together are written together, by the driver.
    let held_up = world.hold_up();
    let tasks = [4, 5].map(|number| world.request(number, PATIENCE));
    // The thread of the callers has done all that it had to.
    world.result(world.callers.spawn(tokio::task::yield_now()));
    assert!(!world.has_come());
    drop(held_up);
    let froms = [4, 5].map(|number| {
        let (from, said): (_, i64) = world.message();
        assert_eq!(said, number);
        from
    });
    world.reply(&[(&froms[1], 50), (&froms[0], 40)]);
    assert_eq!(tasks.map(|task| world.result(task).unwrap()), [40, 50]);
}
