//! Peers that take all that they can get of a node, beside one that takes little.

mod adversary;

use std::{
    fs,
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use adversary::{
    entrances::{HEALTHY, Healthy},
    link::{Came, Link, PATIENCE},
    scene::{Scene, Side},
    wire::{atom, binary, int, ping, reg_send, tuple},
};

/// Messages that a connection may have handled at a stretch: its turn is 16 KiB, and each of these counts for more than
/// 256 bytes.
const TURN: u64 = 64;

/// Three peers send as fast as they can. While the node works off what a fourth one sent at once, each of them has no more
/// messages handled than that one: counted by the node itself, whoever gets a processor when.
#[test]
fn connections_take_turns() {
    const MINE: u64 = 640;
    const OTHERS: u64 = 3;
    let scene = Scene::set(Side::Peer, &[]);
    let end = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..OTHERS).map(|i| busy(scene.peer(&format!("busy{i}@127.0.0.1")), end.clone())).collect();
    let mut link = scene.peer(HEALTHY);
    let one = reg_send(&link.me, "any", &tuple(&[&atom("handled")]));
    let mut rounds: Vec<u64> = (0..50)
        .map(|_| {
            link.send(&one.repeat(MINE as usize));
            let counts: Vec<u64> =
                (0..MINE).map(|_| number(&link.reply(Instant::now() + PATIENCE).expect("a count"))).collect();
            assert!(counts.is_sorted_by(|one, next| one < next), "{counts:?}");
            counts[counts.len() - 1] - counts[0] + 1 - MINE
        })
        .collect();
    end.store(true, Ordering::Relaxed);
    let handled: usize = busy.into_iter().map(|busy| busy.join().expect("a busy peer")).sum();
    rounds.sort_unstable();
    let half = rounds[rounds.len() / 2];
    println!("{half} messages of {OTHERS} others beside {MINE} of one, {rounds:?} in all rounds; {handled} in all");
    assert!(rounds.iter().any(|others| *others > 0), "the others were never handled beside it");
    // What the node has not got at once, because the sender lost its processor, others may have been handled for.
    assert!(half <= OTHERS * (MINE + 2 * TURN), "{half} messages of {OTHERS} others beside {MINE} of one");
}

/// A small or a large integer that is not negative.
fn number(term: &[u8]) -> u64 {
    match term {
        [97, value] => u64::from(*value),
        [98, bytes @ ..] => u64::from(u32::from_be_bytes(bytes.try_into().expect("four bytes"))),
        _ => panic!("no count: {}", term.escape_ascii()),
    }
}

/// Peers that send without reading, whose calls never end, or that send as fast as they read, slow down themselves. How
/// long a healthy peer waits beside them is measured and shown, for `NODEX_MEASURE_SECONDS` each, one unless set.
///
/// As fast as they can, the peers and the node take all the processors that there are, and what is measured is the
/// system's own turns as well. So there are also peers that leave some: so many messages each millisecond.
#[test]
fn the_greed_of_others() {
    let seconds = std::env::var("NODEX_MEASURE_SECONDS").ok().map_or(1, |text| text.parse().expect("seconds"));
    let time = Duration::from_secs(seconds);
    let scene = Scene::set(Side::Peer, &[]);
    let before = scene.victim.memory_kib().expect("the node runs");
    let alone = beside(&scene, || thread::sleep(time));
    alone.show("alone", &alone);

    let mut during = 0;
    let unread = beside(&scene, || {
        let unread: Vec<_> = greedy(&scene, time).into_iter().map(|link| link.join().expect("a greedy peer")).collect();
        during = scene.victim.memory_kib().expect("the node runs");
        drop(unread);
    });
    unread.show("beside 3 that do not read", &alone);
    println!("{during} KiB, {before} before");
    assert!(during <= before + 64 * 1024, "{during} KiB, {before} before");

    for (count, paced) in [(1, None), (3, None), (3, Some(5)), (3, Some(50)), (3, Some(150))] {
        let end = Arc::new(AtomicBool::new(false));
        let mut handled = 0;
        let waits = beside(&scene, || {
            let peers = (0..count).map(|i| scene.peer(&format!("busy{i}@127.0.0.1")));
            let peers: Vec<_> = match paced {
                None => peers.map(|link| busy(link, end.clone())).collect(),
                Some(burst) => peers.map(|link| bursts(link, burst, end.clone())).collect(),
            };
            thread::sleep(time);
            end.store(true, Ordering::Relaxed);
            handled = peers.into_iter().map(|busy| busy.join().expect("a busy peer")).sum();
        });
        let how = paced.map_or("as fast as they can".to_owned(), |burst| format!("{burst} each millisecond"));
        waits.show(&format!("beside {count}, {how}, {} messages/s", handled as u64 / seconds), &alone);
    }
    scene.peer("after@127.0.0.1").answers().expect("a ping afterwards");
}

/// How long a healthy peer has waited for each answer, the shortest first, and how much of a processor the node took.
struct Waits {
    waits: Vec<Duration>,
    processor: f64,
}

/// Measured while something else goes on.
fn beside(scene: &Scene, others: impl FnOnce()) -> Waits {
    let healthy = Healthy::start(scene.peer(HEALTHY));
    let (started, used) = (Instant::now(), processor_time(scene));
    others();
    let processor = (processor_time(scene) - used).as_secs_f64() / started.elapsed().as_secs_f64();
    Waits { waits: healthy.waits(), processor }
}

impl Waits {
    fn at(&self, share: f64) -> Duration {
        self.waits[((self.waits.len() - 1) as f64 * share) as usize]
    }

    fn show(&self, what: &str, alone: &Waits) {
        assert!(!self.waits.is_empty(), "no ping {what}");
        let ratio = self.at(0.5).as_secs_f64() / alone.at(0.5).as_secs_f64();
        let [half, most, longest] = [0.5, 0.99, 1.0].map(|share| self.at(share));
        println!(
            "{what}: {} pings, half within {half:.1?} ({ratio:.2} x), 99 % within {most:.1?}, all {longest:.1?}; \
             the node takes {:.0} % of a processor",
            self.waits.len(),
            self.processor * 100.0
        );
    }
}

/// What the node has used of the processors so far; the system counts in hundredths of a second.
fn processor_time(scene: &Scene) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", scene.victim.id())).expect("the node runs");
    // The name in parentheses may have spaces in it.
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}

/// Peers that send as fast as they can and do not read, each with another kind of call.
fn greedy(scene: &Scene, time: Duration) -> Vec<thread::JoinHandle<Link>> {
    let payloads = [
        ping(&binary(&[7; 1000])),
        tuple(&[&atom("never"), &binary(&[7; 1000])]),
        tuple(&[&atom("later"), &int(50), &binary(&[7; 1000])]),
    ];
    let start = |(i, payload): (usize, Vec<u8>)| {
        let mut link = scene.peer(&format!("greedy{i}@127.0.0.1"));
        thread::spawn(move || {
            let message = reg_send(&link.me, "any", &payload).repeat(20);
            link.socket.set_write_timeout(Some(Duration::from_millis(100))).expect("a time-out");
            let until = Instant::now() + time;
            while Instant::now() < until {
                link.send(&message);
            }
            link
        })
    };
    payloads.into_iter().enumerate().map(start).collect()
}

/// Sends small messages as fast as it can while another thread reads the replies; returns how many came.
fn busy(mut link: Link, end: Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        let reply = reply_size(&mut link);
        let mut writer = link.socket.try_clone().expect("a second handle");
        let message = reg_send(&link.me, "any", &ping(&int(1))).repeat(1000);
        let writing = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) && writer.write_all(&message).is_ok() {}
            writer.shutdown(std::net::Shutdown::Write).expect("a connected socket");
        });
        let (mut reader, mut chunk, mut bytes) = (link.socket, vec![0; 1 << 20], 0);
        while let Ok(count @ 1..) = reader.read(&mut chunk) {
            bytes += count;
        }
        writing.join().expect("the writer");
        bytes / reply
    })
}

/// Sends so many small messages, reads the replies, and waits for the next millisecond; returns how many came.
fn bursts(mut link: Link, burst: usize, end: Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        let reply = reply_size(&mut link);
        let message = reg_send(&link.me, "any", &ping(&int(1))).repeat(burst);
        let (mut chunk, mut bytes, mut due) = (vec![0; 1 << 20], 0, 0);
        while !end.load(Ordering::Relaxed) {
            let next = Instant::now() + Duration::from_millis(1);
            link.send(&message);
            due += burst * reply;
            while bytes < due {
                match link.socket.read(&mut chunk).expect("replies") {
                    0 => panic!("the end after {bytes} bytes"),
                    count => bytes += count,
                }
            }
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        bytes / reply
    })
}

/// Bytes of a reply to this peer, with its length.
fn reply_size(link: &mut Link) -> usize {
    link.call(&ping(&int(1)));
    loop {
        if let Came::Frame(frame) = link.next(Instant::now() + PATIENCE).expect("a reply") {
            return 4 + frame.len();
        }
    }
}
