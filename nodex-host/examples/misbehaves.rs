//! A node executable that does what a node must not do: the variable `MISBEHAVIOUR` says what. The counterparts in C are
//! `c_src/children` and `c_src/nodes`.

use std::{
    error::Error,
    io::{self, Read as _, Write as _},
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use nodex_core::{
    atom,
    node::{Caller, Context, Functions, NoReply, NodeBuilder},
    protocol::Cookie,
    term::RawTerm,
};
use tokio::signal::unix::{SignalKind, signal};

type Result<T = ExitCode> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sname, hostname, cookie, tname] = &arguments[..] else {
        return Err("usage: misbehaves <sname> <hostname> <cookie> <tname>".into());
    };
    let (node, host) = (format!("{sname}@{hostname}"), format!("{tname}@{hostname}"));
    match &*std::env::var("MISBEHAVIOUR")? {
        "never_ready" => {
            say(&format!("initialising {node}\n"))?;
            serve()
        }
        "chatty" => loop {
            say("still busy\n")?;
            std::thread::sleep(Duration::from_millis(2));
        },
        "exits_before_ready" => {
            say(&format!("initialising {node}\n"))?;
            eprintln!("cannot go on");
            Ok(ExitCode::from(3))
        }
        "exits_after_ready" => {
            say(&format!("{node} ready\nlast words"))?;
            Ok(ExitCode::from(7))
        }
        "ignores_sigterm" => {
            let _ignored = signal(SignalKind::terminate())?;
            say(&format!("{node} ready\n"))?;
            hang()
        }
        "grandchild" => {
            let _ignored = signal(SignalKind::terminate())?;
            say("a grandchild\n")?;
            hang()
        }
        "grandchildren" => {
            for _ in 0..3 {
                let mut grandchild = Command::new(std::env::current_exe()?);
                grandchild.args(&arguments).env("MISBEHAVIOUR", "grandchild").stdin(Stdio::null()).spawn()?;
            }
            say(&format!("{node} ready\n"))?;
            serve()
        }
        "long_line" => {
            say(&"x".repeat(1_000_000))?;
            say(&format!("\n{node} ready\n"))?;
            serve()
        }
        "not_utf8" => {
            let bytes: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
            io::stdout().write_all(&bytes)?;
            say(&format!("\n{node} ready\r\n"))?;
            serve()
        }
        misbehaviour => join(&node, &host, Cookie::new(cookie)?, misbehaviour).await,
    }
}

/// The same for nodes that are connected.
async fn join(node: &str, host: &str, cookie: Cookie, misbehaviour: &str) -> Result {
    let functions = match misbehaviour {
        "answers_nobody" => Functions::new().add("ping", |caller: Caller, context: Context, term: RawTerm| {
            if let Ok(mut nobody) = caller.pid() {
                nobody.id ^= 0x5555;
                tokio::spawn(async move { context.node().send(nobody, (atom!("pong"), term)).await });
            }
            caller.forget();
            NoReply
        }),
        "answers_twice" => Functions::new().add("ping", |caller: Caller, term: RawTerm| {
            for _ in 0..2 {
                let _ = caller.reply((atom!("pong"), &term));
            }
            NoReply
        }),
        "hangs" => pong().add("hang", || -> bool { hang() }),
        "hangs_alone" => pong().add_async("hang", std::future::pending::<bool>),
        "closes_its_socket" => pong().add("close", |context: Context| {
            let peers = context.node().peers();
            peers.iter().for_each(|peer| peer.disconnect());
            NoReply
        }),
        "stops_reading" => Functions::new(),
        other => return Err(format!("the misbehaviour {other} is not known").into()),
    };
    let local = NodeBuilder::new().service(functions).start(node, cookie).await?;
    local.connect(host).await?;
    say(&format!("{node} ready\n"))?;
    match misbehaviour {
        // Nothing of the runtime goes on.
        "stops_reading" => hang(),
        _ => std::future::pending().await,
    }
}

fn pong() -> Functions {
    Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term))
}

fn say(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())?;
    io::stdout().flush()
}

/// Until the end of stdin or SIGTERM.
fn serve() -> Result {
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}

/// Until a signal ends it.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}
