//! A cluster of two RabbitMQ nodes.

use std::path::PathBuf;
use std::process::Command;

use nodex_core::atom;
use nodex_core::node::Node;
use nodex_core::term::{Atom, RawTerm};

use nodex_testkit::poll;
use nodex_testkit::world::{DEADLINE, OURS, World};

use crate::neighbours::neighbour::{Home, Neighbour, our_node};
use nodex_testkit::free_port;

const RABBITS: [&str; 2] = ["rabbit1@127.0.0.1", "rabbit2@127.0.0.1"];

/// Where Debian has its programs, which run without being installed as a service.
fn program(name: &str) -> PathBuf {
    let library = PathBuf::from("/usr/lib/rabbitmq/lib");
    let servers = library.read_dir().map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())));
    let server = servers.ok().and_then(|mut all| all.find(|path| path.join("sbin").is_dir()));
    server.expect("rabbitmq-server is not installed: scripts/test --full does that").join("sbin").join(name)
}

fn start(world: &World, name: &'static str) -> Neighbour {
    let home = Home::new(name);
    let nodes = format!(
        "cluster_formation.peer_discovery_backend = classic_config\n\
         cluster_formation.classic_config.nodes.1 = {}\ncluster_formation.classic_config.nodes.2 = {}\n",
        RABBITS[0], RABBITS[1]
    );
    let port = free_port();
    // What would stop a node of a cluster of two, were it to take one for lost.
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\nlog.file = false\n\
         cluster_partition_handling = pause_minority\n{nodes}"
    );
    let settings = home.write("rabbitmq.conf", &settings);
    let plugins = home.write("enabled_plugins", "[].\n");
    let mut command = command(world, &home, "rabbitmq-server", name);
    command
        .env("RABBITMQ_CONFIG_FILE", settings)
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", home.0.join("advanced.config"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", plugins)
        .env("RABBITMQ_MNESIA_BASE", home.0.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", home.0.join("log"))
        .env("RABBITMQ_GENERATED_CONFIG_DIR", home.0.join("generated"))
        .env("RABBITMQ_PID_FILE", home.0.join("pid"))
        .env("RABBITMQ_DIST_PORT", free_port().to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}");
    Neighbour::start(name, home, command, "Server startup complete")
}

fn command(world: &World, home: &Home, name: &str, node: &str) -> Command {
    let mut command = home.command(world, &program(name));
    command
        .env("RABBITMQ_NODENAME", node)
        .env("RABBITMQ_USE_LONGNAME", "true")
        // Not that of the machine's own.
        .env("RABBITMQ_CONF_ENV_FILE", home.0.join("none"));
    command
}

#[test]
fn a_cluster_of_rabbitmq_is_joined_called_and_left() {
    let world = World::new();
    let mut rabbits = RABBITS.map(|name| start(&world, name));
    for (visible, service) in [(false, None), (false, Some("orders")), (true, None), (true, Some("orders"))] {
        let before = [0, 1].map(|i| rabbits[i].log().len());
        let node = our_node(&world, visible, service);
        for name in RABBITS {
            world.wait(node.connect(name)).expect("a connection");
        }
        assert_works(&world, &node, visible);
        assert_is_whole(&world, &node);
        tools(&world);
        // A connection that is lost, one that they make, and one that is ended.
        let peer = world.wait(node.wait_connected(RABBITS[0]));
        peer.disconnect();
        world.wait(node.wait_disconnected(RABBITS[0]));
        // It may hear later of that; until then it is connected, as far as it knows.
        let heard = poll(DEADLINE, || {
            let arguments = (Atom::from_static(RABBITS[0]), atom!("erlang"), atom!("nodes"), vec![atom!("connected")]);
            let (of, module, function, with) = &arguments;
            let known: Vec<Atom> = world.ask(&node, RABBITS[1], "rpc", "call", &[of, module, function, with]);
            (!known.contains(&Atom::from_static(OURS))).then_some(())
        });
        assert!(heard.is_some(), "{} goes on with a connection that was ended", RABBITS[0]);
        let connected: Atom = world.ask(
            &node,
            RABBITS[1],
            "rpc",
            "call",
            &[
                &Atom::from_static(RABBITS[0]),
                &atom!("net_kernel"),
                &atom!("connect_node"),
                &vec![Atom::from_static(OURS)],
            ],
        );
        assert_eq!(connected, "true");
        world.wait(node.wait_connected(RABBITS[0]));
        assert_works(&world, &node, visible);
        world.wait(node.stop(std::time::Duration::from_secs(5)));

        // Somebody else looks at what is left.
        let observer = our_node(&world, false, Some("observer"));
        for (i, rabbit) in rabbits.iter_mut().enumerate() {
            if visible {
                rabbit.wait_for(before[i], &format!("node '{OURS}' down"));
            }
            let others: Vec<Atom> = world.ask(&observer, RABBITS[i], "erlang", "nodes", &[]);
            assert_eq!(others, [RABBITS[1 - i]]);
        }
        assert_is_whole(&world, &observer);
        world.wait(observer.stop(std::time::Duration::from_secs(5)));
        for (rabbit, since) in rabbits.iter().zip(before) {
            assert_eq!(rabbit.complaints(since), [""; 0], "{}, visible: {visible}", rabbit.name);
        }
    }
    let node = our_node(&world, false, None);
    // The last to stop is the first to start: they wait for each other otherwise.
    for rabbit in rabbits.into_iter().rev() {
        rabbit.stop(&world, &node);
    }
}

/// What both ask of each other.
fn assert_works(world: &World, node: &Node, visible: bool) {
    let ours = Atom::from_static(OURS);
    for name in RABBITS {
        let ask = |module: &str,
                   function: &str,
                   arguments: &[&(dyn nodex_core::convert::IntoTerm + Sync)]|
         -> RawTerm { world.ask(node, name, module, function, arguments) };
        let is = |answer: RawTerm, expected: &str| assert_eq!(answer.to_string(), expected, "{name}");
        is(ask("rabbit", "is_running", &[]), "true");
        is(ask("net_adm", "ping", &[&ours]), "pong");
        // As RabbitMQ calls whoever it calls: it asks for the tick time first.
        let none = Vec::<Atom>::new();
        is(
            ask("rabbit_misc", "rpc_call", &[&ours, &atom!("erlang"), &atom!("node"), &none, &5000]),
            &format!("'{OURS}'"),
        );
        is(ask("rabbit_nodes", "is_running", &[&ours, &atom!("rabbit")]), "false");
        is(ask("rabbit_nodes", "is_process_running", &[&ours, &atom!("rabbit")]), "false");
        is(ask("rabbit", "is_running", &[&ours]), "false");
        is(ask("gen_server", "call", &[&(atom!("orders"), &ours), &(atom!("ping"), 1)]), "{pong,1}");
        is(ask("net_kernel", "get_net_ticktime", &[]), "60");
        if visible {
            is(ask("global", "sync", &[]), "ok");
        }
        is(ask("rabbit_node_monitor", "partitions", &[]), "[]");
    }
}

fn assert_is_whole(world: &World, node: &Node) {
    for name in RABBITS {
        let mut running: Vec<Atom> = world.ask(node, name, "rabbit_mnesia", "cluster_nodes", &[&atom!("running")]);
        running.sort();
        assert_eq!(running, RABBITS);
    }
}

/// RabbitMQ's own command, pointed at the cluster and at our node.
fn tools(world: &World) {
    let home = Home::new("tools");
    let mut status = command(world, &home, "rabbitmqctl", RABBITS[0]);
    status.args(["cluster_status", "--formatter", "json", "--silent"]);
    let ended = home.run(status);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(r#""partitions":{}"#), "{ended:?}");
    let mut ours = command(world, &home, "rabbitmqctl", OURS);
    ours.args(["status", "--timeout", "20"]);
    let ended = home.run(ours);
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
}
