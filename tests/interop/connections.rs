//! How connections come to be, and how they end.

use nodex_core::node::{Builder, Functions};

use crate::support::otp::{Otp, for_each_release};
use crate::world::{BEAM, OURS, World};

for_each_release!(both_ways);

fn both_ways(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, Builder::new().service(Functions::new().add("add", |a: i64, b: i64| a.checked_add(b))));
    let mut beam = world.beam(otp, BEAM, &[]);
    assert_eq!(beam.eval("list_to_integer(erlang:system_info(otp_release))"), otp.release().to_string());
    assert_eq!(beam.eval("net_kernel:connect_node('ours@127.0.0.1')"), "true");
    assert_eq!(beam.eval("{nodes(), nodes(hidden)}"), "{[],['ours@127.0.0.1']}");
    assert_eq!(beam.eval("gen_server:call({sum, 'ours@127.0.0.1'}, {add, 1, 2})"), "3");
    let peer = world.wait(node.wait_connected(BEAM));
    peer.disconnect();
    beam.eventually("nodes(hidden)", "[]");
    world.wait(node.connect(BEAM)).expect("a connection");
    beam.eventually("nodes(hidden)", "['ours@127.0.0.1']");
    assert_eq!(beam.eval("net_adm:ping('ours@127.0.0.1')"), "pong");
}
