//! Messages that are longer than a node takes, from BEAMs of every release.

use bytes::Bytes;
use nodex_core::atom;
use nodex_core::net::LinkLimits;
use nodex_core::node::{CallError, Functions, NodeBuilder, RpcError};
use nodex_core::term::RawTerm;

use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, LIMIT, OURS, World, beam_name};

for_each_release!(a_message_over_the_limit_costs_itself, a_reply_over_the_limit);

const MAX_FRAME: usize = 100_000;

fn builder() -> NodeBuilder {
    let orders = Functions::new().add("size", |bytes: Bytes| bytes.len());
    NodeBuilder::new().limits(LinkLimits::default().max_frame(MAX_FRAME)).register("orders", orders)
}

fn a_message_over_the_limit_costs_itself(otp: &Otp) {
    let world = World::new();
    let _node = world.node(OURS, builder());
    world.begin_script(otp, "interop_too_long.exs", &[OURS, &MAX_FRAME.to_string()]).passes();
}

/// A caller whose reply is too long receives an error at once.
fn a_reply_over_the_limit(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, builder());
    let beam = world.beam(otp, BEAM, &[]);
    let copy = |bytes: usize| (atom!("call"), atom!("binary"), atom!("copy"), Copies(bytes), atom!("user"));
    let rex = || (atom!("rex"), beam_name(&beam));
    let error = world.wait(node.call::<RawTerm>(rex(), copy(MAX_FRAME), LIMIT)).expect_err("it is too long");
    let CallError::TooLong { length, limit: MAX_FRAME } = error else { panic!("{error}") };
    assert!(length > MAX_FRAME as u64);
    let (byte, count) = (Bytes::from_static(b"x"), MAX_FRAME as u64);
    let rpc = world.wait(node.rpc::<RawTerm>(BEAM, "binary", "copy", &[&byte, &count], LIMIT));
    let error = rpc.expect_err("it is too long");
    let RpcError::TooLong { length, limit: MAX_FRAME } = error else { panic!("{error}") };
    assert!(length > MAX_FRAME as u64);
    let fits: Bytes = world.wait(node.call(rex(), copy(5), LIMIT)).expect("a reply");
    assert_eq!(fits, "xxxxx");
}

/// `[<<"x">>, Count]`.
struct Copies(usize);

impl nodex_core::convert::IntoTerm for Copies {
    fn encode(&self, encoder: &mut nodex_core::etf::Encoder) -> Result<(), nodex_core::etf::EncodeError> {
        encoder.put_list(2)?;
        encoder.put_binary(b"x")?;
        encoder.put_i64(self.0 as i64);
        encoder.put_nil();
        Ok(())
    }
}
