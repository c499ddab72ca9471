//! The epmd client against something that listens in place of epmd and misbehaves.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nodex_core::{
    epmd::{Client, Entry, EpmdError},
    error::Chain,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Listens once, takes the request in, answers these bytes and closes (or stays silent).
async fn fake(answer: Vec<u8>, close: bool) -> (Client, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        // One read: the request comes in one piece.
        let count = stream.read(&mut request).await.unwrap();
        request.truncate(count);
        let _ = stream.write_all(&answer).await;
        if !close {
            let _ = stream.read(&mut [0]).await;
        }
        request
    });
    (Client::new(address).timeout(Duration::from_secs(10)), task)
}

fn rubbish<T: std::fmt::Debug>(result: Result<T, EpmdError>) -> String {
    match result {
        Err(EpmdError::InvalidResponse { problem, .. }) => Chain(&problem).to_string(),
        other => panic!("{other:?}"),
    }
}

/// `w 0 Port Type Protocol Highest Lowest Name Extra`, as epmd of OTP 25 answers.
const FOUND: &[u8] = b"w\0\x04\xd2h\0\0\x06\0\x06\0\x03foo\0\x02ab";

#[tokio::test]
async fn requests_leave_in_one_piece_and_say_what_epmd_expects() {
    let (client, request) = fake(FOUND.to_vec(), true).await;
    let entry = client.lookup("foo").await.unwrap();
    assert_eq!(entry, Entry { extra: b"ab".to_vec(), ..Entry::hidden("foo", 1234) });
    assert_eq!(request.await.unwrap(), b"\0\x04zfoo");

    let (client, request) = fake(b"v\0\x01\x02\x03\x04".to_vec(), true).await;
    let registered = client.register(&Entry::hidden("foo", 1234)).await.unwrap();
    assert_eq!(registered.creation(), 0x01020304);
    assert_eq!(request.await.unwrap(), b"\0\x10x\x04\xd2h\0\0\x06\0\x06\0\x03foo\0\0");

    let (client, _) = fake(b"y\0\0\x02".to_vec(), true).await;
    assert_eq!(client.register(&Entry::hidden("foo", 1234)).await.unwrap().creation(), 2);

    let (client, request) = fake(b"\0\0\x11\x11name a at port 1\nname b at port 65535\n".to_vec(), true).await;
    assert_eq!(client.names().await.unwrap(), [("a".to_owned(), 1), ("b".to_owned(), 65535)]);
    assert_eq!(request.await.unwrap(), b"\0\x01n");
}

#[tokio::test]
async fn what_epmd_refuses_is_told_apart() {
    let (client, _) = fake(b"w\x01".to_vec(), true).await;
    let error = client.lookup("foo").await.unwrap_err();
    assert_eq!(error.to_string(), format!("no node named foo is registered with epmd at {}", client.address()));
    for answer in [&b"v\x01\0\0\0\x63"[..], b"y\x01\0\x63"] {
        let (client, _) = fake(answer.to_vec(), true).await;
        let error = client.register(&Entry::hidden("foo", 1)).await.unwrap_err();
        assert!(matches!(error, EpmdError::NameTaken { ref name, .. } if name == "foo"), "{error}");
    }
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Client::new(free).lookup("foo").await.unwrap_err();
    assert_eq!(error.to_string(), format!("no epmd is running at {free}"));
}

#[tokio::test]
async fn rubbish_is_called_rubbish() {
    // Every answer that is cut short, and then closed.
    for cut in 0..FOUND.len() {
        let (client, _) = fake(FOUND[..cut].to_vec(), true).await;
        assert_eq!(rubbish(client.lookup("foo").await), "it ends too early", "cut at {cut}");
    }
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let (client, _) = fake(http.clone(), true).await;
    assert_eq!(rubbish(client.lookup("foo").await), "it starts with 72");
    let (client, _) = fake(http.clone(), true).await;
    assert_eq!(rubbish(client.register(&Entry::hidden("foo", 1)).await), "it starts with 72");
    let (client, _) = fake(http, true).await;
    assert!(rubbish(client.names().await).contains("malformed"));
    let (client, _) = fake(b"w\0\x04\xd2h\0\0\x06\0\x06\0\x03bar\0\0".to_vec(), true).await;
    assert_eq!(rubbish(client.lookup("foo").await), "it is about the node \"bar\"");
    let (client, _) = fake(b"w\0\x04\xd2h\0\0\x06\0\x06\0\x02\xff\xfe\0\0".to_vec(), true).await;
    assert!(rubbish(client.lookup("foo").await).contains("UTF-8"));
    let (client, _) = fake(b"w\x07".to_vec(), true).await;
    rubbish(client.lookup("foo").await);
    let (client, _) = fake(b"\0\0\x11\x11\xff\xff".to_vec(), true).await;
    rubbish(client.names().await);
}

#[tokio::test]
async fn answers_have_a_limit() {
    // 64 KiB of extra field are announced, and come.
    let mut endless = b"w\0\x04\xd2h\0\0\x06\0\x06\0\x03foo\xff\xff".to_vec();
    endless.resize(80_000, b'e');
    let (client, _) = fake(endless, true).await;
    assert_eq!(rubbish(client.lookup("foo").await), "it is longer than 4096 bytes");

    let line = b"name a at port 1\n";
    let mut names = vec![0, 0, 17, 17];
    while names.len() < 6 << 20 {
        names.extend_from_slice(line);
    }
    let (client, _) = fake(names, true).await;
    assert_eq!(rubbish(client.names().await), "it is longer than 4194304 bytes");
}

#[tokio::test]
async fn a_silent_or_dripping_epmd_is_given_up_in_time() {
    let short = Duration::from_millis(300);
    for answer in [&b""[..], b"w\0\x04"] {
        let (client, _) = fake(answer.to_vec(), false).await;
        let start = Instant::now();
        let error = client.timeout(short).lookup("foo").await.unwrap_err();
        assert!(matches!(error, EpmdError::Timeout { request: "port", timeout, .. } if timeout == short), "{error}");
        assert!(start.elapsed() >= short);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while stream.write_all(b"\0").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let error = Client::new(address).timeout(short).names().await.unwrap_err();
    assert!(matches!(error, EpmdError::Timeout { request: "names", .. }), "{error}");
}

#[tokio::test]
async fn names_and_hosts_that_cannot_be_are_refused_before_anything_is_sent() {
    // Nobody listens there, and nobody is asked.
    let nowhere = Client::new("127.0.0.1:1".parse().unwrap());
    for name in ["", "a\0b", &"a".repeat(256)] {
        assert!(matches!(nowhere.lookup(name).await, Err(EpmdError::InvalidName { .. })));
        assert!(matches!(nowhere.register(&Entry::hidden(name, 1)).await, Err(EpmdError::InvalidName { .. })));
    }
    let error = Client::at_host("no such host").await.unwrap_err();
    assert!(matches!(error, EpmdError::UnknownHost { ref host, .. } if host == "no such host"), "{error}");
    assert!(Client::at_host("127.0.0.1").await.unwrap().address().ip().is_loopback());
}
