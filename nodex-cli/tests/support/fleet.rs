//! A fleet in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Ended, Nodex, Running, c_program, nodex};

/// The beginning of most files: an epmd at which nobody else is met.
pub(crate) const HOST: &str = "[host]\nepmd = \"private\"\n";

pub(crate) struct Fleet {
    pub(crate) folder: PathBuf,
}

/// A node of this command itself.
pub(crate) fn rust(name: &str) -> String {
    let exec = env!("CARGO_BIN_EXE_nodex");
    format!("[[node]]\nname = \"{name}\"\nexec = \"{exec}\"\nargs = [\"demo-node\"]\n")
}

/// A node on `ei`.
pub(crate) fn c(name: &str) -> String {
    format!("[[node]]\nname = \"{name}\"\nexec = \"{}\"\n", c_program("example_client").display())
}

/// A program that is never ready, or does something else that it should not.
pub(crate) fn child(name: &str, program: &str) -> String {
    format!("[[node]]\nname = \"{name}\"\nexec = \"{}\"\n", c_program(&format!("children/{program}")).display())
}

/// A shell that does `before`, and is the node of this command then.
pub(crate) fn script(name: &str, before: &str) -> String {
    let exec = env!("CARGO_BIN_EXE_nodex");
    format!(
        "[[node]]\nname = \"{name}\"\nexec = \"sh\"\nargs = [\"-c\", '''{before}\nexec {exec} demo-node \"$@\"''', \"sh\"]\n"
    )
}

impl Fleet {
    pub(crate) fn new(file: &str) -> Fleet {
        static FLEETS: AtomicU32 = AtomicU32::new(0);
        let name = format!("fleet-{}-{}", std::process::id(), FLEETS.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("nodex.toml"), file).expect("a fleet file");
        Fleet { folder }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// A command in the folder.
    pub(crate) fn nodex(&self, args: &[&str]) -> Nodex {
        nodex(args).cwd(&self.folder)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.nodex(args).run()
    }

    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(0), "{ended}");
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"))
    }

    /// `nodex up`, once all nodes are up.
    pub(crate) fn up(&self) -> Running {
        let running = self.nodex(&["up"]).start();
        running.wait_for_stderr(" up\n");
        running
    }

    /// A node as `nodex ps` tells of it.
    pub(crate) fn node(&self, name: &str) -> serde_json::Value {
        let fleet = self.json(&["ps", "--json"]);
        let nodes = fleet["nodes"].as_array().expect("nodes");
        nodes.iter().find(|node| node["name"] == name).cloned().unwrap_or_else(|| panic!("{name} in {fleet}"))
    }

    /// Waits until a node is as it should be.
    pub(crate) fn wait(&self, name: &str, good: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let node = self.node(name);
            if good(&node) {
                return node;
            }
            assert!(Instant::now() < deadline, "{node}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// That nothing of it is in its folder but what was written there, and no process.
    pub(crate) fn left_nothing(&self, ended: &Ended) {
        ended.left_nothing();
        assert!(!self.folder.join(".nodex").exists(), "the folder of the control socket is left\n{ended}");
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// SIGKILL.
pub(crate) fn kill(pid: &serde_json::Value) {
    signal(pid, Signal::KILL);
}

/// Sends a signal to a process of a test.
pub(crate) fn signal(pid: &serde_json::Value, signal: Signal) {
    let pid = pid.as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, signal).expect("a process to signal");
}

/// The text with times, pids and durations made the same, word by word.
pub(crate) fn normal(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut before = "";
        let mut words = Vec::new();
        for word in line.split(' ') {
            let digits = word.trim_end_matches(',').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            words.push(match before {
                _ if word.len() == 9 && word.ends_with('Z') && word.as_bytes()[2] == b':' => "TIME".to_owned(),
                "process" if digits => word.replace(|c: char| c.is_ascii_digit(), "").replace(',', "") + "PID",
                "after" | "in" if digits => "SOME".to_owned(),
                "SOME" => "TIME".to_owned(),
                _ => word.to_owned(),
            });
            before = if words.last().is_some_and(|word| word == "SOME") { "SOME" } else { word };
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}
