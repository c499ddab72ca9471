//! One run of a program under test: its own folder, a deadline, its output, and the proof that no
//! process of it is left.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::executable::target;

/// Every process of a run carries this variable, which children inherit: so left-overs are found
/// even when their parent is gone.
pub(crate) const MARK: &str = "NODEX_TEST_RUN";

/// A mark that no other run has.
pub(crate) fn new_mark() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed))
}

/// What a program printed and how it ended. `code` is `None` after a signal.
#[derive(Debug)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// Runs `command` to its end, with no stdin, and checks that nothing of it is left.
///
/// # Panics
/// After `deadline`, or when a process of the run is still there some seconds after its end; those
/// processes are killed first.
pub(crate) fn run(command: Command, deadline: Duration) -> Ended {
    run_with_stdin(command, Stdio::null(), deadline)
}

/// [`run`] with a stdin.
pub(crate) fn run_with_stdin(mut command: Command, stdin: Stdio, deadline: Duration) -> Ended {
    let mark = new_mark();
    let folder = Folder::new(&mark);
    let (stdout, stderr) = (folder.0.join("stdout"), folder.0.join("stderr"));
    let started = Instant::now();
    // A program inside a chroot has a home of its own there.
    if !command.get_envs().any(|(name, _)| name == "HOME") {
        command.env("HOME", &folder.0);
    }
    let mut child = command
        .env(MARK, &mark)
        .env("ERL_CRASH_DUMP", folder.0.join("erl_crash.dump"))
        .env("LC_ALL", "C.UTF-8")
        .stdin(stdin)
        .stdout(File::create(&stdout).expect("a file for stdout"))
        .stderr(File::create(&stderr).expect("a file for stderr"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let output = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).expect("the output")).into_owned();

    let status = loop {
        if let Some(status) = child.try_wait().expect("the state of the child") {
            break status;
        }
        if started.elapsed() > deadline {
            kill_all(&marked(&mark));
            let _ = child.wait();
            panic!("{command:?} still ran after {deadline:?}\n{}{}", output(&stdout), output(&stderr));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let ended =
        Ended { code: status.code(), stdout: output(&stdout), stderr: output(&stderr), took: started.elapsed() };

    let left = left_over(&mark);
    assert!(left.is_empty(), "{command:?} left processes behind: {left:?}\n{}{}", ended.stdout, ended.stderr);
    ended
}

/// The processes of a run that are still there when it had time to end them; they are killed.
pub(crate) fn left_over(mark: &str) -> Vec<(i32, String)> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let left = marked(mark);
        if left.is_empty() {
            return left;
        }
        if Instant::now() > deadline {
            kill_all(&left);
            return left;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Pid and command line of every living process that carries the mark.
pub(crate) fn marked(mark: &str) -> Vec<(i32, String)> {
    let needle = format!("{MARK}={mark}\0").into_bytes();
    let carries = |pid: i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(needle.len()).any(|part| part == needle)
    };
    let command_line =
        |pid: i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ");
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| carries(*pid))
        .map(|pid| (pid, command_line(pid)))
        .collect()
}

pub(crate) fn kill_all(processes: &[(i32, String)]) {
    for (pid, _) in processes {
        if let Some(pid) = rustix::process::Pid::from_raw(*pid) {
            // Fails only when it is gone by now.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// A folder of the run's own (home, output), removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(mark: &str) -> Self {
        let path = target().join("tmp").join(format!("run-{mark}"));
        fs::create_dir_all(&path).expect("a folder for the run");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
