//! The control socket of a fleet: who has it, what a dead process leaves, and clients that break the rules.

use crate::support;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    process::Stdio,
    time::Duration,
};

use support::fleet::{Fleet, HOST, c, rust, script};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn killed_and_started_again() {
    let fleet = Fleet::new(&format!("{HOST}{}{}", rust("a"), c("b")));
    let mut up = fleet.up();
    up.kill();
    let ended = up.end(LONG);
    // Nothing is left of its nodes, but its socket is.
    ended.left_nothing();
    let ended = fleet.run(&["ps"]);
    assert_eq!(ended.code, Some(3), "{ended}");
    for part in [
        "error: the fleet of nodex.toml is not up\n  its socket ",
        " was left by a process that has ended\n  hint: nodex up",
    ] {
        assert!(ended.stderr.contains(part), "{part:?} is missing\n{ended}");
    }
    let up = fleet.up();
    assert_eq!(fleet.run(&["ps"]).code, Some(0));
    up.terminate();
    let ended = up.end(LONG);
    assert!(ended.stderr.starts_with("the last nodex up of this fleet ended without cleaning up"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn one_at_a_time() {
    let fleet = Fleet::new(&format!("{HOST}{}", rust("a")));
    let up = fleet.up();
    let file = fleet.folder.join("nodex.toml");
    let file = file.to_str().expect("UTF-8");
    // Wherever it would have its own socket.
    let runtime = fleet.folder.join("runtime");
    fs::create_dir(&runtime).expect("a folder");
    for (variable, value) in [("X", ""), ("XDG_RUNTIME_DIR", runtime.to_str().expect("UTF-8"))] {
        let ended = fleet.nodex(&["up", "-f", file]).env(variable, value).run();
        let words = format!("error: the fleet of {file} is up already, as process {}\n", up.pid());
        assert_eq!(ended.code, Some(4), "{ended}");
        assert!(ended.stderr.starts_with(&words), "{ended}");
        ended.left_nothing();
    }
    assert_eq!(fleet.node("a")["restarts"], 0);
    // And it is found from there.
    let ended = fleet.nodex(&["ps"]).env("XDG_RUNTIME_DIR", runtime.to_str().expect("UTF-8")).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    up.interrupt();
    let ended = up.end(LONG);
    fleet.left_nothing(&ended);
}

#[test]
fn the_socket_is_its_owners() {
    let fleet = Fleet::new(&format!("{HOST}{}", rust("a")));
    let up = fleet.up();
    let folder = fleet.folder.join(".nodex");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let is_socket = |entry: &fs::DirEntry| entry.file_type().expect("a type").is_socket();
    let socket = fs::read_dir(&folder).expect("a folder").flatten().find(is_socket).expect("a socket");
    assert_eq!(mode(&socket.path()), 0o600);
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
    // A folder that others can open is not used.
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("a mode");
    let ended = fleet.run(&["up"]);
    assert_eq!(ended.code, Some(4), "{ended}");
    assert!(ended.stderr.contains(&format!("others can open {0}: chmod 700 {0}\n", folder.display())), "{ended}");
    assert_eq!(fleet.run(&["ps"]).code, Some(4));
}

#[test]
fn hostile_clients() {
    // A node that prints all the time, so that there is always something to send.
    let noise = "(while sleep 0.001; do echo 0123456789012345678901234567890123456789; done) &";
    let fleet = Fleet::new(&format!("{HOST}{}", script("noisy", noise)));
    let up = fleet.up();
    let folder = fleet.folder.join(".nodex");
    let socket = fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.path());
    let socket = socket.into_iter().find(|path| path.extension().is_some_and(|end| end == "sock")).expect("a socket");
    let connect = || UnixStream::connect(&socket).expect("a connection");
    let answer = |request: &[u8]| {
        let mut stream = connect();
        stream.set_read_timeout(Some(LONG)).expect("a time-out");
        // It may have hung up before it had all.
        let _ = stream.write_all(request);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let deep = format!("{}\n", "[".repeat(4000));
    for request in [
        &b"\n"[..],
        b"\0\xff\xfe\n",
        b"{}\n",
        b"{\"nodex\":1}\n",
        b"{\"nodex\":2,\"ask\":\"ps\"}\n",
        b"{\"nodex\":1,\"ask\":\"burn\"}\n",
        b"{\"nodex\":1,\"ask\":\"restart\",\"name\":7}\n",
        b"{\"nodex\":1,\"ask\":\"logs\",\"lines\":-1,\"follow\":false}\n",
        deep.as_bytes(),
        &[b'x'; 100_000],
    ] {
        let answer = answer(request);
        // Who is still sending when the connection ends may not read the answer.
        let told = answer.starts_with("{\"nodex\":1,\"is\":\"error\",\"kind\":\"bad_request\"");
        assert!(
            told || (request.len() > 10_000 && answer.is_empty()),
            "{answer:?} to {:?}",
            &request[..request.len().min(60)]
        );
    }
    assert_eq!(answer(b"{\"nodex\":1,\"ask\":\"ps\""), "", "half a line");
    // Readers that do not read, and askers that do not ask: as many as get in.
    let mut idle = Vec::new();
    for number in 0..100 {
        let mut stream = connect();
        if number % 2 == 0 {
            let _ = stream.write_all(b"{\"nodex\":1,\"ask\":\"logs\",\"lines\":100000,\"follow\":true}\n");
        }
        idle.push(stream);
    }
    // The silent ones are let go of, and then others have a turn again.
    let deadline = std::time::Instant::now() + LONG;
    while fleet.run(&["ps"]).code != Some(0) {
        assert!(std::time::Instant::now() < deadline, "the fleet does not answer any more");
    }
    drop(idle);
    let node = fleet.wait("noisy", |node| node["state"] == "up");
    assert_eq!(node["restarts"], 0);
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    fleet.left_nothing(&ended);
}

/// A pipe that nobody reads holds up nothing.
#[test]
fn a_stalled_stdout() {
    let noise =
        "i=0; while [ $i -lt 3000 ]; do echo $i 01234567890123456789012345678901234567890123456789; i=$((i+1)); done";
    let fleet = Fleet::new(&format!("{HOST}{}", script("noisy", noise)));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let up = fleet.nodex(&["up"]).stdout(Stdio::from(writer)).start();
    up.wait_for_stderr("the node is up\n");
    assert_eq!(fleet.node("noisy")["state"], "up");
    let ended = fleet.run(&["logs", "noisy", "-n", "2"]);
    assert_eq!(ended.stdout.lines().count(), 2, "{ended}");
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    drop(reader);
    fleet.left_nothing(&ended);
}

#[test]
fn names_that_are_none_and_fleets_that_are_not_up() {
    let fleet = Fleet::new(&format!("{HOST}{}{}", rust("calc"), rust("store")));
    for args in [&["ps"][..], &["logs"], &["restart", "calc"], &["stop", "calc"], &["stop"]] {
        let ended = fleet.run(args);
        let words = "error: the fleet of nodex.toml is not up\n  hint: nodex up -f nodex.toml starts it\n";
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(3), words), "{args:?}");
    }
    let ended = fleet.run(&["ps", "-f", "nowhere.toml"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    let up = fleet.up();
    let file = fleet.folder.join("nodex.toml");
    for args in [["restart", "clac"], ["stop", "clac"], ["logs", "clac"]] {
        let ended = fleet.run(&args);
        let words = format!(
            "error: there is no node clac in {}\n  hint: did you mean calc? it has: calc, store\n",
            file.display()
        );
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(6), words.as_str()), "{args:?}");
    }
    // Its file may be broken or gone meanwhile.
    fs::write(&file, "what").expect("a file");
    assert_eq!(fleet.run(&["ps"]).code, Some(0));
    fs::remove_file(&file).expect("a file");
    assert_eq!(fleet.run(&["stop"]).code, Some(0));
    fleet.left_nothing(&up.end(LONG));
}
