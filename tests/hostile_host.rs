//! A host with hostile nodes: it continues, calls the others, and reports the error.

use crate::adversary;
use std::{
    io::Write,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use adversary::{
    entrances::HEALTHY,
    frames,
    handshake::CREATION,
    link::{Came, Link, PATIENCE},
    scene::Scene,
    stage::{Attack, HOST, Must, Named, in_parallel, modest, quiet},
    wire::{atom, binary, control, int, message, pid, ping, reference, signal, tuple},
};
use nodex_testkit::executable::Executable;

fn host() -> Scene {
    Scene::of(&Executable::example("host_under_test"))
}

/// Waits for a line of the log behind `seen` bytes that has all these words.
fn logs_since(scene: &Scene, seen: usize, words: &[&str]) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = scene.victim.stderr();
        if log[seen..].lines().any(|line| words.iter().all(|word| line.contains(word))) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("nothing about {words:?} in the log: {}", &log[seen..]));
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Carries out attacks on hosts; each stands all that it is given, while another peer is answered.
fn attack(attacks: &[Attack]) {
    let hosts = Mutex::new(Vec::new());
    in_parallel(attacks, |attack| {
        let spare = hosts.lock().expect("no panic in there").pop();
        let (scene, mut healthy) = spare.unwrap_or_else(|| {
            let scene = host();
            let healthy = scene.peer(HEALTHY);
            (scene, healthy)
        });
        let mut link = scene.peer(HOST);
        link.answers().map_err(|error| format!("the first ping: {error}"))?;
        let seen = scene.victim.stderr().len();
        (attack.act)(&mut link, &scene.victim)?;
        match attack.must {
            Must::Stay | Must::Drop(_) => {
                link.answers().map_err(|error| format!("the next ping: {error}"))?;
                if let Must::Drop(words) = attack.must {
                    logs_since(&scene, seen, &[HOST, words])?;
                }
                link.close();
                logs_since(&scene, seen, &[HOST, "the connection has ended"])?;
            }
            Must::Close(words) => {
                link.wait_closed().map_err(|error| format!("the host does not close: {error}"))?;
                logs_since(&scene, seen, &[HOST, words])?;
            }
        }
        healthy.answers().map_err(|error| format!("a ping of the healthy peer: {error}"))?;
        modest(&scene.victim)?;
        quiet(&scene.victim.stderr())?;
        hosts.lock().expect("no panic in there").push((scene, healthy));
        Ok(())
    });
    println!("{} attacks on a host", attacks.len());
}

#[test]
fn lengths() {
    attack(&frames::lengths());
}

#[test]
fn shapes_of_frames() {
    attack(&frames::shapes());
}

#[test]
fn operations() {
    attack(&frames::operations_gone_wrong());
}

#[test]
fn senders_and_receivers() {
    attack(&frames::senders_and_receivers());
}

/// What a node does with a call, whose pid is given.
type Act = Box<dyn Fn(&mut Link, &[u8]) + Send + Sync>;

/// A node that is called and does not answer as it should.
struct Answer {
    name: &'static str,
    act: Act,
    /// The error that the caller receives, as text.
    says: &'static str,
}

impl Named for Answer {
    fn name(&self) -> &str {
        self.name
    }
}

fn answer(name: &'static str, says: &'static str, act: impl Fn(&mut Link, &[u8]) + Send + Sync + 'static) -> Answer {
    Answer { name, act: Box::new(act), says }
}

/// A message to a pid of the host.
fn to(link: &Link, pid: &[u8], payload: &[u8]) -> Vec<u8> {
    message(&control(22, &[&link.me, pid]), payload)
}

/// The same pid with another number.
fn neighbour(pid: &[u8], by: u32) -> Vec<u8> {
    let (head, rest) = pid.split_at(pid.len() - 12);
    let id = rest.first_chunk().map_or(0, |id| u32::from_be_bytes(*id));
    [head, &id.wrapping_add(by).to_be_bytes(), &rest[4..]].concat()
}

fn answers() -> Vec<Answer> {
    let pong = |caller: &[u8], link: &Link| to(link, caller, &tuple(&[&atom("pong"), &int(1)]));
    let mut rows = vec![
        answer("as it should", "{pong,1}", move |link, caller| link.send(&pong(caller, link))),
        answer("twice", "{pong,1}", move |link, caller| link.send(&pong(caller, link).repeat(2))),
        answer("a thousand times", "{pong,1}", move |link, caller| link.send(&pong(caller, link).repeat(1000))),
        answer("to everybody else first", "{pong,1}", move |link, caller| {
            for by in (1..500).chain([u32::MAX, u32::MAX / 2]) {
                let stray = to(link, &neighbour(caller, by), &atom("stray"));
                link.send(&stray);
            }
            link.send(&pong(caller, link));
        }),
        answer("to the caller in another life first", "{pong,1}", move |link, caller| {
            let mut dead = caller.to_vec();
            let end = dead.len();
            dead[end - 1] ^= 1;
            link.send(&to(link, &dead, &atom("stray")));
            link.send(&pong(caller, link));
        }),
        answer("to names that nobody has first", "{pong,1}", move |link, caller| {
            let stray = adversary::wire::reg_send(&link.me, "whoever", &tuple(&[&atom("error"), &atom("x")]));
            link.send(&stray.repeat(1000));
            link.send(&pong(caller, link));
        }),
        answer("with the end of what was never monitored first", "{pong,1}", move |link, caller| {
            let down = message(&control(28, &[&link.me, caller, &reference(HOST, CREATION)]), &atom("gone"));
            link.send(&down.repeat(100));
            link.send(&pong(caller, link));
        }),
        answer("with an exit signal first", "{pong,1}", move |link, caller| {
            let exit = message(&control(24, &[&link.me, caller]), &atom("gone"));
            let exit2 = message(&control(26, &[&link.me, caller]), &atom("kill"));
            link.send(&[exit, exit2].concat());
            link.send(&pong(caller, link));
        }),
        answer("linked and monitored by the thousand first", "{pong,1}", move |link, caller| {
            let link_to = signal(&control(1, &[&link.me, caller]));
            let monitor = signal(&control(19, &[&link.me, caller, &reference(HOST, CREATION)]));
            link.send(&[link_to, monitor].concat().repeat(1000));
            link.send(&pong(caller, link));
        }),
        answer("with what is no term", "no reply within", |link, caller| {
            let bad = to(link, caller, &[109, 255, 255, 255, 255]);
            link.send(&bad);
        }),
        answer("not at all", "no reply within", |_, _| {}),
        answer("half", "no reply within", move |link, caller| {
            let whole = pong(caller, link);
            link.send(&whole[..whole.len() / 2]);
        }),
        answer("half, and goes", "is down", move |link, caller| {
            let whole = pong(caller, link);
            link.send(&whole[..whole.len() / 2]);
            link.close();
        }),
        answer("with a reset", "is down", |link, _| link.reset()),
        answer("with the end of the connection", "is down", |link, _| link.close()),
        answer("with the beginning of no frame", "is down", |link, _| link.send(&[255; 5])),
        answer("with garbage", "is down", |link, _| link.send(b"\0\0\0\x05hello")),
    ];
    rows.push(answer("with a megabyte", "<<7,7,7", |link, caller| {
        let large = to(link, caller, &binary(&vec![7; 1 << 20]));
        link.send(&large);
    }));
    rows.push(answer("with nested lists by the million", "error: ", |link, caller| {
        let levels = 1_000_000;
        let nested = [[108, 0, 0, 0, 1].repeat(levels), vec![106; levels + 1]].concat();
        let deep = to(link, caller, &nested);
        link.send(&deep);
    }));
    rows
}

/// The pid that a call of the host comes from: `{6, From, '', Name}`.
fn caller(frame: &[u8]) -> Option<Vec<u8>> {
    let from = frame.strip_prefix(&[112, 131, 104, 4, 97, 6])?;
    let length = usize::from(*from.get(2)?);
    from.get(..3 + length + 12).map(<[u8]>::to_vec)
}

/// Answers of every kind. The caller gets its reply or a cause, and the next call to another node is answered.
#[test]
fn nodes_that_answer_wrong() {
    let hosts = Mutex::new(Vec::new());
    in_parallel(&answers(), |row| {
        let spare = hosts.lock().expect("no panic in there").pop();
        let (mut scene, mut healthy): (Scene, Link) = spare.unwrap_or_else(|| {
            let scene = host();
            let healthy = scene.peer(HEALTHY);
            (scene, healthy)
        });
        let mut link = scene.peer(HOST);
        let limit = if row.says == "no reply within" { 300 } else { 60_000 };
        let said = call(&mut scene, &mut link, "host", limit, |link, caller| (row.act)(link, caller))?;
        if !said.contains(row.says) {
            return Err(format!("{said:?}, {:?} is due; log: {}", row.says, scene.victim.stderr()));
        }
        let good = call(&mut scene, &mut healthy, "healthy", 60_000, |link, caller| {
            let pong = to(link, caller, &tuple(&[&atom("pong"), &int(2)]));
            link.send(&pong);
        })?;
        if good != "{pong,2}" {
            return Err(format!("the healthy node's answer is {good}"));
        }
        healthy.answers().map_err(|error| format!("a ping of the healthy node: {error}"))?;
        link.close();
        modest(&scene.victim)?;
        quiet(&scene.victim.stderr())?;
        hosts.lock().expect("no panic in there").push((scene, healthy));
        Ok(())
    });
}

/// Has the host call a node, which is this link, and returns what the host says of the answer.
fn call(
    scene: &mut Scene,
    link: &mut Link,
    name: &str,
    limit: u32,
    act: impl Fn(&mut Link, &[u8]),
) -> Result<String, String> {
    let seen = scene.victim.stdout().len();
    scene.victim.tell(&format!("{name} {limit}"));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match link.next(deadline).map_err(|error| format!("no call: {error}; {}", scene.victim.stderr()))? {
            Came::Frame(frame) => {
                if let Some(caller) = caller(&frame) {
                    act(link, &caller);
                    break;
                }
            }
            Came::Tick => {}
        }
    }
    loop {
        let said = scene.victim.stdout();
        if let Some(line) = said[seen..].lines().find_map(|line| line.strip_prefix(&format!("{name}: "))) {
            return Ok(line.to_owned());
        }
        if Instant::now() > deadline {
            return Err("the host says nothing of its call".to_owned());
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A node that sends without end what nobody asked for, and one that asks without reading: the host keeps its memory and
/// calls others.
#[test]
fn floods() {
    let mut scene = host();
    let mut healthy = scene.peer(HEALTHY);
    let before = scene.victim.memory_kib().expect("the host runs");
    let floods: Vec<_> = (0..2)
        .map(|i| {
            let mut link = scene.peer(&format!("flood{i}@127.0.0.1"));
            thread::spawn(move || {
                let stray = to(&link, &pid("me@127.0.0.1", 77, 0, 5), &binary(&[7; 1000]));
                let asks = adversary::wire::reg_send(&link.me, "any", &ping(&binary(&[7; 1000])));
                let bytes = if i == 0 { stray } else { asks }.repeat(20);
                link.socket.set_write_timeout(Some(Duration::from_millis(100))).expect("a time-out");
                let until = Instant::now() + Duration::from_secs(2);
                while Instant::now() < until {
                    let _ = link.socket.write(&bytes);
                }
                link
            })
        })
        .collect();
    for _ in 0..20 {
        let good = call(&mut scene, &mut healthy, "healthy", 60_000, |link, caller| {
            let pong = to(link, caller, &tuple(&[&atom("pong"), &int(3)]));
            link.send(&pong);
        });
        assert_eq!(good, Ok("{pong,3}".to_owned()));
    }
    let links: Vec<_> = floods.into_iter().map(|flood| flood.join().expect("a flood")).collect();
    let during = scene.victim.memory_kib().expect("the host runs");
    assert!(during <= before + 32 * 1024, "{during} KiB, {before} before");
    drop(links);
    healthy.answers().expect("a ping");
    quiet(&scene.victim.stderr()).expect("a quiet host");
}
