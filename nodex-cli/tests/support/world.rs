//! A little cluster: an epmd of the command itself, a BEAM, a Rust node.

use std::{sync::mpsc, thread::JoinHandle, time::Duration};

use nodex_core::{
    atom,
    node::{Functions, NodeBuilder},
    protocol::Cookie,
    term::RawTerm,
};

use nodex_testkit::{erl::Beam, free_port, otp::Otp};

use super::{Ended, Nodex, Running, nodex};

pub(crate) const COOKIE: &str = "a_cookie_for_the_tests";

/// Answers calls with `{ok, Request}`, except `die`, `silent` and `got`, which gives what came without a call.
const ECHO: &str = "
    Echo = fun Echo(Got) ->
        receive
            {'$gen_call', _, die} -> exit(because);
            {'$gen_call', _, silent} -> Echo(Got);
            {'$gen_call', {P, T}, got} -> P ! {T, lists:reverse(Got)}, Echo(Got);
            {'$gen_call', {P, T}, bad} -> P ! {T, {error, bad}}, Echo(Got);
            {'$gen_call', {P, T}, Request} -> P ! {T, {ok, Request}}, Echo(Got);
            Other -> Echo([Other | Got])
        end
    end,
    register(echo, spawn(fun() -> Echo([]) end)),
    register(mortal, spawn(fun() -> Echo([]) end))";

pub(crate) struct World {
    epmd: Option<Running>,
    beam: Beam,
    rust: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
    port: u16,
}

impl World {
    /// `beam@127.0.0.1` and `rust@127.0.0.1`.
    pub(crate) fn start() -> World {
        World::of(&Otp::installed(None))
    }

    /// The same with a BEAM of this release.
    pub(crate) fn of(otp: &Otp) -> World {
        let port = free_port();
        let epmd = nodex(["epmd", "--port", &port.to_string()]).start();
        epmd.wait_for_stdout(&format!("epmd on 127.0.0.1:{port}\n"));
        // In the order in which the pages have them.
        let rust = Some(rust_node(port));
        let beam = beam(otp, "beam@127.0.0.1", port, ECHO);
        World { epmd: Some(epmd), beam, rust, port }
    }

    /// Another BEAM of this release, which has evaluated this.
    pub(crate) fn beam(&self, otp: &Otp, name: &str, eval: &str) -> Beam {
        beam(otp, name, self.port, eval)
    }

    /// A run of the command in this world.
    pub(crate) fn nodex(&self, args: &[&str]) -> Ended {
        self.command(args).run()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Nodex {
        nodex(args).env("ERL_EPMD_PORT", &self.port.to_string()).env("NODEX_COOKIE", COOKIE)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills the BEAM.
    pub(crate) fn kill_beam(&mut self) {
        self.beam.kill();
    }

    /// Ends all, the epmd as a service manager would.
    pub(crate) fn end(mut self) -> Ended {
        let epmd = self.epmd.take().expect("it runs until here");
        epmd.terminate();
        epmd.end(Duration::from_secs(20))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill_beam();
        if let Some((stop, thread)) = self.rust.take() {
            drop(stop);
            let _ = thread.join();
        }
        if let Some(epmd) = self.epmd.take() {
            epmd.terminate();
            epmd.end(Duration::from_secs(20));
        }
    }
}

fn beam(otp: &Otp, name: &str, epmd_port: u16, eval: &str) -> Beam {
    let mut beam = Beam::start(otp, name, COOKIE, epmd_port, &[]);
    beam.eval(eval);
    beam
}

/// A node that listens, in this process.
fn rust_node(epmd_port: u16) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = mpsc::channel::<()>();
    let (started, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for the Rust node");
        runtime.block_on(async {
            let service =
                Functions::new().add("add", |a: i64, b: i64| a + b).add("ping", |term: RawTerm| (atom!("pong"), term));
            let node = NodeBuilder::new()
                .register("calc", service)
                .listen("127.0.0.1:0".parse().expect("an address"))
                .epmd_port(epmd_port)
                .start("rust@127.0.0.1", Cookie::new(COOKIE).expect("a cookie"))
                .await
                .expect("the Rust node starts");
            started.send(()).expect("somebody waits");
            let ended = tokio::task::spawn_blocking(move || stopped.recv());
            let _ = ended.await;
            node.stop(Duration::from_millis(100)).await;
        });
    });
    wait.recv().expect("the Rust node starts");
    (stop, thread)
}
