//! `nodex epmd` at the addresses of OTP's, and with more clients than it has descriptors for.

use crate::support;

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use nodex_testkit::free_port;
use support::{Nodex, Running, nodex};

fn started(epmd: Nodex) -> Running {
    let epmd = epmd.start();
    epmd.wait_until(|stdout| stdout.starts_with("epmd on ") && stdout.ends_with('\n'));
    epmd
}

fn at(address: &str, port: u16) -> Option<TcpStream> {
    let address: IpAddr = address.parse().expect("an address");
    let socket = TcpStream::connect(SocketAddr::new(address, port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
    Some(socket)
}

/// Whether an epmd answers there: the list of names begins with its port.
fn answers(address: &str, port: u16) -> bool {
    let Some(mut socket) = at(address, port) else { return false };
    let mut own = [0; 4];
    socket.write_all(&[0, 1, b'n']).and_then(|()| socket.read_exact(&mut own)).expect("an answer");
    u32::from_be_bytes(own) == u32::from(port)
}

/// That of OTP listens at every address unless it is told at which; this one is not offered to the network unasked.
#[test]
fn listens_on_the_loopback_addresses_and_where_it_is_told() {
    for (told, elsewhere) in
        [("", false), ("127.0.0.1", false), ("127.0.0.2", true), ("0.0.0.0", true), ("::", false), ("0.0.0.0,::", true)]
    {
        let port = free_port();
        let epmd = started(nodex(["epmd", "--port", &port.to_string()]).env("ERL_EPMD_ADDRESS", told));
        assert!(answers("127.0.0.1", port) && answers("::1", port), "{told}");
        assert_eq!(answers("127.0.0.2", port), elsewhere, "{told}");
        epmd.terminate();
        let ended = epmd.end(Duration::from_secs(60));
        assert_eq!(ended.code, Some(0), "{ended}");
    }
}

/// Idle clients and one that registers all it can take no more than their shares, and everybody else is served.
#[test]
fn outlives_a_lack_of_descriptors() {
    let port = free_port();
    let mut command = Command::new("prlimit");
    command.args(["--nofile=64", "--", env!("CARGO_BIN_EXE_nodex"), "epmd", "--port", &port.to_string()]);
    let epmd = started(Nodex::new(command));
    let register = |name: &str| {
        let mut socket = at("127.0.0.1", port)?;
        let length = name.len() as u8;
        let body = [b"x\x12\x67M\0\0\x06\0\x05\0", &[length][..], name.as_bytes(), b"\0\0"].concat();
        socket.write_all(&[&(body.len() as u16).to_be_bytes()[..], &body].concat()).ok()?;
        let mut answer = [0; 2];
        socket.read_exact(&mut answer).ok()?;
        (answer == [118, 0]).then_some(socket)
    };
    let names: Vec<_> = (0..100).map_while(|number| register(&format!("n{number}"))).collect();
    assert!((1..32).contains(&names.len()), "{} names", names.len());
    for _ in 0..3 {
        let idle: Vec<_> = (0..200).filter_map(|_| at("127.0.0.1", port)).collect();
        assert!(answers("127.0.0.1", port) && answers("::1", port));
        drop(idle);
    }
    assert!(register("more").is_none());
    epmd.terminate();
    let ended = epmd.end(Duration::from_secs(60));
    assert_eq!(ended.code, Some(0), "{ended}");
}
