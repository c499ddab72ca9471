//! Memory that a peer could decide about: queues whose entries seem to take nothing, output that nobody reads, frames over
//! the limit, buffers that stay. Each on a connection that the node has made, which a thread drives, and on one that it has
//! accepted, which is a task.

use crate::adversary;

use std::time::Instant;

use adversary::{
    gate::Gate,
    handshake::CREATION,
    link::{Came, Link, PATIENCE},
    scene::{Scene, Side, on_both_sides},
    stage::{HOST, quiet},
    victim::Victim,
    wire::{atom, binary, call, control, int, list, message, ping, reference, reg_send, signal, tuple},
    writing::Writing,
};

on_both_sides!(
    what_answers_nothing_waits_for_nobody,
    small_replies_that_wait_for_another,
    callers_that_are_kept,
    calls_that_keep_copies,
    watchers_of_a_long_reason,
    many_ends_with_long_reasons,
    requests_for_more_than_they_are,
    messages_over_the_limit_are_answered_in_their_form,
    the_buffer_of_a_long_message_is_given_back,
    values_that_are_kept_keep_little_else,
    long_errors_take_no_more_than_echoes,
);

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

fn memory(victim: &Victim) -> u64 {
    victim.memory_kib().expect("the node runs")
}

fn next_reply(link: &mut Link) -> Vec<u8> {
    link.reply(soon()).expect("a reply")
}

fn modest(victim: &Victim, before: u64, growth_mib: u64, what: &str) {
    let now = memory(victim);
    println!("{what}: {before} KiB before, {now} KiB now, {} KiB at most", victim.peak_kib().unwrap_or_default());
    assert!(now <= before + growth_mib * 1024, "{now} KiB after {before}: {what}");
}

/// Messages without a reply behind a call that waits are no entries in a queue.
fn what_answers_nothing_waits_for_nobody(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let (before, gate) = (memory(&victim), Gate::new());
    link.call(&call("wait_until", &[&gate.term(), &int(0)]));
    for name in ["silent", "silent_later"] {
        Writing::start(&link, 200_000, move |_| call(name, &[&int(1)])).finish();
    }
    modest(&victim, before, 8, "400,000 messages that are not answered");
    gate.open();
    assert_eq!(next_reply(&mut link), tuple(&[&atom("open"), &int(0)]));
    link.answers().expect("a ping afterwards");
}

/// The smallest replies have a bound as well, also those of calls that ended before the one in front of them. Their
/// messages are longer, so that they do not all lie between the two sides.
fn small_replies_that_wait_for_another(side: Side) {
    const MESSAGES: usize = 60_000;
    for name in ["size", "size_later"] {
        let Scene { mut link, victim, .. } = Scene::set(side, &[]);
        link.answers().expect("a ping");
        let (before, gate) = (memory(&victim), Gate::new());
        link.call(&call("wait_until", &[&gate.term(), &int(0)]));
        let writing = Writing::start(&link, MESSAGES, move |_| call(name, &[&binary(&[7; 600])]));
        writing.stands_still();
        modest(&victim, before, 16, name);
        gate.open();
        assert_eq!(next_reply(&mut link), tuple(&[&atom("open"), &int(0)]));
        for _ in 0..MESSAGES {
            assert_eq!(next_reply(&mut link), int(600));
        }
        writing.finish();
        link.answers().expect("a ping afterwards");
    }
}

/// Callers that are kept to be answered later count, however many there are.
fn callers_that_are_kept(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let before = memory(&victim);
    let writing = Writing::start(&link, 1_000_000, |_| call("keep_caller", &[]));
    writing.stands_still();
    modest(&victim, before, 128, "callers");
    quiet(&victim.stderr()).expect("a quiet node");
}

/// Calls without an end that keep copies of parts of their messages, whose own memory is used again, count each.
fn calls_that_keep_copies(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let before = memory(&victim);
    let pieces = vec![binary(&[7; 3000]); 60];
    let pieces = list(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let writing = Writing::start(&link, 2000, move |_| call("never_all", &[&pieces]));
    writing.stands_still();
    modest(&victim, before, 160, "calls that keep copies");
}

/// The pid of a service that the node has spawned.
fn spawned(link: &mut Link) -> Vec<u8> {
    link.call(&call("spawn", &[]));
    next_reply(link)
}

/// The same reference with another number.
fn numbered(number: u32) -> Vec<u8> {
    let mut reference = reference(HOST, CREATION);
    let end = reference.len();
    reference[end - 4..].copy_from_slice(&number.to_be_bytes());
    reference
}

/// Ends a spawned service with this reason, which is written into the socket whatever becomes of it.
fn stop(link: &mut Link, service: &[u8], reason: &[u8]) {
    let stop = message(&control(22, &[&link.me, service]), &call("stop", &[reason]));
    link.send(&stop);
}

/// All monitors and links of a process fire with its reason, one after the other, and the reason is in memory once.
fn watchers_of_a_long_reason(side: Side) {
    const WATCHERS: u32 = 60;
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    let service = spawned(&mut link);
    let me = link.me.clone();
    for number in 0..WATCHERS {
        link.send(&signal(&control(19, &[&me, &service, &numbered(number)])));
    }
    link.send(&signal(&control(1, &[&me, &service])));
    link.answers().expect("a ping");
    let before = memory(&victim);
    let reason = binary(&vec![7; 1 << 20]);
    stop(&mut link, &service, &reason);
    // Its reply tells that it is over. Nothing else is read until then.
    assert_eq!(next_reply(&mut link), atom("true"));
    modest(&victim, before, 16, "a long reason for many");
    let (mut downs, mut exits) = (0, 0);
    while downs < WATCHERS || exits < 1 {
        let Came::Frame(frame) = link.next(soon()).expect("the news") else { continue };
        assert!(frame.ends_with(&reason));
        match &frame[..6] {
            [112, 131, 104, 4, 97, 28] => downs += 1,
            [112, 131, 104, 3, 97, 24] => exits += 1,
            start => panic!("{start:?}"),
        }
    }
    link.answers().expect("a ping afterwards");
    modest(&victim, before, 16, "afterwards");
    let peak = victim.peak_kib().expect("the node runs");
    assert!(peak <= before + 32 * 1024, "{peak} KiB at most, {before} before");
}

/// A peer that has processes end with long reasons, watches them and does not read is disconnected.
fn many_ends_with_long_reasons(side: Side) {
    const SERVICES: u32 = 100;
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    let services: Vec<_> = (0..SERVICES).map(|_| spawned(&mut link)).collect();
    let me = link.me.clone();
    for (number, service) in services.iter().enumerate() {
        link.send(&signal(&control(19, &[&me, service, &numbered(number as u32)])));
    }
    link.answers().expect("a ping");
    let before = memory(&victim);
    let reason = binary(&vec![7; 1 << 20]);
    for service in &services {
        stop(&mut link, service, &reason);
    }
    victim.logs(&["WARN", HOST, "bytes of exit reasons"]).expect("the log");
    if let Some(peak) = victim.peak_kib() {
        assert!(peak <= before + 112 * 1024, "{peak} KiB at most, {before} before");
    }
}

/// Requests that come in one piece and ask for a megabyte each are answered as the peer reads.
fn requests_for_more_than_they_are(side: Side) {
    const REQUESTS: usize = 100;
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let before = memory(&victim);
    let request = reg_send(&link.me, "any", &call("large", &[&int(1 << 20)]));
    link.send(&request.repeat(REQUESTS));
    let reply = binary(&vec![7; 1 << 20]);
    assert!(next_reply(&mut link) == reply);
    modest(&victim, before, 16, "large replies that are not read");
    for _ in 1..REQUESTS {
        assert!(next_reply(&mut link) == reply);
    }
    let peak = victim.peak_kib().expect("the node runs");
    assert!(peak <= before + 24 * 1024, "{peak} KiB at most, {before} before");
}

const MAX_FRAME: usize = 100_000;

/// A message over the limit costs only that message: its sender receives an error in the form of the reply, if it waits
/// for one, and the connection continues.
fn messages_over_the_limit_are_answered_in_their_form(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[("MAX_FRAME", &MAX_FRAME.to_string())]);
    link.answers().expect("a ping");
    let (me, reference, long) = (link.me.clone(), reference(HOST, CREATION), binary(&[7; MAX_FRAME]));
    let too_big = |frame: &[u8]| {
        let text = format!("a message of {} bytes is over the limit of {MAX_FRAME}", frame.len() - 4);
        tuple(&[&atom("message_too_big"), &binary(text.as_bytes())])
    };
    let error = |frame: &[u8]| tuple(&[&atom("error"), &too_big(frame)]);
    let (from, gen_call) = (tuple(&[&me, &reference]), atom("$gen_call"));

    let plain = reg_send(&me, "any", &ping(&long));
    link.send(&plain);
    assert_eq!(next_reply(&mut link), error(&plain));

    let call_it = reg_send(&me, "any", &tuple(&[&gen_call, &from, &ping(&long)]));
    link.send(&call_it);
    assert_eq!(next_reply(&mut link), tuple(&[&reference, &error(&call_it)]));

    let apply = tuple(&[&atom("call"), &atom("m"), &atom("f"), &list(&[&long]), &atom("user")]);
    let badrpc = |frame: &[u8]| tuple(&[&atom("badrpc"), &tuple(&[&atom("EXIT"), &too_big(frame)])]);
    let block_call = reg_send(&me, "rex", &tuple(&[&gen_call, &from, &apply]));
    link.send(&block_call);
    assert_eq!(next_reply(&mut link), tuple(&[&reference, &badrpc(&block_call)]));
    let of_a_c_node = reg_send(&me, "rex", &tuple(&[&me, &apply]));
    link.send(&of_a_c_node);
    assert_eq!(next_reply(&mut link), tuple(&[&atom("rex"), &badrpc(&of_a_c_node)]));

    // Calls of `sys`, of `gen_event` and of older behaviours.
    for label in [&atom("system")[..], &me, &atom("$gen_sync_event"), &atom("$gen_sync_all_state_event")] {
        let request = reg_send(&me, "any", &tuple(&[label, &from, &ping(&long)]));
        link.send(&request);
        assert_eq!(next_reply(&mut link), tuple(&[&reference, &error(&request)]));
    }
    for (request, reply) in [("io_request", "io_reply"), ("file_request", "file_reply")] {
        let request = reg_send(&me, "user", &tuple(&[&atom(request), &me, &int(5), &ping(&long)]));
        link.send(&request);
        assert_eq!(next_reply(&mut link), tuple(&[&atom(reply), &int(5), &error(&request)]));
    }

    let function = tuple(&[&atom("any"), &atom("size"), &int(1)]);
    let request = control(29, &[&reference, &me, &me, &function, &[106]]);
    link.send(&message(&request, &list(&[&long])));
    let refused = control(31, &[&reference, &me, &int(0), &atom("message_too_big")]);
    assert_eq!(link.next(soon()).expect("an answer"), Came::Frame([&[112, 131], &refused[..]].concat()));

    // Nobody waits for an answer to these.
    let silent: [Vec<u8>; 5] = [
        reg_send(&me, "any", &tuple(&[&atom("$gen_cast"), &ping(&long)])),
        reg_send(&me, "any", &tuple(&[&atom("error"), &long])),
        message(&control(2, &[&atom(""), &adversary::wire::pid("me@127.0.0.1", 1, 0, 1)]), &ping(&long)),
        message(&control(22, &[&me, &adversary::wire::pid("me@127.0.0.1", 1, 0, 1)]), &ping(&long)),
        message(&control(33, &[&me, &reference]), &ping(&long)),
    ];
    for frame in &silent {
        link.send(frame);
    }
    link.call(&ping(&int(1)));
    assert_eq!(next_reply(&mut link), tuple(&[&atom("pong"), &int(1)]));
    victim.logs(&["ERROR", HOST, "over the limit"]).expect("the log");

    // A process that is told to end ends, whatever the reason was.
    let service = spawned(&mut link);
    link.send(&signal(&control(19, &[&me, &service, &reference])));
    let exit = message(&control(26, &[&me, &service]), &long);
    link.send(&exit);
    let down = message(&control(28, &[&service, &me, &reference]), &too_big(&exit));
    assert_eq!(link.next(soon()).expect("the news"), Came::Frame(down[4..].to_vec()));
    link.answers().expect("a ping afterwards");
    quiet(&victim.stderr()).expect("a quiet node");
}

/// After one large message, small ones that follow find the node as small as it was.
fn the_buffer_of_a_long_message_is_given_back(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let before = memory(&victim);
    for mib in [1, 20, 40, 20] {
        link.call(&call("size", &[&binary(&vec![7; mib << 20])]));
        assert_eq!(next_reply(&mut link), int((mib << 20) as i32));
        let deadline = soon();
        loop {
            link.answers().expect("a ping");
            if memory(&victim) <= before + 4 * 1024 {
                break;
            }
            assert!(Instant::now() < deadline, "{} KiB after {before} and {mib} MiB", memory(&victim));
        }
    }
}

/// A value that is kept keeps neither the room that was there for more nor what came together with it.
fn values_that_are_kept_keep_little_else(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let mut before = memory(&victim);
    let mut grows = |victim: &Victim, kept_kib: u64, what: &str| {
        let now = memory(victim);
        assert!(now <= before + 2 * kept_kib + 4096, "{what}: {now} KiB after {before}, {kept_kib} are kept");
        before = now;
    };
    let keep = |name, bytes| call(name, &[&binary(&vec![7; bytes])]);
    for _ in 0..5000 {
        link.call(&keep("keep", 1100));
        next_reply(&mut link);
    }
    grows(&victim, 5000 * 1100 / 1024, "binaries that come one by one");
    for name in ["keep_raw", "keep"] {
        let (mut batch, me) = (Vec::new(), link.me.clone());
        for i in 0..10_000 {
            batch.extend(reg_send(&me, "any", &ping(&binary(&[7; 500]))));
            if i % 10 == 0 {
                batch.extend(reg_send(&me, "any", &keep(name, 100)));
            }
        }
        link.send(&batch);
        (0..11_000).for_each(|_| drop(next_reply(&mut link)));
        grows(&victim, 1000, "small values among others");
    }
    let (mut batch, me) = (reg_send(&link.me, "any", &keep("keep", 1 << 20)), link.me.clone());
    for _ in 0..20 {
        batch.extend(reg_send(&me, "any", &call("size", &[&binary(&vec![7; 1 << 20])])));
    }
    for _ in 0..3 {
        link.send(&batch);
        (0..21).for_each(|_| drop(next_reply(&mut link)));
    }
    grows(&victim, 3 * 1024, "one large value of 21");
}

/// An error with a large reason takes about as much as a reply does, whether or not anybody waits for it.
fn long_errors_take_no_more_than_echoes(side: Side) {
    const MIB: usize = 16;
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let long = binary(&vec![7; MIB << 20]);
    let (me, function) = (link.me.clone(), tuple(&[&atom("any"), &atom("raise"), &int(1)]));
    link.call(&call("raise", &[&long]));
    assert!(next_reply(&mut link) == tuple(&[&atom("error"), &long]));
    // Nobody waits: it is logged.
    link.send(&message(&control(29, &[&reference(HOST, CREATION), &me, &me, &function, &[106]]), &list(&[&long])));
    victim.logs(&["a function failed that nobody waits for module=any function=raise"]).expect("the log");
    link.answers().expect("a ping");
    let peak = victim.peak_kib().expect("the node runs");
    assert!(peak <= (10 + 4 * MIB as u64) * 1024, "{peak} KiB at most");
    link.call(&call("panic", &[&long]));
    let told = next_reply(&mut link);
    assert!(told.starts_with(&tuple(&[&atom("error"), &[104, 2]])) && told.len() < 10_000, "{}", told.len());
    link.answers().expect("a ping afterwards");
    let peak = victim.peak_kib().expect("the node runs");
    assert!(peak <= (10 + 5 * MIB as u64) * 1024, "{peak} KiB at most");
}
