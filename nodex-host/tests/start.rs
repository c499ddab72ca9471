//! Starting a node executable: when it is ready, and every way in which it does not become so.

use nodex_core::error::Chain;

use crate::support;

use std::{path::Path, time::Duration};

use nodex_host::{
    CnodeBuilder, EventKind, Protocol, SpawnError,
    process::{Exit, LINE_LIMIT, LaunchError, Stream},
};
use support::{Start, child, lines, members, obeyed, texts};

const SHORT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn is_given_what_its_protocol_says() {
    let start = Start::child("shows_itself", |options| options.env("SHOWN", "here").cwd("/")).await;
    assert_eq!(start.ok().node(), "child@127.0.0.1");
    let pid = start.ok().pid();
    assert!(!members(pid).is_empty());
    let events = start.finish().await;
    assert_eq!(events[0].kind, EventKind::Started { pid });
    assert_eq!(
        texts(&events),
        [
            "argument 1: child",
            "argument 2: 127.0.0.1",
            "argument 3: a_cookie",
            "argument 4: master",
            "folder: /",
            "leads its group: yes",
            "SHOWN: here",
            "NODEX_COOKIE: (not set)",
            "stdin: open",
            "child@127.0.0.1 ready",
        ]
    );
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::Ready { .. })));
    let EventKind::Exited(exit) = events.last().unwrap().kind else { panic!("{events:?}") };
    obeyed(exit);
}

#[tokio::test]
async fn the_cookie_can_stay_out_of_the_argument_list() {
    let start = Start::child("shows_itself", |options| options.cookie_in_env(true)).await;
    start.ok();
    let texts = texts(&start.finish().await);
    assert!(texts.contains(&"argument 3: -".to_owned()), "{texts:?}");
    assert!(texts.contains(&"NODEX_COOKIE: a_cookie".to_owned()), "{texts:?}");
}

#[tokio::test]
async fn plain_is_given_back_at_once() {
    let start =
        Start::child("shows_itself", |options| options.protocol(Protocol::Plain { args: vec!["one".into()] })).await;
    let process = start.ok();
    // It wants two arguments.
    assert_eq!(process.ended().await, Exit::Status(2));
    assert!(texts(&start.finish().await).contains(&"argument 1: one".to_owned()));
}

#[tokio::test]
async fn another_ready_line() {
    let start = Start::child("never_ready", |options| options.ready_line("initialising child@127.0.0.1")).await;
    start.ok();
    start.finish().await;
}

#[tokio::test]
async fn never_ready() {
    let start = Start::child("never_ready", |options| options.spawn_inactive_timeout(SHORT)).await;
    let error = start.error();
    assert!(matches!(error, SpawnError::InactiveTimeout { timeout: SHORT, .. }), "{error:?}");
    assert_eq!(
        Chain(&error).to_string(),
        "child@127.0.0.1 is not ready and printed nothing for 150ms; its last line was \"initialising child@127.0.0.1\""
    );
    assert!(start.took >= SHORT);
    start.finish().await;
}

#[tokio::test]
async fn every_line_restarts_the_clock_for_inactivity_but_not_the_one_for_the_start() {
    for name in ["chatty", "flood"] {
        let start = Start::child(name, |options| {
            options.spawn_inactive_timeout(Duration::from_millis(2000)).start_timeout(Duration::from_millis(2500))
        })
        .await;
        let error = start.error();
        assert!(matches!(error, SpawnError::StartTimeout { .. }), "{name}: {error:?}");
        assert!(error.printed().is_some_and(|printed| printed.lines().count() > 10), "{name}: {error:?}");
        assert!(start.took >= Duration::from_millis(2500));
        start.finish().await;
    }
}

#[tokio::test]
async fn exits_before_ready() {
    let start = Start::child("exits_before_ready", |options| options).await;
    let SpawnError::UnexpectedExit { node, exit, printed } = start.error() else { panic!("{:?}", start.error()) };
    assert_eq!((node.as_str(), *exit), ("child@127.0.0.1", Exit::Status(3)));
    let printed: Vec<_> = printed.lines().map(|line| (line.stream, line.text())).collect();
    assert_eq!(printed.len(), 2, "{printed:?}");
    assert!(printed.contains(&(Stream::Stdout, "initialising child@127.0.0.1".into())));
    assert!(printed.contains(&(Stream::Stderr, "cannot go on".into())));
    assert!(Chain(start.error()).to_string().contains("exit status 3"), "{}", start.error());
    start.finish().await;
}

#[tokio::test]
async fn exits_after_ready() {
    let start = Start::child("exits_after_ready", |options| options).await;
    assert_eq!(start.ok().ended().await, Exit::Status(7));
    let events = start.finish().await;
    assert_eq!(texts(&events), ["child@127.0.0.1 ready", "last words"]);
    assert_eq!(events.last().unwrap().kind, EventKind::Exited(Exit::Status(7)));
}

#[tokio::test]
async fn crashes() {
    let start = Start::child("crashes", |options| options).await;
    let exit = start.ok().ended().await;
    assert!(matches!(exit, Exit::Signal { signal: 11, .. }), "{exit}");
    start.finish().await;
}

#[tokio::test]
async fn a_line_of_one_megabyte() {
    let start = Start::child("long_line", |options| options).await;
    start.ok();
    let events = start.finish().await;
    let lines = lines(&events);
    assert!(lines.iter().all(|line| line.bytes.len() <= LINE_LIMIT));
    let (last, pieces) = lines.split_last().unwrap();
    assert_eq!(last.text(), "child@127.0.0.1 ready");
    assert_eq!(pieces.iter().map(|piece| piece.bytes.len()).sum::<usize>(), 1_000_000);
    assert!(pieces[..pieces.len() - 1].iter().all(|piece| piece.continues));
    assert!(!pieces.last().unwrap().continues);
}

#[tokio::test]
async fn bytes_that_are_no_text_and_a_carriage_return() {
    let start = Start::child("not_utf8", |options| options).await;
    start.ok();
    let events = start.finish().await;
    let lines = lines(&events);
    let expected: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    assert_eq!(lines[0].bytes, expected);
    assert!(lines[0].text().contains('\u{fffd}'));
    assert_eq!(lines[1].text(), "child@127.0.0.1 ready");
}

#[tokio::test]
async fn closes_its_output() {
    let start = Start::child("closes_output", |options| options).await;
    let process = start.ok();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(process.exit(), None);
    start.finish().await;
}

#[tokio::test]
async fn closes_its_output_before_it_is_ready() {
    let plain = Protocol::Plain { args: ["child", "127.0.0.1", "c", "m", "never"].map(Into::into).into() };
    let start = Start::child("closes_output", |options| {
        options.protocol(plain).ready_line("child@127.0.0.1 ready").spawn_inactive_timeout(SHORT)
    })
    .await;
    let error = start.error();
    assert!(Chain(&error).to_string().ends_with("it printed nothing"), "{error}");
    assert!(matches!(error, SpawnError::InactiveTimeout { .. }), "{error:?}");
    start.finish().await;
}

#[tokio::test]
async fn paths_that_cannot_be_started() {
    let error = |path: &str| {
        let options = CnodeBuilder::new(path);
        async move {
            let start = Start::options(options).await;
            start.result.expect_err("an error")
        }
    };
    let cases: [(&str, &str); 4] = [
        ("/nowhere/at/all", "the executable /nowhere/at/all does not exist"),
        ("/etc/passwd/x", "the executable /etc/passwd/x does not exist"),
        ("/usr", "the executable /usr is a directory"),
        ("/etc/passwd", "/etc/passwd is not executable: set its mode with chmod +x"),
    ];
    for (path, words) in cases {
        assert_eq!(error(path).await.to_string(), words);
    }
    // A name without a slash is a path as well.
    assert!(matches!(error("true").await, SpawnError::Launch(LaunchError::NotFound { .. })));
}

#[tokio::test]
async fn a_working_directory_that_is_not_there() {
    for cwd in ["/nowhere/at/all", "/etc/passwd"] {
        let start = Start::child("never_ready", |options| options.cwd(cwd)).await;
        let SpawnError::Launch(LaunchError::WorkingDirectory { cwd: found, .. }) = start.error() else {
            panic!("{:?}", start.error())
        };
        assert_eq!(found, Path::new(cwd));
    }
}

#[tokio::test]
async fn what_the_operating_system_refuses() {
    let start = Start::child("never_ready", |options| options.env("A", "with\0zero")).await;
    assert!(matches!(start.error(), SpawnError::Launch(LaunchError::Refused { .. })), "{:?}", start.error());
}

#[tokio::test]
async fn names_that_are_none() {
    for sname in ["", "a b", "new\nline", "ä", "a@b"] {
        let start = Start::child("never_ready", |options| options.sname(sname)).await;
        assert!(matches!(start.error(), SpawnError::InvalidName { .. }), "{sname:?}: {:?}", start.error());
        assert!(start.finish().await.is_empty(), "{sname:?} was started");
    }
    let start = Start::child("never_ready", |options| options.hostname("")).await;
    assert!(matches!(start.error(), SpawnError::InvalidName { .. }));
    let start = Start::child("never_ready", |options| options.ready_line("two\nlines")).await;
    assert!(matches!(start.error(), SpawnError::ImpossibleReadyLine { .. }));
}

#[tokio::test]
async fn the_default_name_is_random() {
    let options = || CnodeBuilder::new(child("never_ready")).ready_line("x").spawn_inactive_timeout(SHORT);
    let (one, two) = tokio::join!(Start::options(options()), Start::options(options()));
    let name = |start: &Start| match start.error() {
        SpawnError::InactiveTimeout { node, .. } => node.clone(),
        other => panic!("{other:?}"),
    };
    assert_ne!(name(&one), name(&two));
    assert!(name(&one).ends_with("@127.0.0.1") && name(&one).len() == "01234567@127.0.0.1".len(), "{}", name(&one));
    one.finish().await;
    two.finish().await;
}
