//! Handlers that block for a whole minute while the rest of the soak continues.

use std::{thread, time::Duration};

use nodex_core::node::{Functions, NodeBuilder};
use tokio::sync::oneshot;

use nodex_testkit::{
    erl::Beam,
    executable::Executable,
    otp::Otp,
    run::Running,
    world::{BEAM, World},
};

/// Each node is held up as a whole: one is an executable, whose connection has a thread, the other one has a single
/// thread for all. The BEAM would give a silent node up after 8 seconds.
pub(crate) struct Minute {
    beam: Beam,
    _connects: Running,
    _listens: oneshot::Sender<()>,
}

impl Minute {
    pub(crate) fn begin(world: &World) -> Self {
        let mut beam = world.beam(&Otp::installed(None), BEAM, &["-kernel", "net_ticktime", "8"]);
        let connects = world.drop_in(&Executable::example("target_under_test"), "connects", "beam");
        let blocks = Functions::new().add("block", |milliseconds: u64| {
            thread::sleep(Duration::from_millis(milliseconds));
            milliseconds
        });
        let listens = world.single_threaded_node("listens@127.0.0.1", NodeBuilder::new().service(blocks));
        assert_eq!(beam.eval("net_kernel:connect_node('listens@127.0.0.1')"), "true");
        beam.eventually("length(nodes(hidden))", "2");
        beam.eval("Nodes = lists:sort(nodes(hidden)), net_kernel:monitor_nodes(true, [{node_type, all}])");
        beam.begin(
            "Self = self(), Call = fun(Name) -> spawn(fun() ->
                Self ! {Name, catch gen_server:call({any, Name}, {block, 60000}, 120000)} end) end,
            [Call(Name) || Name <- Nodes],
            [receive {Name, Answer} -> Answer end || Name <- Nodes]",
        );
        Minute { beam, _connects: connects, _listens: listens }
    }

    /// Both have answered, and the connections have been there all the time.
    pub(crate) fn end(mut self) {
        assert_eq!(self.beam.answer(), "[60000,60000]");
        assert_eq!(self.beam.eval("receive Event -> Event after 0 -> nothing end"), "nothing");
        assert_eq!(self.beam.eval("lists:sort(nodes(hidden)) =:= Nodes"), "true");
    }
}
