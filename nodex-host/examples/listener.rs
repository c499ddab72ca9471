//! A node that is connected to: it takes the arguments of bundlex, listens, registers in epmd and says `ready`.

use std::{error::Error, io::Read as _, net::Ipv4Addr, time::Duration};

use nodex_core::{
    atom,
    node::{Functions, NodeBuilder},
    protocol::Cookie,
    term::RawTerm,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [_hostname, _sname, node, _creation] = &arguments[..] else {
        return Err("usage: listener <hostname> <sname> <node> <creation>".into());
    };
    let cookie = Cookie::new(&std::env::var("BUNDLEX_ERLANG_COOKIE")?)?;
    let functions = Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term));
    let node =
        NodeBuilder::new().service(functions).listen((Ipv4Addr::LOCALHOST, 0).into()).start(node, cookie).await?;
    println!("ready\r");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    node.stop(Duration::from_secs(1)).await;
    Ok(())
}
