//! Hosts, epmds and peers that mean no good to a node executable: it stays, or it ends and says why.

use crate::adversary;
use std::{io::Write, thread, time::Instant};

use adversary::{
    epmd, frames,
    greetings::{self, Greeting},
    link::PATIENCE,
    mappers, scene,
    stage::{COOKIE, Stage, attack, in_parallel, modest, quiet},
    terms::{self, Fate, Row},
    victim::{MODEST_KIB, Victim},
    wire::{atom, ping, reg_send, tuple},
};
use nodex_testkit::{executable::Executable, heavy};

fn no_macro() -> Executable {
    Executable::example("no_macro")
}

#[test]
fn lengths() {
    attack(&no_macro(), &frames::lengths());
}

#[test]
fn shapes_of_frames() {
    attack(&no_macro(), &frames::shapes());
}

#[test]
fn operations() {
    attack(&no_macro(), &frames::operations_gone_wrong());
}

#[test]
fn senders_and_receivers() {
    attack(&no_macro(), &frames::senders_and_receivers());
}

#[test]
fn hosts_that_end_the_handshake() {
    greet(greetings::ends());
}

#[test]
fn hosts_that_fall_silent() {
    // All at once: each takes the seven seconds that a handshake may take.
    thread::scope(|scope| {
        for greeting in greetings::silences() {
            scope.spawn(move || greet(vec![greeting]));
        }
    });
}

#[test]
fn hosts_that_say_something_else() {
    greet(greetings::wrong_words());
}

fn greet(greetings: Vec<Greeting>) {
    in_parallel(&greetings, |greeting| {
        let stage = Stage::set(&no_macro());
        let socket = stage.accept();
        let open = (greeting.act)(socket);
        modest(&stage.victim)?;
        cannot_connect(stage.victim, greeting.says, greeting.gives_up)?;
        drop(open);
        Ok(())
    });
}

#[test]
fn epmds_that_are_none() {
    let (slow, quick) = mappers::all().into_iter().partition(|mapper| mapper.gives_up);
    let (slow, quick): (Vec<_>, Vec<_>) = (slow, quick);
    let check = |mapper: &mappers::Mapper| {
        let victim = Victim::start(&no_macro(), COOKIE, epmd::start(mapper.answer));
        cannot_connect(victim, mapper.says, mapper.gives_up)
    };
    thread::scope(|scope| {
        for mapper in slow {
            scope.spawn(move || in_parallel(&[mapper], check));
        }
        in_parallel(&quick, check);
    });
}

/// The node ends with status 1 and one line on stderr, its log aside, that says these words; and that its time was over
/// if `gives_up`, and only then.
fn cannot_connect(victim: Victim, says: &str, gives_up: bool) -> Result<(), String> {
    let ended = victim.wait()?;
    quiet(&ended.stderr)?;
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    match errors[..] {
        [line] if ended.code == Some(1) && line.contains(says) && line.contains(" within ") == gives_up => Ok(()),
        _ => Err(format!("{ended:?} where status 1 and {says:?} is due, at a deadline: {gives_up}")),
    }
}

#[test]
fn terms_that_end_decoders() {
    for executable in ["no_macro", "example_client"] {
        give(&Executable::example(executable), terms::small());
    }
}

#[test]
fn terms_that_fill_stacks() {
    give(&no_macro(), terms::large());
}

/// 64 MiB in the smallest pieces there are: as a raw term it comes back, as a dynamic one it is refused, and either way
/// the node takes little more memory than the message.
#[test]
fn a_term_of_64_mib() {
    let _alone = heavy::alone();
    let Row { term, .. } = terms::list_of_nils();
    for function in ["ping", "dynamic"] {
        let (stage, mut link) = Stage::connected(&scene::target());
        let message = reg_send(&link.me, "any", &tuple(&[&atom(function), &term]));
        let mut writer = link.socket.try_clone().expect("a second handle");
        let writing = thread::spawn(move || writer.write_all(&message));
        let reply = link.reply(Instant::now() + 3 * PATIENCE).expect("a reply");
        writing.join().expect("the writer").expect("the node reads");
        if function == "ping" {
            assert!(reply == tuple(&[&atom("pong"), &term]), "another term came back");
        } else {
            let text = String::from_utf8_lossy(&reply);
            assert!(text.contains("would take more than"), "{}", &text[..text.len().min(200)]);
        }
        let peak = stage.victim.peak_kib().expect("the node runs");
        println!("{function}: {peak} KiB at most for a message of 64 MiB");
        assert!(peak <= 2 * 64 * 1024 + MODEST_KIB, "{peak} KiB");
        link.answers().expect("a ping afterwards");
    }
}

/// Terms of a million levels. Raw ones come back, and the node takes no more than twice their size for them; dynamic ones
/// are refused.
#[test]
fn a_million_levels() {
    for Row { name, term, .. } in terms::large().into_iter().take(4) {
        for function in ["ping", "dynamic"] {
            let (stage, mut link) = Stage::connected(&scene::target());
            let before = stage.victim.peak_kib().expect("the node runs");
            let message = reg_send(&link.me, "any", &tuple(&[&atom(function), &term]));
            let size = message.len() as u64 / 1024;
            let mut writer = link.socket.try_clone().expect("a second handle");
            let writing = thread::spawn(move || writer.write_all(&message));
            let reply = link.reply(Instant::now() + PATIENCE).expect("a reply");
            writing.join().expect("the writer").expect("the node reads");
            if function == "ping" {
                assert!(reply == tuple(&[&atom("pong"), &term]), "{name}: another term came back");
            } else {
                let text = String::from_utf8_lossy(&reply);
                let refused = ["levels", "would take more than"].iter().any(|words| text.contains(words));
                assert!(refused, "{name}: {}", &text[..text.len().min(200)]);
            }
            let peak = stage.victim.peak_kib().expect("the node runs");
            println!("{name}, {function}: {} KiB more for {size} KiB", peak - before);
            // A small dynamic term may take many times its size; how much in all is limited (docs/guarantees.md).
            let allowed = if function == "ping" { 2 * size } else { (2 * size).max(64 * 1024) };
            assert!(peak - before <= allowed + 1024, "{name}, {function}: {} KiB more for {size} KiB", peak - before);
            link.answers().expect("a ping afterwards");
        }
    }
}

/// Sends each term as an argument and as a whole message; whatever it is, the next message is answered.
fn give(executable: &Executable, rows: Vec<Row>) {
    let (stage, mut link) = Stage::connected(executable);
    for Row { name, term, fate } in &rows {
        let problem = |problem: String| panic!("{name}: {problem}; log: {}", stage.victim.stderr());
        link.call(&ping(term));
        let reply = link.reply(Instant::now() + PATIENCE).unwrap_or_else(|error| panic!("{name}: {error}"));
        let echo = reply == tuple(&[&atom("pong"), term]);
        // `{error, {badarg, Text}}`
        let refused = reply.starts_with(&[&[104, 2][..], &atom("error"), &[104, 2], &atom("badarg"), &[109]].concat());
        let right = match fate {
            Fate::Echo => echo,
            Fate::Refused => refused,
            Fate::Either => echo || refused,
        };
        if !right {
            problem(format!("{fate:?} is due, not {}", reply[..reply.len().min(100)].escape_ascii()));
        }
        // A message of no bytes at all is one without its payload, which closes the connection.
        if !term.is_empty() {
            link.call(term);
        }
        if let Err(error) = link.answers() {
            problem(format!("as a message: {error}"));
        }
    }
    quiet(&stage.victim.stderr()).expect("a quiet node");
    println!("{} terms, {:?} KiB at most, {}", rows.len(), stage.victim.peak_kib(), executable.path().display());
}
