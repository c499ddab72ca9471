use std::{
    net::Ipv4Addr,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use tokio::net::{TcpListener, TcpStream};

use super::*;

#[tokio::test]
async fn what_panics_while_it_is_written_leaves_nothing() {
    let (near, _far) = tokio::net::UnixStream::pair().unwrap();
    let near = std::net::TcpStream::from(std::os::fd::OwnedFd::from(near.into_std().unwrap()));
    let outbox = Outbox::new(WriteSide::Task(TcpStream::from_std(near).unwrap().into_split().1), 0);
    outbox.push(|out| out.put_slice(b"whole"));
    let half = |out: &mut Encoder| {
        out.put_slice(b"half");
        panic!("here");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| outbox.send(half))).is_err());
    assert_eq!((outbox.lock().output.held().to_vec(), outbox.waiting()), (b"whole".to_vec(), 5));
}

/// A peer that reads as fast as it is written to, but always somewhat behind.
#[tokio::test]
async fn what_has_been_written_is_let_go_of_while_something_always_waits() {
    const PIECE: usize = 256 * 1024;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    near.writable().await.unwrap();
    let outbox = Outbox::new(WriteSide::Task(near.into_split().1), 0);
    let flush = || outbox.poll_flush(&mut Context::from_waker(Waker::noop())).map(Result::unwrap);
    let (mut sent, mut came, mut chunk) = (0, 0, vec![0; PIECE]);
    while came < 256 * PIECE {
        // More than the buffers of the sockets, which grow.
        while outbox.waiting() < 4 * PIECE {
            let piece = vec![7; PIECE];
            let shares = (sent / PIECE).is_multiple_of(2);
            outbox.push(|out| if shares { out.put_shared(&piece.into()) } else { out.put_slice(&piece) });
            sent += PIECE;
            let _ = flush();
        }
        let (waiting, memory) = (outbox.waiting(), outbox.lock().output.held().memory());
        assert!(memory <= 4 * (waiting + KEEP), "{memory} for {waiting} after {sent}");
        // The runtime looks for what has become ready.
        tokio::task::yield_now().await;
        came += far.try_read(&mut chunk).unwrap_or(0);
        let _ = flush();
    }
    while came < sent {
        tokio::task::yield_now().await;
        match far.try_read(&mut chunk) {
            Ok(count) => {
                assert!(chunk[..count].iter().all(|&byte| byte == 7));
                came += count;
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        let _ = flush();
    }
    assert_eq!((outbox.waiting(), outbox.written()), (0, sent));
}
