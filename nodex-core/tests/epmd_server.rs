//! The embedded epmd under raw TCP: the cases of OTP's own `epmd_SUITE` that apply, and more of the kind.
//! What is expected was looked up with the epmd of OTP 25.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use nodex_core::epmd::{Client, Ended, Entry, EpmdError, Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Epmd {
    address: SocketAddr,
    running: JoinHandle<Ended>,
    stop: oneshot::Sender<()>,
}

impl Epmd {
    async fn start(options: Options) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap().options(options);
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Epmd { address, running, stop }
    }

    async fn usual() -> Self {
        Self::start(Options::default()).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn client(&self) -> Client {
        Client::new(self.address).timeout(PATIENCE)
    }

    /// Sends bytes as they are and gives everything until the end of the connection.
    async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        // The server may close before it has read all of what is too much.
        let _ = stream.write_all(bytes).await;
        until_closed(&mut stream).await
    }

    async fn ask(&self, request: &[u8]) -> Vec<u8> {
        self.raw(&with_length(request)).await
    }

    /// Sends a registration and gives its answer and the connection.
    async fn register(&self, request: &[u8]) -> (Vec<u8>, TcpStream) {
        let mut stream = self.connect().await;
        stream.write_all(&with_length(request)).await.unwrap();
        let mut answer = [0; 6];
        let count = timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap();
        (answer[..count].to_vec(), stream)
    }

    /// Waits until a name is gone.
    async fn gone(&self, name: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !matches!(self.client().lookup(name).await, Err(EpmdError::NotRegistered { .. })) {
            assert!(Instant::now() < deadline, "{name} stays");
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(self) -> Ended {
        let _ = self.stop.send(());
        timeout(PATIENCE, self.running).await.unwrap().unwrap()
    }
}

async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is an end as well: the server closed with bytes unread.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("the server keeps the connection");
    all
}

fn with_length(request: &[u8]) -> Vec<u8> {
    [&(request.len() as u16).to_be_bytes()[..], request].concat()
}

/// `120 Port:16 Type:8 Protocol:8 Highest:16 Lowest:16 Nlen:16 Name Elen:16 Extra`
fn alive2(name: &[u8], highest: u16, extra: &[u8]) -> Vec<u8> {
    let mut request = vec![b'x', 0x04, 0xD2, b'M', 0];
    request.extend(highest.to_be_bytes());
    request.extend(5u16.to_be_bytes());
    request.extend((name.len() as u16).to_be_bytes());
    request.extend(name);
    request.extend((extra.len() as u16).to_be_bytes());
    request.extend(extra);
    request
}

#[tokio::test]
async fn register_names_and_unregister_in_any_order() {
    let epmd = Epmd::usual().await;
    for first in [true, false] {
        let (answer, one) = epmd.register(&alive2(b"foobar", 6, b"")).await;
        assert_eq!((answer.len(), &answer[..2]), (6, &[118, 0][..]));
        let (answer, two) = epmd.register(&alive2(b"foozap", 5, b"")).await;
        assert_eq!((answer.len(), &answer[..3]), (4, &[121, 0, 0][..]));
        assert!((1..=3).contains(&answer[3]));
        drop(if first { one } else { two });
        epmd.gone(if first { "foobar" } else { "foozap" }).await;
        assert_eq!(epmd.client().names().await.unwrap().len(), 1);
        epmd.gone(if first { "foobar" } else { "foozap" }).await;
    }
    assert_eq!(epmd.end().await, Ended::Shutdown);
}

#[tokio::test]
async fn a_name_is_registered_once() {
    let epmd = Epmd::usual().await;
    let (_, holder) = epmd.register(&alive2(b"foobar", 6, b"")).await;
    assert_eq!(epmd.ask(&alive2(b"foobar", 6, b"")).await, [118, 1, 0, 0, 0, 99]);
    assert_eq!(epmd.ask(&alive2(b"foobar", 5, b"")).await, [121, 1, 0, 99]);
    let error = epmd.client().register(&Entry::hidden("foobar", 1)).await.unwrap_err();
    assert!(matches!(error, EpmdError::NameTaken { name, .. } if name == "foobar"));
    // The failed attempts took nothing away.
    assert_eq!(epmd.client().lookup("foobar").await.unwrap().port, 1234);
    drop(holder);
    epmd.gone("foobar").await;
}

#[tokio::test]
async fn the_next_registration_of_a_name_has_the_next_creation() {
    let epmd = Epmd::usual().await;
    let first = epmd.client().register(&Entry::hidden("foobar", 1)).await.unwrap();
    let creation = first.creation();
    assert!(creation > 3);
    drop(first);
    epmd.gone("foobar").await;
    let second = epmd.client().register(&Entry::hidden("foobar", 1)).await.unwrap();
    assert_eq!(second.creation(), creation.checked_add(1).unwrap_or(4));
}

#[tokio::test]
async fn any_further_byte_unregisters() {
    let epmd = Epmd::usual().await;
    let (_, mut stream) = epmd.register(&alive2(b"foobar", 6, b"")).await;
    stream.write_all(b"x").await.unwrap();
    epmd.gone("foobar").await;
    assert_eq!(until_closed(&mut stream).await, b"");
}

#[tokio::test]
async fn unicode_names() {
    let epmd = Epmd::usual().await;
    // 201 characters, 804 bytes.
    let long: String = (0x1F600..=0x1F6C8).map(|c| char::from_u32(c).unwrap()).collect();
    for name in ["\u{1f608}", &long, &"a".repeat(255)] {
        let (answer, _stream) = epmd.register(&alive2(name.as_bytes(), 5, b"")).await;
        assert_eq!(answer[..2], [121, 0]);
        assert_eq!(epmd.client().lookup(name).await.unwrap().name, name);
    }
    for bad in [&"\u{1f608}".repeat(256).into_bytes()[..], &[b'a'; 600], b"\xff\xfe"] {
        assert_eq!(epmd.ask(&alive2(bad, 5, b"")).await, [121, 1, 0, 99]);
    }
    assert_eq!(epmd.ask(&alive2(b"foo\0bar", 6, b"")).await, b"");
    assert_eq!(epmd.ask(&alive2(b"foobar\0", 6, b"")).await, b"");
}

#[tokio::test]
async fn port_requests_whole_and_in_pieces() {
    let epmd = Epmd::usual().await;
    let (_, _stream) = epmd.register(&alive2(b"foo", 6, b"ABC\0\0")).await;
    let expected = b"w\0\x04\xd2M\0\0\x06\0\x05\0\x03foo\0\x05ABC\0\0";
    assert_eq!(epmd.ask(b"zfoo").await, expected);
    assert_eq!(epmd.ask(b"zfoo\0").await, expected);
    assert_eq!(epmd.ask(b"zfo").await, [119, 1]);
    for refused in [&b"z"[..], b"zf\0oo", b"z\xff\xfe", &[b'z'; 300]] {
        assert_eq!(epmd.ask(refused).await, b"");
    }
    let mut stream = epmd.connect().await;
    for byte in with_length(b"zfoo") {
        stream.write_all(&[byte]).await.unwrap();
        sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(until_closed(&mut stream).await, expected);
}

#[tokio::test]
async fn lists_are_in_the_format_that_everybody_parses() {
    let epmd = Epmd::usual().await;
    let port = epmd.address.port();
    let head = u32::from(port).to_be_bytes();
    assert_eq!(epmd.ask(b"n").await, head);
    let (_, one) = epmd.register(&alive2(b"foo", 6, b"")).await;
    let (_, _two) = epmd.register(&alive2(b"bar", 6, b"")).await;
    let names = [&head[..], b"name bar at port 1234\nname foo at port 1234\n"].concat();
    assert_eq!(epmd.ask(b"n").await, names);
    assert_eq!(epmd.client().names().await.unwrap(), [("bar".to_owned(), 1234), ("foo".to_owned(), 1234)]);
    drop(one);
    epmd.gone("foo").await;
    let dump = epmd.ask(b"d").await;
    assert_eq!(dump[..4], head);
    let text = String::from_utf8(dump[4..].to_vec()).unwrap();
    let lines: Vec<&str> = text.split_terminator('\0').collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("active name     <bar> at port 1234, fd = ") && lines[0].ends_with('\n'));
    assert!(lines[1].starts_with("old/unused name <foo>, port = 1234, fd = ") && lines[1].ends_with(" \n"));
}

#[tokio::test]
async fn a_thousand_names_are_registered_listed_and_given_back() {
    let epmd = Epmd::usual().await;
    for backwards in [false, true, false] {
        let mut held = Vec::new();
        for number in 0..1000u16 {
            let (answer, stream) = epmd.register(&alive2(format!("foo{number}").as_bytes(), 6, b"")).await;
            assert_eq!(answer[..2], [118, 0], "{number}");
            held.push(stream);
        }
        // No more than that.
        assert_eq!(epmd.ask(&alive2(b"more", 6, b"")).await, [118, 1, 0, 0, 0, 99]);
        let mut names = epmd.client().names().await.unwrap();
        names.sort();
        let mut expected: Vec<_> = (0..1000).map(|number| (format!("foo{number}"), 1234)).collect();
        expected.sort();
        assert_eq!(names, expected);
        if backwards {
            held.reverse();
        }
        drop(held);
        let deadline = Instant::now() + PATIENCE;
        while !epmd.client().names().await.unwrap().is_empty() {
            assert!(Instant::now() < deadline);
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Another process gets a name all the same: `tests/epmd_beam.rs`.
#[tokio::test]
async fn one_process_does_not_take_all_names() {
    let epmd = Epmd::start(Options::default().max_nodes(40).max_nodes_each(15)).await;
    let register = async |number: usize| epmd.register(&alive2(format!("foo{number}").as_bytes(), 6, b"")).await;
    let mut held = Vec::new();
    for number in 0..15 {
        let (answer, stream) = register(number).await;
        assert_eq!(answer[..2], [118, 0], "{number}");
        held.push(stream);
    }
    assert_eq!(register(15).await.0, [118, 1, 0, 0, 0, 99]);
    // From whatever address it asks.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(epmd.address).await.unwrap();
    stream.write_all(&with_length(&alive2(b"elsewhere", 6, b""))).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, [118, 1, 0, 0, 0, 99]);
    // One that it gives back, it gets again.
    drop(held.pop());
    epmd.gone("foo14").await;
    assert_eq!(register(16).await.0[..2], [118, 0]);
    // What is none of its own says nothing.
    assert_eq!(epmd.ask(b"zfoo3").await[..2], [119, 0]);
}

/// Strangers that say nothing keep nobody out, who has longer to say something than they have places.
#[tokio::test]
async fn the_address_with_most_idle_connections_gives_its_places_back() {
    let epmd = Epmd::start(Options::default().max_waiting(20)).await;
    let from = |address: &'static str| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        socket.connect(epmd.address).await.unwrap()
    };
    let mut early = from("127.0.0.2").await;
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(from("127.0.0.3").await);
    }
    assert_eq!(until_closed(&mut crowd[0]).await, b"");
    early.write_all(&with_length(b"zfoo")).await.unwrap();
    assert_eq!(until_closed(&mut early).await, [119, 1]);
}

#[tokio::test]
async fn malformed_requests_are_closed_without_a_word() {
    let epmd = Epmd::usual().await;
    let (_, _stream) = epmd.register(&alive2(b"foo", 6, b"")).await;
    let zero_length = [0; 10];
    let too_large = [&63_000u16.to_be_bytes()[..], &[b'z'; 63_000]].concat();
    let one_too_large = [&3058u16.to_be_bytes()[..], &[b'n'; 3058]].concat();
    for raw in [&zero_length[..], &too_large, &one_too_large, b"\0\x01n\0\x01n"] {
        assert_eq!(epmd.raw(raw).await, b"");
    }
    let largest = [&3057u16.to_be_bytes()[..], &[b'n'; 3057]].concat();
    assert!(epmd.raw(&largest).await.len() > 4);
    // Registrations that are too small, or lie about their lengths.
    let request = alive2(b"gurka", 5, b"");
    for cut in 1..request.len() {
        assert_eq!(epmd.ask(&request[..cut]).await, b"");
    }
    assert_eq!(epmd.ask(&alive2(b"", 5, b"")).await, b"");
    assert_eq!(epmd.ask(b"Q").await, b"");
    assert_eq!(epmd.client().names().await.unwrap().len(), 1);
}

/// A registration whose extra field is shorter than it says, or longer than one can be.
#[tokio::test]
async fn extra_fields_overrun_nothing() {
    let epmd = Epmd::usual().await;
    for length in (1..=1100u16).chain((1101..10_000).step_by(97)).chain([0x7FFF, 0x8000, 0xFFFF]) {
        let mut lie = alive2(b"gurka", 5, b"");
        let end = lie.len();
        lie[end - 2..].copy_from_slice(&length.to_be_bytes());
        assert_eq!(epmd.ask(&lie).await, b"", "{length}");
    }
    let (answer, holder) = epmd.register(&alive2(b"gurka", 5, &[255; 1020])).await;
    assert_eq!(answer[..2], [121, 0]);
    assert_eq!(epmd.client().lookup("gurka").await.unwrap().extra, [255; 1020]);
    drop(holder);
    epmd.gone("gurka").await;
    for length in (1021..10_000).step_by(41) {
        let request = alive2(b"gurka", 5, &vec![255; length]);
        let expected: &[u8] = if request.len() <= 3057 { &[121, 1, 0, 99] } else { b"" };
        assert_eq!(epmd.ask(&request).await, expected, "{length}");
    }
    assert!(epmd.client().names().await.unwrap().is_empty());
}

/// Half a second stands for epmd's sixty: what counts is that dripping does not extend it.
#[tokio::test]
async fn idle_and_dripping_connections_are_closed_in_time() {
    let epmd = Epmd::start(Options::default().idle(Duration::from_millis(500))).await;
    let (_, mut holder) = epmd.register(&alive2(b"foo", 6, b"")).await;
    let start = Instant::now();
    for beginning in [&b""[..], b"\0", b"\0\x03", b"\0\x64only a few bytes"] {
        let mut stream = epmd.connect().await;
        stream.write_all(beginning).await.unwrap();
        assert_eq!(until_closed(&mut stream).await, b"");
    }
    assert!(start.elapsed() >= Duration::from_millis(2000), "closed early: {:?}", start.elapsed());

    // Drips enough for six times as long, counted by the same clock, and not for the whole request.
    let mut stream = epmd.connect().await;
    stream.write_all(&[0, 200]).await.unwrap();
    let mut drips = 0;
    while drips < 150 && stream.write_all(b"z").await.is_ok() {
        sleep(Duration::from_millis(20)).await;
        drips += 1;
    }
    assert!(drips < 150, "dripping keeps it");
    // A registered node may be silent for as long as it likes.
    assert_eq!(epmd.client().lookup("foo").await.unwrap().port, 1234);
    assert!(timeout(Duration::from_millis(100), holder.read(&mut [0])).await.is_err());
}

#[tokio::test]
async fn many_idle_connections_keep_nobody_out() {
    let epmd = Epmd::start(Options::default().max_waiting(10)).await;
    let (_, _holder) = epmd.register(&alive2(b"foo", 6, b"")).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(epmd.connect().await);
    }
    assert_eq!(epmd.client().lookup("foo").await.unwrap().port, 1234);
    // The oldest went, the registration stayed.
    assert_eq!(until_closed(&mut idle[0]).await, b"");
    let last = idle.last_mut().unwrap();
    last.write_all(&with_length(b"zfoo")).await.unwrap();
    assert_eq!(until_closed(last).await[..2], [119, 0]);
}

#[tokio::test]
async fn a_node_that_resets_before_its_answer_leaves_no_trace() {
    let epmd = Epmd::usual().await;
    for number in 0..20 {
        let mut stream = epmd.connect().await;
        stream.write_all(&with_length(&alive2(format!("test{number}").as_bytes(), 5, b""))).await.unwrap();
        stream.set_zero_linger().unwrap();
        drop(stream);
    }
    let deadline = Instant::now() + PATIENCE;
    while !epmd.client().names().await.unwrap().is_empty() {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn nodes_that_live_are_neither_killed_nor_stopped() {
    let epmd = Epmd::usual().await;
    let (_, holder) = epmd.register(&alive2(b"foo", 6, b"")).await;
    assert_eq!(epmd.ask(b"k").await, b"NO");
    assert_eq!(epmd.ask(b"sfoo").await, b"");
    assert_eq!(epmd.client().lookup("foo").await.unwrap().port, 1234);
    drop(holder);
    epmd.gone("foo").await;
    assert_eq!(epmd.ask(b"k").await, b"OK");
    assert_eq!(timeout(PATIENCE, epmd.running).await.unwrap().unwrap(), Ended::Killed);
    assert!(TcpStream::connect(epmd.address).await.is_err());
}

#[tokio::test]
async fn a_relaxed_epmd_stops_and_is_killed() {
    let epmd = Epmd::start(Options::default().relaxed(true)).await;
    let (_, mut foo) = epmd.register(&alive2(b"foo", 6, b"")).await;
    let (_, mut bar) = epmd.register(&alive2(b"bar", 6, b"")).await;
    assert_eq!(epmd.ask(b"sxxx42").await, b"NOEXIST");
    assert_eq!(epmd.ask(b"sfoo").await, b"STOPPED");
    epmd.gone("foo").await;
    assert_eq!(until_closed(&mut foo).await, b"");
    assert_eq!(epmd.ask(b"k").await, b"OK");
    assert_eq!(timeout(PATIENCE, epmd.running).await.unwrap().unwrap(), Ended::Killed);
    assert_eq!(until_closed(&mut bar).await, b"");
}

#[tokio::test]
async fn the_end_of_the_server_ends_everything() {
    let epmd = Epmd::usual().await;
    let mut registered = epmd.client().register(&Entry::hidden("foo", 1)).await.unwrap();
    let mut idle = epmd.connect().await;
    assert!(timeout(Duration::from_millis(100), registered.lost()).await.is_err());
    let address = epmd.address;
    assert_eq!(epmd.end().await, Ended::Shutdown);
    timeout(PATIENCE, registered.lost()).await.unwrap();
    assert_eq!(until_closed(&mut idle).await, b"");
    let error = Client::new(address).lookup("foo").await.unwrap_err();
    assert!(matches!(error, EpmdError::NotRunning { .. }), "{error}");
}

#[tokio::test]
async fn both_loopback_addresses_can_be_served() {
    let addresses = ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
    let server = Server::bind_all(&addresses).await.unwrap();
    let port = server.local_addr().port();
    let (_stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    let six = Client::new(SocketAddr::new("::1".parse().unwrap(), port));
    let _registered = six.register(&Entry::hidden("foo", 7)).await.unwrap();
    let four = Client::new(SocketAddr::new("127.0.0.1".parse().unwrap(), port));
    assert_eq!(four.lookup("foo").await.unwrap(), Entry::hidden("foo", 7));
    // Each family has its own listener, also for all addresses.
    let all = ["0.0.0.0:0".parse().unwrap(), "[::]:0".parse().unwrap()];
    assert!(Server::bind_all(&all).await.is_ok());
    assert!(Server::bind_all(&[]).await.is_err());
    assert!(Server::bind(SocketAddr::new("127.0.0.1".parse().unwrap(), port)).await.is_err());
}
