//! Signs of life, with BEAMs whose `net_ticktime` is 8 seconds.

use std::time::{Duration, Instant};

use nodex_core::net::{LinkEnd, LinkLimits};
use nodex_core::node::{Functions, NodeBuilder, NodeEvent};
use rustix::process::{Signal, kill_process};

use nodex_testkit::executable::Executable;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, World};

for_each_release!(idle_and_busy_connections_stay_and_silent_ones_end);

const TICK_TIME: Duration = Duration::from_secs(8);

/// All at once, because each takes longer than the tick time: nodes that have nothing to say, whether they know of the
/// tick time or not; nodes whose only thread is held up by a handler; and a BEAM that is stopped.
fn idle_and_busy_connections_stay_and_silent_ones_end(otp: &Otp) {
    let world = World::new();
    let arguments = ["-kernel", "net_ticktime", "8"];
    let mut beam = world.beam(otp, BEAM, &arguments);
    let mut stopped = world.beam(otp, "stopped@127.0.0.1", &arguments);
    assert_eq!(beam.eval("net_kernel:get_net_ticktime()"), "8");
    assert_eq!(beam.eval("net_kernel:monitor_nodes(true, [{node_type, all}])"), "ok");

    let limits = LinkLimits::default().tick_time(TICK_TIME);
    let knows = world.node("knows@127.0.0.1", NodeBuilder::new().limits(limits));
    let idle = world.start("idle@127.0.0.1", NodeBuilder::new());
    let seen = world.start("seen@127.0.0.1", NodeBuilder::new().visible(true));
    for node in [&knows, &idle, &seen] {
        world.wait(node.connect(BEAM)).expect("a connection");
    }
    let _connects = world.drop_in(&Executable::example("target_under_test"), "connects", "beam");
    let blocks = Functions::new().add("block", |milliseconds: u64| {
        std::thread::sleep(Duration::from_millis(milliseconds));
        milliseconds
    });
    let _listens = world.single_threaded_node("listens@127.0.0.1", NodeBuilder::new().service(blocks));
    assert_eq!(beam.eval("net_kernel:connect_node('listens@127.0.0.1')"), "true");
    beam.eventually("length(nodes(visible) ++ nodes(hidden))", "5");
    beam.eval("(fun Flush() -> receive {nodeup, _, _} -> Flush() after 0 -> ok end end)()");

    let mut events = knows.events();
    // The last sign of life is later than this.
    let silent = Instant::now();
    world.wait(knows.connect(stopped.name())).expect("a connection");
    assert!(matches!(world.wait(events.next()), Some(NodeEvent::Up { .. })));
    kill_process(stopped.os_pid(), Signal::STOP).expect("it runs");
    beam.begin(
        "Self = self(), Call = fun(Name) -> spawn(fun() ->
            Self ! {Name, catch gen_server:call({any, Name}, {block, 11000}, 60000)} end) end,
        Call('connects@127.0.0.1'), Call('listens@127.0.0.1'),
        [receive {Name, Answer} -> Answer end || Name <- ['connects@127.0.0.1', 'listens@127.0.0.1']]",
    );

    let Some(NodeEvent::Down { node, reason }) = world.wait(events.next()) else { panic!("a connection ends") };
    let took = silent.elapsed();
    assert_eq!((&*node, reason), (stopped.name(), LinkEnd::TickTimeout(TICK_TIME)));
    // Clocks that wake somebody up may be a little early.
    assert!(took >= TICK_TIME - Duration::from_millis(50), "given up after {took:?}");
    kill_process(stopped.os_pid(), Signal::CONT).expect("it is stopped");
    stopped.eventually("nodes(hidden)", "[]");

    assert_eq!(beam.answer(), "[11000,11000]");
    assert_eq!(beam.eval("receive Message -> Message after 0 -> nothing end"), "nothing");
    assert_eq!(beam.eval("length(nodes(visible) ++ nodes(hidden))"), "5");
    assert_eq!(events.try_next(), None);
}
