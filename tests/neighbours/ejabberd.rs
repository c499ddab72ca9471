//! A node of ejabberd.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nodex_core::atom;
use nodex_core::convert::IntoTerm;
use nodex_core::term::{Atom, RawTerm};

use nodex_testkit::world::{OURS, World};

use crate::neighbours::neighbour::{Home, Neighbour, our_node};

const EJABBERD: &str = "ejabberd@127.0.0.1";

/// Where Debian has its code.
fn library() -> PathBuf {
    let libraries = Path::new("/usr/lib").read_dir().expect("/usr/lib");
    let has = |folder: &PathBuf| {
        let entries = folder.read_dir().into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.path().join("ebin/ejabberd.app").is_file())
    };
    let found = libraries.filter_map(|entry| Some(entry.ok()?.path())).find(has);
    found.expect("ejabberd is not installed: scripts/test --full does that")
}

fn erl(world: &World, home: &Home, name: &str) -> Command {
    let mut erl = home.command(world, Path::new("/usr/bin/erl"));
    erl.env("ERL_LIBS", library())
        .args(["-name", name, "-noinput", "-start_epmd", "false", "+S", "2:2", "+sbwt", "none"])
        .args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]);
    erl
}

fn start(world: &World) -> Neighbour {
    let home = Home::new("ejabberd");
    let settings = home.write("ejabberd.yml", "hosts: [localhost]\nloglevel: info\nlisten: []\nmodules: {}\n");
    let mut command = erl(world, &home, EJABBERD);
    command
        .env("EJABBERD_CONFIG_PATH", settings)
        .env("EJABBERD_LOG_PATH", home.0.join("ejabberd.log"))
        .args(["-mnesia", "dir", &format!("{:?}", home.0.join("mnesia").display().to_string())])
        .args(["-s", "ejabberd"]);
    Neighbour::start(EJABBERD, home, command, "is started in the node")
}

#[test]
fn a_node_of_ejabberd_is_joined_called_and_left() {
    let world = World::new();
    let ejabberd = start(&world);
    for (visible, service) in [(false, None), (false, Some("orders")), (true, None), (true, Some("orders"))] {
        let before = ejabberd.log().len();
        let node = our_node(&world, visible, service);
        let ours = Atom::from_static(OURS);
        let ask = |module: &str, function: &str, arguments: &[&(dyn IntoTerm + Sync)]| -> RawTerm {
            world.ask(&node, EJABBERD, module, function, arguments)
        };
        let is = |answer: RawTerm, expected: &str| assert_eq!(answer.to_string(), expected, "visible: {visible}");
        for _ in 0..2 {
            world.wait(node.connect(EJABBERD)).expect("a connection");
            is(ask("net_adm", "ping", &[&ours]), "pong");
            is(ask("ejabberd_cluster", "get_nodes", &[]), &format!("['{EJABBERD}']"));
            is(
                ask("ejabberd_cluster", "call", &[&ours, &atom!("erlang"), &atom!("node"), &Vec::<Atom>::new()]),
                &format!("'{OURS}'"),
            );
            is(ask("ejabberd_cluster", "send", &[&(atom!("ejabberd_iq"), &ours), &(atom!("route"), 1)]), "true");
            is(ask("gen_server", "call", &[&(atom!("orders"), &ours), &(atom!("ping"), 1)]), "{pong,1}");
            let none = Vec::<Atom>::new();
            is(
                ask(
                    "ejabberd_cluster",
                    "eval_everywhere",
                    &[&vec![&ours], &atom!("ejabberd_router"), &atom!("clean_cache"), &none],
                ),
                "ok",
            );
            // No node of its kind: what it asks of those is `undef`, which it can work with.
            let refused = ask(
                "ejabberd_cluster",
                "call",
                &[&ours, &atom!("mnesia"), &atom!("system_info"), &vec![atom!("tables")]],
            );
            assert!(refused.to_string().starts_with("{badrpc,{'EXIT',{undef,"), "{refused}");
            if visible {
                is(ask("global", "sync", &[]), "ok");
            }
            let peer = world.wait(node.wait_connected(EJABBERD));
            peer.disconnect();
            world.wait(node.wait_disconnected(EJABBERD));
        }
        // Its own command, pointed at it and at us.
        let home = Home::new("ejabberdctl");
        for (at, code) in [(EJABBERD, 0), (OURS, 3)] {
            let mut ctl = erl(&world, &home, "ctl@127.0.0.1");
            ctl.args(["-hidden", "-s", "ejabberd_ctl", "-extra", at, "status"]);
            let ended = home.run(ctl);
            assert_eq!(ended.code, Some(code), "{ended:?}");
        }
        world.wait(node.stop(Duration::from_secs(5)));
        let observer = our_node(&world, false, Some("observer"));
        let left: Vec<Atom> = world.ask(&observer, EJABBERD, "erlang", "nodes", &[]);
        assert_eq!(left, [""; 0]);
        world.wait(observer.stop(Duration::from_secs(5)));
        assert_eq!(ejabberd.complaints(before), [""; 0], "visible: {visible}");
    }
    let node = our_node(&world, false, None);
    ejabberd.stop(&world, &node);
}
