//! The threads that drive the connections of a node that listens.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, net::TcpListener, thread, time::Duration};

use nodex_core::{
    atom,
    node::{Functions, Node, NodeBuilder},
    protocol::Cookie,
};
use tokio::{runtime::Handle, time::sleep};

const LIMIT: Duration = Duration::from_secs(60);
const SERVER: &str = "server@127.0.0.1";

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// Where a handler runs, where what it spawns does, and whether the runtime around both is the program's.
fn functions() -> Functions {
    Functions::new()
        .add("thread", thread_name)
        .add("task", || fs::read_link("/proc/thread-self").unwrap().display().to_string())
        .add("runtime", || Handle::current().id().to_string())
        .add_async("spawned", || async {
            tokio::spawn(async { Handle::current().id().to_string() }).await.unwrap_or_default()
        })
        .add_async("slept", || async {
            sleep(Duration::from_millis(1)).await;
            thread_name()
        })
}

async fn server(builder: NodeBuilder) -> (Node, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let builder = builder.service(functions()).listen_unpublished(([127, 0, 0, 1], port).into());
    (builder.start(SERVER, Cookie::new("secret").unwrap()).await.unwrap(), port)
}

async fn client(number: usize, port: u16) -> Node {
    let name = format!("client{number}@127.0.0.1");
    NodeBuilder::new().dist_port(port).start(&name, Cookie::new("secret").unwrap()).await.unwrap()
}

async fn ask(client: &Node, function: &str) -> String {
    let function = nodex_core::term::Atom::new(function).unwrap();
    client.request((atom!("any"), atom!("server@127.0.0.1")), function, LIMIT).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_spread_and_stay_where_they_are() {
    let (server, port) = server(NodeBuilder::new().readers(3)).await;
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    let mut clients = Vec::new();
    for number in 0..9 {
        let client = client(number, port).await;
        let thread = ask(&client, "thread").await;
        *shares.entry(thread.clone()).or_default() += 1;
        clients.push((client, thread));
    }
    let expected = ["nodex-read-0", "nodex-read-1", "nodex-read-2"].map(|name| (name.to_owned(), 3));
    assert_eq!(shares, BTreeMap::from(expected));
    for _ in 0..20 {
        for (client, thread) in &clients {
            assert_eq!(&ask(client, "thread").await, thread);
            assert_eq!(&ask(client, "slept").await, thread, "after it has waited");
        }
    }
    // The place of one that has gone is the next one's.
    let (gone, thread) = clients.remove(4);
    gone.stop(Duration::from_secs(1)).await;
    while !server.peers().is_empty() && server.peers().len() > clients.len() {
        sleep(Duration::from_millis(5)).await;
    }
    let next = client(100, port).await;
    assert_eq!(ask(&next, "thread").await, thread);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_handlers_spawn_belongs_to_the_programs_runtime() {
    let (_server, port) = server(NodeBuilder::new().readers(1)).await;
    let client = client(0, port).await;
    let ours = Handle::current().id().to_string();
    assert_eq!(ask(&client, "runtime").await, ours);
    assert_eq!(ask(&client, "spawned").await, ours);
}

#[tokio::test]
async fn a_runtime_of_one_thread_serves_by_itself_unless_told_otherwise() {
    let (server, port) = server(NodeBuilder::new()).await;
    let served = ask(&client(0, port).await, "thread").await;
    assert_eq!(served, thread_name());
    server.stop(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_are_there_when_none_are_wanted() {
    let (_server, port) = server(NodeBuilder::new().readers(0)).await;
    let served = ask(&client(0, port).await, "thread").await;
    assert!(!served.starts_with("nodex-read-"), "{served}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_end_with_the_node() {
    let (server, port) = server(NodeBuilder::new().readers(1)).await;
    let client = client(0, port).await;
    let task = std::path::Path::new("/proc").join(ask(&client, "task").await);
    assert!(task.exists());
    server.stop(Duration::from_secs(1)).await;
    drop(server);
    while task.exists() {
        sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn they_end_with_the_runtime() {
    let programs = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (server, port) = programs.block_on(server(NodeBuilder::new().readers(1)));
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    clients.block_on(async {
        let client = client(0, port).await;
        let task = std::path::Path::new("/proc").join(ask(&client, "task").await);
        programs.shutdown_background();
        drop(server);
        while task.exists() || !client.peers().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    });
}
