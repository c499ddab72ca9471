//! Nodes that connect to a BEAM while its processes keep calling them by name: each of these calls has the BEAM connect as
//! well, to a node that it does not find, and for as long as that lasts it may refuse the node that is there.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

use nodex_core::node::NodeBuilder;

use crate::interop::raw;
use nodex_testkit::erl::Beam;
use nodex_testkit::executable::Executable;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, World};

for_each_release!(executables_start, embedded_nodes_connect, a_name_is_free_once_its_link_has_ended);

/// Before and behind that of the BEAM, which decides whose attempt goes first.
const NAMES: [&str; 2] = ["above", "zenith"];

const CALLERS: [usize; 3] = [1, 4, 50];

/// How often each of them is started; `NODEX_STARTS=1000` is for whoever has time.
fn starts() -> usize {
    let starts = std::env::var("NODEX_STARTS").ok();
    starts.map_or(8, |starts| starts.parse().expect("a number of starts"))
}

/// So many processes call the node of this name, and again 20 ms after each answer.
fn call(beam: &mut Beam, name: &str, callers: usize) {
    beam.eval(&format!(
        "Callers = [spawn(fun Caller() ->
            catch gen_server:call({{any, '{name}@127.0.0.1'}}, {{ping, 1}}, 1000),
            timer:sleep(20), Caller() end) || _ <- lists:seq(1, {callers})], ok"
    ));
}

fn call_no_more(beam: &mut Beam) {
    beam.eval(
        "[begin M = monitor(process, P), exit(P, kill), receive {'DOWN', M, _, _, _} -> ok end end || P <- Callers]",
    );
    beam.forget();
}

/// Node executables, each of which takes the place of one that was killed.
fn executables_start(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    for (name, callers) in NAMES.into_iter().flat_map(|name| CALLERS.map(|callers| (name, callers))) {
        call(&mut beam, name, callers);
        for start in 0..starts() {
            let mut command = world.drop_in_command(&Executable::example("no_macro"), name, "beam");
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
            let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
            let ready = lines.any(|line| line.is_ok_and(|line| line.ends_with(" ready")));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            let mut said = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
            assert!(ready, "start {start} of {name} with {callers} callers: {said}");
        }
        call_no_more(&mut beam);
    }
}

/// `alive`: the BEAM has a connection with a node of this name. It may have to notice that it has ended; if it lives, the
/// name is taken.
fn a_name_is_free_once_its_link_has_ended(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    for ends in [true, false] {
        let name = format!("{}@127.0.0.1", NAMES[0]);
        let (old, _) = raw::connect(raw::local(&name), BEAM, world.port_of("beam")).expect("a connection");
        beam.eventually("nodes(hidden)", &format!("['{name}']"));
        let mut command = world.drop_in_command(&Executable::example("no_macro"), NAMES[0], "beam");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.starts_with("connecting to "))));
        if ends {
            // So that it has been told that the name is taken.
            std::thread::sleep(Duration::from_millis(100));
            drop(old);
            assert!(lines.any(|line| line.is_ok_and(|line| line.ends_with(" ready"))));
            child.kill().expect("it can be killed");
        } else {
            assert!(!lines.any(|line| line.is_ok()), "it is not ready");
            let mut said = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
            assert!(said.contains(&format!("the name {name} is taken")), "{said}");
            drop(old);
        }
        child.wait().expect("it ends");
        beam.eventually("nodes(hidden)", "[]");
    }
}

/// Nodes inside a program, which do not listen.
fn embedded_nodes_connect(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    for (name, callers) in NAMES.into_iter().flat_map(|name| CALLERS.map(|callers| (name, callers))) {
        call(&mut beam, name, callers);
        for start in 0..starts() {
            let node = world.start(&format!("{name}@127.0.0.1"), NodeBuilder::new());
            let connected = world.wait(node.connect(BEAM));
            connected.unwrap_or_else(|error| panic!("start {start} of {name} with {callers} callers: {error}"));
            world.wait(node.stop(Duration::ZERO));
        }
        call_no_more(&mut beam);
    }
}
