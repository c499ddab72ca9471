//! Real Erlang nodes of every release that use the embedded epmd, and their own `epmd` commands asking it.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nodex_core::epmd::{Client, Ended, Entry, EpmdError, NORMAL_NODE, Options, Server};
use nodex_core::node::NodeBuilder;
use nodex_core::protocol::Cookie;
use nodex_testkit::otp::{Folder, Otp, for_each_release};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

for_each_release!(
    nodes_find_each_other_and_the_epmd_command_lists_them,
    nodes_register_again_when_the_epmd_comes_back,
    a_node_gets_a_name_when_another_program_takes_all_that_it_can,
);

const DEADLINE: Duration = Duration::from_secs(60);

/// A node that waits to be stopped, and does not outlive a test that failed to.
const WAIT: &str = "spawn(fun() -> timer:sleep(60000), halt(3) end).";

/// An embedded epmd on a runtime of its own.
struct Epmd {
    runtime: Runtime,
    address: SocketAddr,
    running: tokio::task::JoinHandle<Ended>,
    stop: oneshot::Sender<()>,
}

impl Epmd {
    fn start(address: &str) -> Self {
        Self::start_with(address, Options::default())
    }

    fn start_with(address: &str, options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (server, stop, stopped) = runtime.block_on(async {
            let server =
                Server::bind(address.parse().expect("an address")).await.expect("a free port").options(options);
            let (stop, stopped) = oneshot::channel::<()>();
            (server, stop, stopped)
        });
        let address = server.local_addr();
        let running = runtime.spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Epmd { runtime, address, running, stop }
    }

    fn lookup(&self, name: &str) -> Result<Entry, EpmdError> {
        self.runtime.block_on(Client::new(self.address).lookup(name))
    }

    /// Waits until a node is registered.
    fn wait_for(&self, name: &str) -> Entry {
        let start = Instant::now();
        loop {
            match self.lookup(name) {
                Ok(entry) => return entry,
                Err(EpmdError::NotRegistered { .. }) if start.elapsed() < DEADLINE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn end(self) -> SocketAddr {
        drop(self.stop);
        assert_eq!(self.runtime.block_on(self.running).expect("the server's task"), Ended::Shutdown);
        self.address
    }
}

/// An installation, and a home for its nodes.
struct Erlang<'a> {
    otp: &'a Otp,
    home: Folder,
    epmd: SocketAddr,
}

impl<'a> Erlang<'a> {
    fn new(otp: &'a Otp, epmd: &Epmd) -> Self {
        Erlang { otp, home: otp.folder(&format!("epmd-{}", epmd.address.port())), epmd: epmd.address }
    }

    /// `erl` as the node `name@127.0.0.1`, which runs `eval`.
    fn erl(&self, name: &str, eval: &str) -> Command {
        let mut erl = self.otp.command("erl");
        erl.args(["-noinput", "+S", "1:1", "+sbwt", "none", "-start_epmd", "false", "-setcookie", "epmd_beam"])
            .args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}"])
            .args(["-name", &format!("{name}@127.0.0.1"), "-eval", eval])
            .env("HOME", &self.home.inside)
            .env("ERL_EPMD_PORT", self.epmd.port().to_string());
        erl
    }
}

fn in_background(command: Command) -> JoinHandle<nodex_testkit::run::Ended> {
    std::thread::spawn(move || nodex_testkit::run::run(command, DEADLINE))
}

fn nodes_find_each_other_and_the_epmd_command_lists_them(otp: &Otp) {
    let epmd = Epmd::start("127.0.0.1:0");
    let erlang = Erlang::new(otp, &epmd);
    let waiting = in_background(erlang.erl("waits", WAIT));
    let entry = epmd.wait_for("waits");
    assert_eq!((entry.node_type, entry.highest_version), (NORMAL_NODE, 6));

    // A second node with the name cannot start.
    let second = nodex_testkit::run::run(erlang.erl("waits", "halt(0)."), DEADLINE);
    assert_ne!(second.code, Some(0), "{second:?}");
    let said = format!("{}{}", second.stdout, second.stderr);
    assert!(said.contains("the name waits@127.0.0.1 seems to be in use"), "{said}");

    let mut names = otp.command("epmd");
    names.args(["-port", &epmd.address.port().to_string(), "-names"]);
    let names = nodex_testkit::run::run(names, DEADLINE);
    assert_eq!(names.code, Some(0), "{names:?}");
    let expected =
        format!("epmd: up and running on port {} with data:\nname waits at port {}\n", epmd.address.port(), entry.port);
    assert_eq!(names.stdout, expected);

    let eval = "Ping = net_adm:ping('waits@127.0.0.1'), {ok, Names} = erl_epmd:names(\"127.0.0.1\"), \
        io:format(\"~p ~0p~n\", [Ping, lists:sort([Name || {Name, _} <- Names])]), \
        rpc:call('waits@127.0.0.1', init, stop, []), init:stop().";
    let asked = nodex_testkit::run::run(erlang.erl("asks", eval), DEADLINE);
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(0), "pong [\"asks\",\"waits\"]\n"), "{asked:?}");
    assert_eq!(waiting.join().expect("the first node").code, Some(0));

    let start = Instant::now();
    while epmd.lookup("waits").is_ok() {
        assert!(start.elapsed() < DEADLINE, "the name outlived its node");
        std::thread::sleep(Duration::from_millis(10));
    }
    epmd.end();
}

/// The other program is this one.
fn a_node_gets_a_name_when_another_program_takes_all_that_it_can(otp: &Otp) {
    let epmd = Epmd::start_with("127.0.0.1:0", Options::default().max_nodes(20).max_nodes_each(8));
    let erlang = Erlang::new(otp, &epmd);
    let take =
        |number| epmd.runtime.block_on(Client::new(epmd.address).register(&Entry::hidden(format!("n{number}"), 1)));
    let held: Vec<_> = (0..100).map_while(|number| take(number).ok()).collect();
    assert_eq!(held.len(), 8);
    let waiting = in_background(erlang.erl("waits", WAIT));
    epmd.wait_for("waits");
    assert!(take(101).is_err());
    let eval = "io:format(\"~p~n\", [net_adm:ping('waits@127.0.0.1')]), \
        rpc:call('waits@127.0.0.1', init, stop, []), init:stop().";
    let asked = nodex_testkit::run::run(erlang.erl("asks", eval), DEADLINE);
    assert_eq!(asked.stdout, "pong\n", "{asked:?}");
    assert_eq!(waiting.join().expect("the first node").code, Some(0));
    drop(held);
    epmd.end();
}

fn nodes_register_again_when_the_epmd_comes_back(otp: &Otp) {
    let epmd = Epmd::start("127.0.0.1:0");
    let erlang = Erlang::new(otp, &epmd);
    // OTP 23 does not try: its erl_epmd has no word for it.
    let eval = "{ok, {_, [{atoms, Atoms}]}} = beam_lib:chunks(code:which(erl_epmd), [atoms]), \
        io:format(\"~p~n\", [lists:keymember(reconnect, 2, Atoms)]), init:stop().";
    let tries = nodex_testkit::run::run(erlang.erl("tries", eval), DEADLINE);
    assert_eq!(tries.stdout, format!("{}\n", otp.release() > 23), "{tries:?}");
    if otp.release() == 23 {
        return;
    }
    let waiting = in_background(erlang.erl("stays", WAIT));
    let before = epmd.wait_for("stays");
    let address = epmd.end();
    let epmd = Epmd::start(&address.to_string());
    assert_eq!(epmd.wait_for("stays"), before);
    let stop = erlang.erl("stops", "rpc:call('stays@127.0.0.1', init, stop, []), init:stop().");
    assert_eq!(nodex_testkit::run::run(stop, DEADLINE).code, Some(0));
    assert_eq!(waiting.join().expect("the first node").code, Some(0));
    epmd.end();
}

/// As a node is restarted: its successor takes the name at once, also in a host that starts processes meanwhile. Each of
/// them has the host's connections too until it runs its own program.
#[test]
fn a_name_is_free_when_its_node_has_stopped() {
    let epmd = nodex_testkit::epmd::Epmd::start();
    let ends = Arc::new(AtomicBool::new(false));
    let starts: Vec<_> = (0..2)
        .map(|_| {
            let ends = ends.clone();
            std::thread::spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    let status = Command::new("true").status();
                    assert!(status.expect("a process").success());
                }
            })
        })
        .collect();
    // Of one thread, on which nothing of the old node runs any more once the test goes on.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for round in 0..50 {
        let builder = NodeBuilder::new().listen((Ipv4Addr::LOCALHOST, 0).into()).epmd_port(epmd.port());
        let started = runtime.block_on(builder.start("again@127.0.0.1", Cookie::new("secret").expect("a cookie")));
        let node = started.unwrap_or_else(|error| panic!("round {round}: {error}"));
        let names = runtime.block_on(Client::new((Ipv4Addr::LOCALHOST, epmd.port()).into()).names());
        let port = names.expect("names").first().expect("its name").1;
        runtime.block_on(node.stop(DEADLINE));
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "round {round}");
    }
    ends.store(true, Ordering::Relaxed);
    starts.into_iter().for_each(|thread| thread.join().expect("processes start"));
}
