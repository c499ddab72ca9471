//! What a node does as a citizen of a cluster, seen from Elixir: the cases are in `tests/elixir/citizen*.exs`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nodex_core::node::{Functions, NodeBuilder};
use nodex_core::term::Atom;
use rustix::process::{Pid, Signal, kill_process};

use nodex_testkit::erl::Beam;
use nodex_testkit::executable::Executable;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{COOKIE, DEADLINE, World};

for_each_release!(ping, ping_of_the_drop_in, rpc, drop_in, signals, introspect, sys);

/// Whatever it serves, it can be pinged.
fn ping(otp: &Otp) {
    run(otp, "citizens/citizen_ping.exs", "citizen_under_test");
}

/// The drop-in node, which answers any name, is one as well.
fn ping_of_the_drop_in(otp: &Otp) {
    run(otp, "citizens/citizen_ping.exs", "no_macro");
}

/// `rpc`, `erpc`, spawn requests and the server `rex`, side by side with a BEAM.
fn rpc(otp: &Otp) {
    run(otp, "citizens/citizen_rpc.exs", "citizen_under_test");
}

/// What the drop-in node makes of names and modules.
fn drop_in(otp: &Otp) {
    run(otp, "citizens/citizen_drop_in.exs", "no_macro");
}

/// Monitors, links and exit signals; services that come and go.
fn signals(otp: &Otp) {
    run(otp, "citizens/citizen_signals.exs", "citizen_under_test");
}

/// What a person at a shell can ask a node about itself.
fn introspect(otp: &Otp) {
    run(otp, "citizens/citizen_introspect.exs", "citizen_under_test");
}

/// `sys` and `GenServer.stop`.
fn sys(otp: &Otp) {
    run(otp, "citizens/citizen_sys.exs", "citizen_under_test");
}

const STARTER: &str = "starter@127.0.0.1";

/// For a whole script.
const LONG: Duration = Duration::from_secs(240);

fn run(otp: &Otp, script: &'static str, example: &str) {
    let world = World::new();
    let starter = Arc::new(Starter {
        command: Box::new({
            let (executable, epmd_port) = (Executable::example(example), world.epmd_port());
            move |sname| World::command_for(&executable, epmd_port, sname, "host")
        }),
        otp: otp.clone(),
        epmd_port: world.epmd_port(),
        children: Mutex::default(),
        beams: Mutex::default(),
    });
    let _node = world.node(STARTER, NodeBuilder::new().register("starter", starter.clone().functions()));
    world.begin_script_with(otp, script, &["citizens/started_node.exs"], &[STARTER], LONG).passes();
    assert!(starter.children.lock().expect("no panic").is_empty(), "executables are left");
    assert!(starter.beams.lock().expect("no panic").is_empty(), "BEAMs are left");
}

/// Starts programs for a script that cannot.
struct Starter {
    command: Box<dyn Fn(&str) -> Command + Send + Sync>,
    otp: Otp,
    epmd_port: u16,
    children: Mutex<HashMap<i32, Child>>,
    beams: Mutex<HashMap<Atom, Beam>>,
}

impl Starter {
    fn functions(self: Arc<Self>) -> Functions {
        let [a, b, c, d, e, f] = std::array::from_fn(|_| self.clone());
        Functions::new()
            .add("start", move |sname: String| a.start(&sname))
            .add("signal", move |os_pid: i32, signal: String| b.signal(os_pid, &signal))
            .add("wait", move |os_pid: i32| c.wait(os_pid))
            .add("memory", move |os_pid: i32| d.memory(os_pid))
            .add("beam", move || e.beam())
            .add("stop_beam", move |name: Atom| f.beams.lock().expect("no panic").remove(&name).map(drop).ok_or("gone"))
    }

    fn start(&self, sname: &str) -> Result<i32, String> {
        let mut command = (self.command)(sname);
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let name = format!("{sname}@127.0.0.1");
        let said = child.stdout.as_mut().expect("a pipe");
        // Byte by byte, so that what comes after these lines is left for `wait`.
        let lines: Vec<_> = BufReader::with_capacity(1, said).lines().take(3).map_while(Result::ok).collect();
        let os_pid = Pid::from_child(&child).as_raw_nonzero().get();
        self.children.lock().expect("no panic").insert(os_pid, child);
        let expected =
            [format!("initialising {name}"), "connecting to host@127.0.0.1".to_owned(), format!("{name} ready")];
        if lines == expected { Ok(os_pid) } else { Err(format!("{lines:?}")) }
    }

    fn signal(&self, os_pid: i32, signal: &str) -> Result<(), String> {
        let signal = match signal {
            "KILL" => Signal::KILL,
            "TERM" => Signal::TERM,
            other => return Err(other.to_owned()),
        };
        // As long as it is in the table, it has not been waited for, and the number is its own.
        let there = self.children.lock().expect("no panic").contains_key(&os_pid);
        let pid = Pid::from_raw(os_pid).filter(|_| there).ok_or("no such process")?;
        kill_process(pid, signal).map_err(|error| error.to_string())
    }

    /// What it has printed since it was ready, and its exit status; -1 after a signal.
    fn wait(&self, os_pid: i32) -> Result<(Vec<String>, i32), String> {
        let mut child = self.children.lock().expect("no panic").remove(&os_pid).ok_or("no such process")?;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if started.elapsed() > DEADLINE {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it did not end".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut said = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_string(&mut said).map_err(|error| error.to_string())?;
        }
        Ok((said.lines().map(str::to_owned).collect(), status.code().unwrap_or(-1)))
    }

    fn memory(&self, os_pid: i32) -> Result<u64, String> {
        let status = std::fs::read_to_string(format!("/proc/{os_pid}/status")).map_err(|error| error.to_string())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        line.trim().trim_end_matches(" kB").parse().map_err(|_| line.to_owned())
    }

    fn beam(&self) -> Result<Atom, String> {
        let mut beams = self.beams.lock().expect("no panic");
        let name = format!("beam{}@127.0.0.1", beams.len() + 1);
        let beam = Beam::start(&self.otp, &name, COOKIE, self.epmd_port, &[]);
        let name = Atom::new(&name).map_err(|error| error.to_string())?;
        beams.insert(name.clone(), beam);
        Ok(name)
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        for child in self.children.get_mut().expect("no panic").values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
