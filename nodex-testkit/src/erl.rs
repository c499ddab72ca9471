//! A BEAM that a test tells what to evaluate, expression by expression, over its stdio.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::otp::{Folder, Otp};
use crate::processes::{MARK, Pack, new_mark};
use crate::{poll, root};

/// Generous: an answer takes milliseconds, but the machine may be busy with others.
const DEADLINE: Duration = Duration::from_secs(120);

/// Lines of the BEAM's own that are kept to be shown when something fails.
const KEPT: usize = 200;

/// Evaluates each line of stdin in one process, whose variables and mailbox stay. What a line gives is
/// printed as one line after a mark. Ends with stdin.
const LOOP: &str = r#"
    Eval = fun(Line, Bindings) ->
        {ok, Tokens, _} = erl_scan:string(Line),
        {ok, Expressions} = erl_parse:parse_exprs(Tokens),
        erl_eval:exprs(Expressions, Bindings)
    end,
    Loop = fun Loop(Bindings) ->
        case io:get_line("") of
            "forget.\n" -> io:format("=> forgotten~n"), Loop([]);
            Line when is_list(Line) ->
                Loop(try Eval(Line, Bindings) of
                    {value, Value, New} -> io:format("=> ~0tp~n", [Value]), New
                catch
                    Class:Reason:Stack -> io:format("!! ~0tp~n", [{Class, Reason, Stack}]), Bindings
                end);
            _ -> halt(0)
        end
    end,
    spawn(fun() -> Loop([]) end).
"#;

/// A running BEAM; dropping it ends the process and checks that nothing of it is left.
#[derive(Debug)]
pub struct Beam {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    said: Arc<Mutex<VecDeque<String>>>,
    name: String,
    mark: String,
    folder: Folder,
}

impl Beam {
    /// Starts a node of this full name, whose epmd is at this port (1 for none), with more arguments for
    /// `erl`. It listens on loopback addresses only.
    pub fn start(otp: &Otp, name: &str, cookie: &str, epmd_port: u16, arguments: &[&str]) -> Self {
        let loopback = if name.contains('.') { "{127,0,0,1}" } else { "{0,0,0,0,0,0,0,1}" };
        let mut start = vec!["-name", name, "-setcookie", cookie, "-start_epmd", "false"];
        // The first of several is the one that counts, so arguments may name another address.
        start.extend_from_slice(arguments);
        start.extend(["-kernel", "inet_dist_use_interface", loopback]);
        Self::start_with(otp, name, epmd_port, &start)
    }

    /// Starts `erl` with just these arguments and what it needs to be told what to do.
    pub fn start_with(otp: &Otp, name: &str, epmd_port: u16, arguments: &[&str]) -> Self {
        let mark = new_mark();
        let folder = otp.folder(&format!("erl-{mark}"));
        let mut erl = otp.command("erl");
        // Schedulers that wait without spinning: the machine is shared with other tests.
        erl.args(["-noshell", "+S", "2:2", "+A", "1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"])
            .args(arguments)
            .args(["-eval", &LOOP.split_whitespace().collect::<Vec<_>>().join(" ")])
            .env("ERL_EPMD_PORT", epmd_port.to_string())
            .env("HOME", &folder.inside)
            .env("ERL_CRASH_DUMP", folder.inside.join("erl_crash.dump"))
            .env(MARK, &mark);
        let mut beam = Self::run(erl, name, mark, folder);
        // Not to be taken for an answer, whatever the start has printed.
        assert_eq!(beam.eval("started"), "started");
        beam
    }

    fn run(mut command: Command, name: &str, mark: String, folder: Folder) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let (sender, lines) = channel();
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let keep = |said: &Mutex<VecDeque<String>>, line: String| {
            let mut said = said.lock().expect("no panic meanwhile");
            said.push_back(line);
            if said.len() > KEPT {
                said.pop_front();
            }
        };
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let log = said.clone();
        std::thread::spawn(move || {
            each_line(stdout, |line| {
                if line.starts_with("=> ") || line.starts_with("!! ") {
                    // Nobody waits for the answers of a BEAM that has been dropped.
                    let _ = sender.send(line);
                } else {
                    keep(&log, line);
                }
            });
        });
        let log = said.clone();
        std::thread::spawn(move || each_line(stderr, |line| keep(&log, line)));
        let stdin = child.stdin.take();
        Self { child, stdin, lines, said, name: name.to_owned(), mark, folder }
    }

    /// Returns its full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its process.
    pub fn os_pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Evaluates Erlang expressions, with commas between them, and returns the value of the last one as
    /// `~0tp` writes it. All lines are evaluated by the same process; variables stay bound.
    ///
    /// # Panics
    /// Panics when the evaluation fails.
    pub fn eval(&mut self, expressions: &str) -> String {
        self.begin(expressions);
        self.answer()
    }

    /// Lets it forget its variables, so that they can be bound again.
    pub fn forget(&mut self) {
        assert_eq!(self.eval("forget"), "forgotten");
    }

    /// Compiles and loads a module of `tests/erlang`.
    pub fn load(&mut self, file: &str) {
        let path = self.folder.copy(&root().join("tests/erlang").join(file));
        let loaded = self.eval(&format!(
            "(fun() ->
                {{ok, Module, Code}} = compile:file({path:?}, [binary, report]),
                {{module, Module}} = code:load_binary(Module, {path:?}, Code)
            end)()"
        ));
        assert!(loaded.starts_with("{module,"), "{loaded}");
    }

    /// Has it evaluate something meanwhile.
    pub fn begin(&mut self, expressions: &str) {
        let line: Vec<_> = expressions.split_whitespace().collect();
        let stdin = self.stdin.as_mut().expect("it is open until the end");
        if let Err(error) = writeln!(stdin, "{}.", line.join(" ")).and_then(|()| stdin.flush()) {
            panic!("{} does not listen: {error}\n{}", self.name, self.said());
        }
    }

    /// Returns the value of what was begun.
    pub fn answer(&mut self) -> String {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => match line.strip_prefix("=> ") {
                Some(value) => value.to_owned(),
                None => panic!("{}: {line}\n{}", self.name, self.said()),
            },
            Err(RecvTimeoutError::Timeout) => panic!("{} did not answer\n{}", self.name, self.said()),
            Err(RecvTimeoutError::Disconnected) => panic!("{} has ended\n{}", self.name, self.said()),
        }
    }

    /// Evaluates until the value is this one.
    ///
    /// # Panics
    /// Panics when it never is.
    pub fn eventually(&mut self, expressions: &str, value: &str) {
        let mut now = String::new();
        let reached = poll(DEADLINE, || {
            now = self.eval(expressions);
            (now == value).then_some(())
        });
        assert!(reached.is_some(), "{}: {expressions} is {now} and never {value}\n{}", self.name, self.said());
    }

    /// What it has printed by itself.
    pub fn said(&self) -> String {
        self.said.lock().expect("no panic meanwhile").make_contiguous().join("\n")
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end. Bytes that are not UTF-8 are replaced, and reading continues.
fn each_line(pipe: impl Read, mut take: impl FnMut(String)) {
    let (mut reader, mut line) = (BufReader::new(pipe), Vec::new());
    while let Ok(1..) = reader.read_until(b'\n', &mut line) {
        take(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
        line.clear();
    }
}

impl Drop for Beam {
    fn drop(&mut self) {
        self.stdin = None;
        // It ends with its stdin; one that has other things to do does not keep the test waiting.
        poll(Duration::from_secs(2), || (!matches!(self.child.try_wait(), Ok(None))).then_some(()));
        self.kill();
        let left = Pack::marked(&self.mark).left_over();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "{} left processes behind: {left:?}", self.name);
        }
    }
}
