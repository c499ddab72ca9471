//! Every kind of term, there and back, unchanged: once as bytes that are passed on, once decoded and
//! encoded again.

use nodex_core::atom;
use nodex_core::etf::Limits;
use nodex_core::node::{Functions, NodeBuilder};
use nodex_core::term::{RawTerm, Term};

use nodex_testkit::erl::Beam;
use nodex_testkit::heavy;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, OURS, World};

for_each_release!(every_kind, nested_a_hundred_thousand_deep, a_binary_of_64_megabytes);

fn echo() -> NodeBuilder {
    let functions = Functions::new()
        .add("raw", |term: RawTerm| (atom!("pong"), term))
        .add("term", |term: Term| (atom!("pong"), term));
    NodeBuilder::new().register("echo", functions)
}

/// A BEAM connected to a node that echoes.
fn connected(world: &World, otp: &Otp) -> Beam {
    let mut beam = world.beam(otp, BEAM, &[]);
    beam.load("terms.erl");
    assert_eq!(beam.eval(&format!("net_kernel:connect_node('{OURS}')")), "true");
    beam
}

fn every_kind(otp: &Otp) {
    let world = World::new();
    let _node = world.node(OURS, echo());
    let mut beam = connected(&world, otp);
    let count: usize = beam.eval("length(terms:all())").parse().expect("a number");
    assert!(count > 300, "{count}");
    for function in ["raw", "term"] {
        assert_eq!(beam.eval(&format!("terms:echo('{OURS}', {function}, terms:all())")), "[]", "{function}");
    }
}

/// Dynamic terms have a limit, and a message over it is answered.
fn nested_a_hundred_thousand_deep(otp: &Otp) {
    let _alone = heavy::alone();
    let world = World::new();
    let _node = world.node(OURS, echo());
    let mut beam = connected(&world, otp);
    assert_eq!(beam.eval(&format!("terms:echo('{OURS}', raw, terms:deep())")), "[]");
    let limit = Limits::default().max_depth;
    let answer = beam.eval(&format!(
        "[{{_, Deep}} | _] = terms:deep(),
         {{error, {{badarg, Why}}}} = gen_server:call({{echo, '{OURS}'}}, {{term, Deep}}, 60000), binary_to_list(Why)"
    ));
    assert!(answer.contains(&limit.to_string()), "{answer}");
}

fn a_binary_of_64_megabytes(otp: &Otp) {
    let _alone = heavy::alone();
    let world = World::new();
    let _node = world.node(OURS, echo());
    let mut beam = connected(&world, otp);
    for function in ["raw", "term"] {
        assert_eq!(beam.eval(&format!("terms:big('{OURS}', {function}, 64 bsl 20)")), "true", "{function}");
    }
}

/// What only the newest release has.
mod newest {
    use super::*;

    nodex_testkit::otp::release!(otp_29 = Some("29"); native_records);

    /// They are passed on. A dynamic term cannot hold one, and the answer says so.
    fn native_records(otp: &Otp) {
        let world = World::new();
        let _node = world.node(OURS, echo());
        let mut beam = connected(&world, otp);
        beam.load("records.erl");
        assert_eq!(beam.eval(&format!("terms:echo('{OURS}', raw, records:all())")), "[]");
        let answer = beam.eval(&format!(
            "{{error, {{badarg, Why}}}} = gen_server:call({{echo, '{OURS}'}}, {{term, hd(records:all())}}), Why"
        ));
        assert!(answer.contains("record"), "{answer}");
    }
}
