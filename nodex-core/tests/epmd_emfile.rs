//! The embedded epmd when the process has no file descriptors left. Alone in its program, because the
//! limit is the whole process's.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use nodex_core::epmd::{Client, Ended, Entry, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

#[tokio::test]
async fn running_out_of_file_descriptors_costs_only_idle_connections() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    let client = Client::new(address).timeout(Duration::from_secs(10));
    let mut registered = client.register(&Entry::hidden("foo", 7)).await.unwrap();

    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(60), maximum: before.maximum }).unwrap();
    let mut idle = Vec::new();
    while let Ok(stream) = TcpStream::connect(address).await {
        idle.push(stream);
        // Lets the server take its own descriptor for each.
        tokio::task::yield_now().await;
        assert!(idle.len() < 100, "the limit does not hold");
    }
    // Longer than the server's pause: it meets the shortage again and again.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!running.is_finished());
    // It has given some of them back, so that it answers whoever is next.
    drop(idle.pop());
    assert_eq!(client.lookup("foo").await.unwrap().port, 7);
    drop(idle);
    assert_eq!(client.lookup("foo").await.unwrap().port, 7);
    assert!(tokio::time::timeout(Duration::from_millis(50), registered.lost()).await.is_err());

    setrlimit(Resource::Nofile, before).unwrap();
    stop.send(()).unwrap();
    assert_eq!(running.await.unwrap(), Ended::Shutdown);
}
