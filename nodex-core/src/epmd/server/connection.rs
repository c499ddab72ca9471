//! One connection: one request, and after a registration the wait for its end.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::request::{MAX_REQUEST, Request};
use super::{options::Options, shared::Shared};
use crate::error::Chain;

/// Removes a connection from the tables when its task ends, however it ends.
pub(super) struct Guard {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.registry.unregister(self.id);
        state.waiting.leave(self.id);
        state.holding.remove(&self.id);
    }
}

/// Serves one connection to its end. The time until the answer is counted from here, so bytes that arrive one by one
/// do not extend it.
pub(super) async fn serve(mut stream: TcpStream, peer: SocketAddr, port: u16, guard: Guard, options: Options) {
    let exchange = exchange(&mut stream, peer, port, &guard, &options);
    match tokio::time::timeout(options.idle, exchange).await {
        Ok(Ok(true)) => {
            // The node is registered until it closes its connection or says anything at all.
            let _ = stream.read(&mut [0; 1]).await;
        }
        Ok(Ok(false)) => {}
        Ok(Err(error)) => tracing::debug!(%peer, error = %Chain(&error), "epmd connection broke"),
        Err(_) => tracing::debug!(%peer, "epmd connection was idle for too long"),
    }
}

/// Reads a request and answers it. Returns `true` if it was a registration that holds from now on.
async fn exchange(
    stream: &mut TcpStream,
    peer: SocketAddr,
    port: u16,
    guard: &Guard,
    options: &Options,
) -> io::Result<bool> {
    let Some(bytes) = read_request(stream).await? else { return Ok(false) };
    let Some(request) = Request::read(&bytes) else {
        tracing::debug!(%peer, "epmd request cannot be read");
        return Ok(false);
    };
    // Everything that changes something or tells more than names is for nodes of this host.
    let local = is_local(peer, stream.local_addr()?);
    let mut registered = false;
    let shared = &guard.shared;
    let answer = match request {
        Request::Names => [&u32::from(port).to_be_bytes()[..], shared.state().registry.names().as_bytes()].concat(),
        Request::Port(name) => port_answer(shared, &name),
        _ if !local => {
            tracing::debug!(%peer, "epmd request from another host refused");
            return Ok(false);
        }
        Request::Register(entry) => {
            let highest_version = entry.highest_version;
            let creation = shared.register(entry, guard.id, (peer, stream.local_addr()?), options).await;
            registered = creation.is_some();
            register_answer(highest_version, creation)
        }
        Request::RegisterBadName { highest_version } => register_answer(highest_version, None),
        Request::Dump => [&u32::from(port).to_be_bytes()[..], shared.state().registry.dump().as_bytes()].concat(),
        Request::Kill if options.relaxed || shared.state().registry.is_empty() => {
            stream.write_all(b"OK").await?;
            stream.shutdown().await?;
            shared.killed.notify_one();
            return Ok(false);
        }
        Request::Kill => b"NO".to_vec(),
        Request::Stop(name) if options.relaxed => if shared.stop(&name) { "STOPPED" } else { "NOEXIST" }.into(),
        Request::Stop(_) => return Ok(false),
    };
    // In one write: a BEAM does not put the pieces of an answer together.
    stream.write_all(&answer).await?;
    if !registered {
        stream.shutdown().await?;
    }
    Ok(registered)
}

/// Returns the first request on a connection, without its length; `None` if it is none or has bytes behind it.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; 2 + MAX_REQUEST];
    let mut got = 0;
    loop {
        let count = stream.read(&mut bytes[got..]).await?;
        got += count;
        let wanted = match bytes[..got].first_chunk::<2>() {
            Some(length) => 2 + usize::from(u16::from_be_bytes(*length)),
            None => usize::MAX,
        };
        if wanted == got && got > 2 {
            bytes.truncate(got);
            return Ok(Some(bytes.split_off(2)));
        }
        let hopeless = got >= 2 && (wanted < 3 || wanted > bytes.len() || got > wanted);
        if count == 0 || hopeless {
            return Ok(None);
        }
    }
}

/// Returns whether the peer is on this host: its address is a loopback address or the one that it connected to.
fn is_local(peer: SocketAddr, own: SocketAddr) -> bool {
    let (peer, own) = (peer.ip().to_canonical(), own.ip().to_canonical());
    peer.is_loopback() || peer == own
}

/// `119 0 Port:16 Type:8 Protocol:8 Highest:16 Lowest:16 Nlen:16 Name Elen:16 Extra`, or `119 1`.
fn port_answer(shared: &Shared, name: &str) -> Vec<u8> {
    let state = shared.state();
    let Some(entry) = state.registry.find(name) else { return vec![119, 1] };
    let mut answer = vec![119, 0];
    answer.extend(entry.port.to_be_bytes());
    answer.extend([entry.node_type, entry.protocol]);
    answer.extend(entry.highest_version.to_be_bytes());
    answer.extend(entry.lowest_version.to_be_bytes());
    // Names and extra fields are at most 1020 bytes long.
    answer.extend((entry.name.len() as u16).to_be_bytes());
    answer.extend(entry.name.as_bytes());
    answer.extend((entry.extra.len() as u16).to_be_bytes());
    answer.extend(&entry.extra);
    answer
}

/// `118 Result:8 Creation:32` for nodes that know the handshake of OTP 23, else `121 Result:8 Creation:16`.
fn register_answer(highest_version: u16, creation: Option<u32>) -> Vec<u8> {
    let (result, creation) = match creation {
        Some(creation) => (0, creation),
        None => (1, 99),
    };
    if highest_version >= 6 {
        let mut answer = vec![118, result];
        answer.extend(creation.to_be_bytes());
        answer
    } else {
        // Two bits of creation, and 0 is none.
        let creation = if result == 0 { (creation % 3 + 1) as u16 } else { creation as u16 };
        let mut answer = vec![121, result];
        answer.extend(creation.to_be_bytes());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_of_this_host_are_local() {
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        assert!(is_local(at("127.0.0.1:1"), at("127.0.0.1:2")));
        assert!(is_local(at("127.1.2.3:1"), at("127.0.0.1:2")));
        assert!(is_local(at("[::1]:1"), at("[::1]:2")));
        assert!(is_local(at("[::ffff:127.0.0.1]:1"), at("[::ffff:10.0.0.1]:2")));
        assert!(is_local(at("10.0.0.1:1"), at("10.0.0.1:2")));
        assert!(!is_local(at("10.0.0.2:1"), at("10.0.0.1:2")));
        assert!(!is_local(at("[::ffff:10.0.0.2]:1"), at("10.0.0.1:2")));
    }

    /// Sends a request over a connection that comes from `peer` as far as the server knows, and returns the answer.
    async fn ask_from(shared: &Arc<Shared>, peer: &str, request: &[u8]) -> Vec<u8> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let guard = Guard { shared: shared.clone(), id: 1 };
        let served = serve(stream, peer.parse().unwrap(), 4369, guard, Options::default().relaxed(true));
        let length = u16::try_from(request.len()).unwrap().to_be_bytes();
        let mut answer = Vec::new();
        let ask = async {
            client.write_all(&[&length, request].concat()).await.unwrap();
            let mut client = client;
            // Enough of a registration, which is not closed.
            client.read_buf(&mut answer).await.unwrap();
        };
        tokio::join!(served, ask);
        answer
    }

    /// `no_nonlocal_register` and `no_nonlocal_kill` of OTP's `epmd_SUITE`, relaxed or not.
    #[tokio::test]
    async fn other_hosts_can_only_ask() {
        let shared = Arc::new(Shared::default());
        const REGISTER: &[u8] = b"x\x12\x8bM\0\0\x05\0\x05\0\x05gurka\0\0";
        for refused in [REGISTER, b"k", b"d", b"sgurka"] {
            assert_eq!(ask_from(&shared, "10.0.0.2:4711", refused).await, b"");
            assert!(shared.state().registry.is_empty());
        }
        let killed = std::pin::pin!(shared.killed.notified());
        assert!(futures::FutureExt::now_or_never(killed).is_none(), "it was not killed");
        assert_eq!(ask_from(&shared, "10.0.0.2:4711", b"n").await, [0, 0, 17, 17]);
        assert_eq!(ask_from(&shared, "10.0.0.2:4711", b"zgurka").await, [119, 1]);
        assert_eq!(ask_from(&shared, "127.0.0.1:4711", REGISTER).await[..2], [121, 0]);
        assert_eq!(ask_from(&shared, "127.0.0.1:4711", b"k").await, b"OK");
    }

    #[test]
    fn answers_to_registrations_fit_the_version_of_the_node() {
        assert_eq!(register_answer(6, Some(0x01020304)), [118, 0, 1, 2, 3, 4]);
        assert_eq!(register_answer(5, Some(4)), [121, 0, 0, 2]);
        assert_eq!(register_answer(6, None), [118, 1, 0, 0, 0, 99]);
        assert_eq!(register_answer(5, None), [121, 1, 0, 99]);
    }
}
