//! A BEAM that breaks the protocol. Those of OTP 27 and later do not let anybody write to the socket of a connection.

use nodex_core::node::exit_status;

use nodex_testkit::executable::Executable;
use nodex_testkit::otp::{Otp, release};
use nodex_testkit::world::World;

release!(otp_23 = Some("23"); a_breach_of_the_protocol);
release!(system = None; a_breach_of_the_protocol);

/// A node executable ends with a status and a line that say so.
fn a_breach_of_the_protocol(otp: &Otp) {
    let world = World::new();
    let script = world.begin_script(otp, "interop_breach.exs", &["drop_in@127.0.0.1"]);
    world.wait_registered("host");
    let mut command = world.drop_in_command(&Executable::example("no_macro"), "drop_in", "host");
    command.stderr(std::process::Stdio::piped());
    let node = command.spawn().expect("it starts");
    script.passes();
    let ended = node.wait_with_output().expect("its end");
    assert_eq!(ended.status.code(), Some(exit_status::BREACH.into()));
    let line = String::from_utf8(ended.stderr).expect("text");
    let start = "error: the link to host@127.0.0.1 was ended: the peer broke the protocol: ";
    assert!(line.starts_with(start) && line.lines().count() == 1, "{line}");
}
