//! The host under attack: it listens, and calls the nodes that it is told to call, one line of stdin each.
//!
//! Arguments: `listen <node> <cookie>`. It prints `port <port>`, and for the line `<name> <ms>` what comes of calling
//! `ping` on the node of this name, which is found and not started, within so many milliseconds: `<name>: <answer>`.

use std::{net::Ipv4Addr, process::ExitCode, time::Duration};

use nodex::{node::Functions, prelude::*};
use nodex_core::{epmd, error::Chain, node, protocol::Cookie, text::Text};
use nodex_host::{Cnode, Distributed, EpmdMode};
use tokio::io::{AsyncBufReadExt, BufReader};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, name, cookie] = &arguments[..] else { panic!("{arguments:?}") };
    assert_eq!(listen, "listen");
    node::log_to_stderr().expect("a level");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(host(name.split('@').next().expect("a name"), Cookie::new(cookie).expect("a cookie")));
    ExitCode::SUCCESS
}

async fn host(name: &str, cookie: Cookie) {
    let functions = Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term));
    let net = Distributed::builder(name)
        .ip(Ipv4Addr::LOCALHOST)
        .cookie(cookie)
        .epmd(EpmdMode::Private)
        .node(|builder| builder.service(functions))
        .up()
        .await
        .expect("a host");
    let own = epmd::Client::new((Ipv4Addr::LOCALHOST, net.epmd_port()).into()).lookup(name).await;
    println!("port {}", own.expect("it is registered").port);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    // Ends with the test.
    while let Ok(Some(line)) = lines.next_line().await {
        let (name, ms) = line.split_once(' ').expect("a name and a time");
        let (name, ms) = (name.to_owned(), ms.parse().expect("milliseconds"));
        let cnode = Cnode::builder("/dev/null").sname(name.clone()).spawn(&net).await;
        tokio::spawn(async move {
            let answer = match cnode {
                Ok(cnode) => match cnode.request_timeout::<Term>((atom!("ping"), 1), Duration::from_millis(ms)).await {
                    Ok(term) => Text::of(&term).max_len(100).to_string(),
                    Err(error) => format!("error: {}", Chain(&error)),
                },
                Err(error) => format!("not found: {}", Chain(&error)),
            };
            println!("{name}: {answer}");
        });
    }
    net.down().await;
}
