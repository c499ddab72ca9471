//! BEAMs that the host starts: how they come up, what they have, and that nothing of them is left, whatever happens.

use crate::support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use nodex_core::{
    atom,
    error::Chain,
    term::{Atom, Port, RawTerm},
};
use nodex_host::{EventKind, Events, Slave, SlaveBuilder, SpawnError, process::Exit};
use support::{
    net::{COOKIE, up},
    otp::{Otp, for_each_release},
    slaves::{LIMIT, finish, mark, marked, nobody_carries, of},
    within,
};

for_each_release!(slaves_1_2_then_3);

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}

/// The case of the Elixir package Nodex, by its name.
fn slaves_1_2_then_3(otp: &Otp) {
    run(async {
        let net = up().await;
        let mut slaves = of(otp).spawn_many(&net, 2).await.expect("two slaves");
        slaves.push(of(otp).spawn(&net).await.expect("a third one"));
        let names = ["slave1@127.0.0.1", "slave2@127.0.0.1", "slave3@127.0.0.1"];
        assert_eq!(slaves.iter().map(|slave| slave.node().as_str()).collect::<Vec<_>>(), names);
        assert_eq!(net.slaves().iter().map(|slave| slave.number()).collect::<Vec<_>>(), [1, 2, 3]);
        for slave in &slaves {
            let name: Atom = slave.rpc("erlang", "node", &[], LIMIT).await.expect("an answer");
            assert_eq!(name, *slave.node());
            let alive: bool = slave.rpc("erlang", "is_alive", &[], LIMIT).await.expect("an answer");
            assert!(alive);
            for other in &slaves {
                let pong: Atom = slave.rpc("net_adm", "ping", &[other.node()], LIMIT).await.expect("an answer");
                assert_eq!(pong, "pong", "{name} pings {}", other.node());
            }
            // What every user of the machine can read.
            let arguments = fs::read(format!("/proc/{}/cmdline", slave.pid())).expect("its arguments");
            assert!(!arguments.windows(COOKIE.len()).any(|part| part == COOKIE.as_bytes()));
        }
        finish(net, slaves).await;
    });
}

fn beam() -> Otp {
    Otp::installed(None)
}

async fn os_cmd(slave: &Slave, command: &str) {
    let command: Vec<u8> = command.into();
    let printed: RawTerm = slave.rpc("os", "cmd", &[&command], LIMIT).await.expect("an answer");
    assert_eq!(printed.to_string(), "[]");
}

/// Programs in sessions of their own that mind neither the end of their stdin nor SIGTERM.
async fn start_grandchildren(slave: &Slave) {
    let stubborn = "setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1000; done' >/dev/null 2>&1 &";
    os_cmd(slave, stubborn).await;
    let arguments = (atom!("spawn"), "sleep 1000");
    let _port: Port =
        slave.rpc("erlang", "open_port", &[&arguments, &Vec::<Atom>::new()], LIMIT).await.expect("a port");
    let mark = mark(slave.pid());
    within(60, "the start of all of them", async {
        // The BEAM, its setup process, its guard, the shell and two sleeps.
        while marked(&mark).iter().filter(|line| line.contains("sleep 1000")).count() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_is_stopped_by_its_name_and_its_number_is_not_given_again() {
    let net = up().await;
    let slaves = of(&beam()).spawn_many(&net, 2).await.expect("two slaves");
    assert_eq!(within(60, "its end", net.stop_slave("slave1@127.0.0.1")).await, Some(Exit::Status(0)));
    assert_eq!(net.stop_slave("slave1@127.0.0.1").await, None);
    assert_eq!(net.slaves().len(), 1);
    let third = of(&beam()).prefix("worker").spawn(&net).await.expect("a third one");
    assert_eq!(third.node().as_str(), "worker3@127.0.0.1");
    // One that ends in another way is forgotten as well.
    let mark = mark(slaves[1].pid());
    support::signal(slaves[1].pid(), "KILL");
    assert_eq!(within(60, "its end", slaves[1].ending().gone()).await, Exit::Signal { signal: 9, core_dumped: false });
    assert_eq!(net.slaves().iter().map(Slave::number).collect::<Vec<_>>(), [3]);
    nobody_carries(&mark).await;
    finish(net, [third]).await;
}

#[tokio::test]
async fn what_a_slave_has_started_ends_with_it() {
    let net = up().await;
    let (stopped, killed) = (of(&beam()), of(&beam()).arg("-heart"));
    let (stopped, killed) = (stopped.spawn(&net).await.expect("a slave"), killed.spawn(&net).await.expect("another"));
    for slave in [&stopped, &killed] {
        start_grandchildren(slave).await;
    }
    let marks = [mark(stopped.pid()), mark(killed.pid())];
    assert!(marked(&marks[1]).iter().any(|line| line.contains("heart")), "{:?}", marked(&marks[1]));
    assert_eq!(within(60, "its end", stopped.stop()).await, Exit::Status(0));
    assert_eq!(marked(&marks[0]), [""; 0]);
    within(60, "its end", killed.kill()).await;
    assert_eq!(marked(&marks[1]), [""; 0]);
    finish(net, []).await;
}

#[tokio::test]
async fn a_host_that_is_dropped_takes_its_slaves_along() {
    let net = up().await;
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    start_grandchildren(&slave).await;
    let mark = mark(slave.pid());
    drop(net);
    within(60, "its end", slave.ending().gone()).await;
    nobody_carries(&mark).await;
}

#[tokio::test]
async fn down_stops_them_all_and_calls_off_those_that_are_starting() {
    let net = up().await;
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    let mark = mark(slave.pid());
    let events = Events::default();
    let mut happened = events.subscribe();
    let never = SlaveBuilder::new().command(["sh", "-c", "sleep 1000"]).start_timeout(LIMIT).events(&events);
    let starting = tokio::spawn({
        let net = net.clone();
        async move { never.spawn(&net).await }
    });
    let started = within(60, "its start", happened.next()).await.expect("an event");
    let EventKind::Started { pid } = started.kind else { panic!("{started:?}") };
    within(60, "the end of the host", net.down()).await;
    assert!(slave.exit().is_some() && marked(&mark).is_empty() && net.slaves().is_empty());
    assert!(support::members(pid).is_empty(), "the one that was starting");
    let error = starting.await.unwrap().expect_err("it was called off");
    assert!(matches!(error, SpawnError::Cancelled { .. }), "{error}");
    let late = of(&beam()).spawn(&net).await.expect_err("the host is down");
    assert!(matches!(late, SpawnError::Cancelled { .. }), "{late}");
}

/// Over IPv6, where names and addresses have another form.
#[tokio::test]
async fn slaves_over_ipv6() {
    let cookie = nodex_core::protocol::Cookie::new(COOKIE).expect("a cookie");
    let net = nodex_host::Distributed::builder("master").ip(std::net::Ipv6Addr::LOCALHOST).cookie(cookie);
    let net = net.epmd(nodex_host::EpmdMode::Private).up().await.expect("a host");
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    assert_eq!(slave.node().as_str(), "slave1@::1");
    let name: Atom = slave.rpc("erlang", "node", &[], LIMIT).await.expect("an answer");
    assert_eq!(name, *slave.node());
    within(60, "its end", slave.stop()).await;
    within(60, "the end of the host", net.down()).await;
}

/// The host is killed with SIGKILL, so that no code of it runs any more.
#[tokio::test]
async fn nothing_is_left_when_the_host_is_killed() {
    let mut host = Command::new(support::example("slaves"))
        .arg("2")
        .env("HOME", "/nowhere")
        .env("NODEX_COOKIE", COOKIE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(host.stdout.take().expect("its output")).lines().take(2);
    let pids: Vec<u32> = lines
        .map(|line| line.expect("a line").rsplit(' ').next().and_then(|pid| pid.parse().ok()).expect("a pid"))
        .collect();
    let marks: Vec<String> = pids.iter().map(|pid| mark(*pid)).collect();
    for mark in &marks {
        // A program of the user that nothing but a signal ends, in a session of its own.
        let (name, value) = mark.split_once('=').expect("a variable");
        let mut stubborn = Command::new("setsid").args(["sleep", "1000"]).env(name, value).spawn().expect("setsid");
        assert!(stubborn.try_wait().expect("its state").is_none());
        tokio::task::spawn_blocking(move || stubborn.wait());
    }
    host.kill().expect("it runs");
    host.wait().expect("its end");
    for mark in &marks {
        nobody_carries(mark).await;
    }
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_leaves_nothing() {
    let net = up().await;
    let fails = async |options: SlaveBuilder| -> String {
        let events = Events::new(10_000);
        let mut happened = events.subscribe();
        let error = options.events(&events).spawn(&net).await.expect_err("it must not start");
        drop(events);
        while let Some(event) = happened.next().await {
            if let EventKind::Started { pid } = event.kind {
                assert!(support::members(pid).is_empty(), "{error}");
            }
        }
        let printed =
            error.printed().map(|printed| printed.lines().map(|line| format!("\n{line}")).collect::<String>());
        format!("{}{}", Chain(&error), printed.unwrap_or_default())
    };
    let erl = || of(&beam());
    let cases = [
        (SlaveBuilder::new().erl("no-such-erl"), "no-such-erl is in no folder of PATH"),
        (SlaveBuilder::new().erl("/no/such/erl"), "the executable /no/such/erl does not exist"),
        (SlaveBuilder::new().erl("/tmp"), "is a directory"),
        (SlaveBuilder::new().erl("/etc/passwd"), "is not executable"),
        (SlaveBuilder::new().command([""; 0]), "in no folder of PATH"),
        (erl().prefix("a b"), "is no node name"),
        (erl().prefix("ä"), "is no node name"),
        (erl().prefix("a\nb"), "is no node name"),
        (erl().arg("-boot").arg("no_such_boot"), "no_such_boot"),
        (erl().arg("-name").arg("other@127.0.0.1").arg("-setcookie").arg("x"), "cannot be distributed"),
        (erl().code_path("/no/such/folder"), "the code path /no/such/folder cannot be used: bad_directory"),
        (erl().application(atom!("no_such_app")), "the application no_such_app does not start"),
        (SlaveBuilder::new().command(["false"]), "it printed nothing"),
        (
            SlaveBuilder::new()
                .command(["sh", "-c", "echo thinking; sleep 1000"])
                .start_timeout(Duration::from_secs(3)),
            "its last line was \"thinking\"",
        ),
        (
            SlaveBuilder::new().command(["sh", "-c", "yes"]).start_timeout(Duration::from_millis(300)),
            "is not ready after 300ms",
        ),
    ];
    for (options, expected) in cases {
        let said = within(180, expected, fails(options)).await;
        assert!(said.contains(expected), "{expected}:\n{said}");
        assert!(!said.contains(COOKIE));
    }
    // A name that somebody has.
    let epmd = nodex_core::epmd::Client::new(([127, 0, 0, 1], net.epmd_port()).into());
    let _taken = epmd.register(&nodex_core::epmd::Entry::hidden("taken16", 1)).await.expect("a free name");
    let said = fails(erl().prefix("taken")).await;
    assert!(said.contains("seems to be in use"), "{said}");
    drop(_taken);
    // One of two: the other one does not stay.
    let _taken = epmd.register(&nodex_core::epmd::Entry::hidden("taken18", 1)).await.expect("a free name");
    erl().prefix("taken").spawn_many(&net, 2).await.expect_err("one of them is taken");
    assert!(net.slaves().is_empty());
    drop(_taken);
    finish(net, []).await;
}
