//! What has to be in order on this machine.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use nodex_core::{
    epmd::{self, Client as Epmd, EpmdError},
    error::Chain,
    node::CookieSourceError,
    protocol::Cookie,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::findings::Findings;
use crate::{
    client::{self, Origin},
    failure::{Code, Failure},
    options::Global,
    output::{Untrusted, grouped, limit, listing},
    report::Verdict,
};

/// How long a node of this machine may take to accept a connection.
const KNOCK: Duration = Duration::from_secs(1);

/// Returns all of it; returns the cookie.
pub(super) async fn all(found: &mut Findings, global: &Global) -> Result<Option<Cookie>, Failure> {
    let cookie = cookie(found, global)?;
    environment(found)?;
    host_name(found).await?;
    if let Some(names) = epmd(found, global).await? {
        registered(found, global, &names).await?;
    }
    Ok(cookie)
}

fn cookie(found: &mut Findings, global: &Global) -> Result<Option<Cookie>, Failure> {
    found.begin("cookie");
    let origin = client::cookie_origin(global);
    let verdict = match client::read_cookie(global) {
        Ok(cookie) => {
            let verdict = match &origin {
                Some(origin) => shadowed(global, origin, &cookie),
                None => Verdict::pass(),
            };
            found.add("cookie", "there is a cookie", Code::Refused, verdict)?;
            if let Some(Origin::File { path, mode }) = origin {
                let verdict = match mode & 0o077 {
                    0 => Verdict::noted(format!("mode {:03o}", mode & 0o777)),
                    _ => Verdict::warn(
                        format!(
                            "others can read {}: its mode is {:03o}, and erl does not start with it",
                            path.display(),
                            mode & 0o777
                        ),
                        format!("chmod 400 {}", path.display()),
                    ),
                };
                found.add("cookie_mode", "it is kept secret", Code::Refused, verdict)?;
            }
            return Ok(Some(cookie));
        }
        Err(error @ CookieSourceError::None) => Verdict::fail(
            error.to_string().split(':').next().unwrap_or_default().to_owned(),
            "write the cookie of the other node to ~/.erlang.cookie, or set NODEX_COOKIE; a BEAM tells its own by \
             Node.get_cookie()",
        ),
        Err(error) => {
            Verdict::fail(Chain(&error).to_string(), "a cookie is one line of text, in a file that you can read")
        }
    };
    found.add("cookie", "there is a cookie", Code::Refused, verdict)?;
    Ok(None)
}

/// A BEAM reads the file in the home directory and no variable.
fn shadowed(global: &Global, origin: &Origin, cookie: &Cookie) -> Verdict {
    match (origin, client::cookie_of_erl()) {
        (Origin::Variable(name), Some((path, other)))
            if other.expose() != cookie.expose() && global.cookie_file.is_none() =>
        {
            Verdict::warn(
                format!("{name} has another cookie than {}, which is the one that erl takes", path.display()),
                format!("unset {name}, or start erl with -setcookie"),
            )
        }
        (Origin::Variable(name), _) => Verdict::noted(format!("from {name}")),
        (Origin::File { path, .. }, _) => Verdict::noted(format!("from {}", path.display())),
    }
}

/// Variables that change where nodes are looked for.
fn environment(found: &mut Findings) -> Result<(), Failure> {
    let verdict = match (epmd::port(), epmd::server_addresses(), std::env::var("ERL_DIST_PORT")) {
        (Err(error), ..) | (_, Err(error), _) => {
            Verdict::fail(Chain(&error).to_string(), "unset it, or give it a usable value")
        }
        (.., Ok(port)) => match port.parse::<u16>() {
            Ok(1..) => Verdict::warn(
                format!("ERL_DIST_PORT is set: all nodes are looked for on port {port}, and no epmd is asked"),
                "unset it unless the other node is started with -erl_epmd_port",
            ),
            _ => Verdict::fail(format!("ERL_DIST_PORT is no port: {port:?}"), "unset it, or give it a number"),
        },
        (Ok(epmd::DEFAULT_PORT), ..) => return Ok(()),
        (Ok(port), ..) => Verdict::noted(format!("ERL_EPMD_PORT={port}")),
    };
    found.add("environment", "variables are usable", Code::Usage, verdict)?;
    Ok(())
}

/// Nodes that are started with `-sname` have the name of the machine in theirs.
async fn host_name(found: &mut Findings) -> Result<(), Failure> {
    found.begin("host name");
    let host = client::host_name();
    let addresses = resolve(&host).await;
    let verdict = match addresses {
        Ok(addresses) => Verdict::noted(format!("{host} is {}", listed(&addresses))),
        Err(error) => Verdict::warn(
            format!("the name of this machine, {host}, has no address: {error}", error = Chain(&error)),
            format!("add \"127.0.1.1 {host}\" to /etc/hosts, or call nodes name@127.0.0.1 (-name)"),
        ),
    };
    found.add("host_name", "this host has a name", Code::NotReachable, verdict)?;
    Ok(())
}

pub(super) async fn resolve(host: &str) -> Result<Vec<IpAddr>, std::io::Error> {
    let found: Vec<IpAddr> = tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect();
    if found.is_empty() { Err(std::io::ErrorKind::NotFound.into()) } else { Ok(found) }
}

pub(super) fn listed(addresses: &[IpAddr]) -> String {
    let mut texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.dedup();
    texts.join(", ")
}

async fn epmd(found: &mut Findings, global: &Global) -> Result<Option<Vec<(Untrusted, u16)>>, Failure> {
    found.begin("epmd");
    let asked = match Epmd::local() {
        Ok(epmd) => {
            let epmd = epmd.timeout(global.timeout);
            (epmd.address(), epmd.names().await.map(untrusted))
        }
        // The variable that is wrong has been told of.
        Err(_) => return Ok(None),
    };
    let (address, names) = asked;
    let (code, verdict) = match &names {
        Ok(names) => {
            let count = match names.len() {
                1 => "1 node".to_owned(),
                count => format!("{} nodes", grouped(count as u64)),
            };
            (Code::NotReachable, Verdict::noted(format!("at {address}, {count}")))
        }
        Err(error) => epmd_verdict(error),
    };
    // A node of another machine is asked for at the epmd there.
    let verdict = match verdict {
        Verdict::Fail(what, next) if found.node.as_ref().is_some_and(|node| node.contains('@')) => {
            Verdict::Warn(what, next)
        }
        verdict => verdict,
    };
    found.add("epmd", "epmd answers here", code, verdict)?;
    Ok(names.ok())
}

/// Returns the names from an epmd, which may contain anything, in order.
pub(super) fn untrusted(mut names: Vec<(String, u16)>) -> Vec<(Untrusted, u16)> {
    names.sort();
    names.into_iter().map(|(name, port)| (Untrusted::new(name), port)).collect()
}

/// What is wrong with an epmd.
pub(super) fn epmd_verdict(error: &EpmdError) -> (Code, Verdict) {
    match error {
        EpmdError::NotRunning { address } => (
            Code::NotReachable,
            Verdict::fail(
                format!("no epmd is running at {address}"),
                "start a node (erl -sname a), or nodex epmd; ERL_EPMD_PORT tells another port",
            ),
        ),
        EpmdError::Timeout { address, timeout, .. } => (
            Code::TimeOut,
            Verdict::fail(
                format!("epmd at {address} is silent for {}", limit(*timeout)),
                format!("open port {} in the firewall between here and there", address.port()),
            ),
        ),
        EpmdError::Unreachable { address, source } => (
            Code::NotReachable,
            Verdict::fail(
                format!("epmd at {address} cannot be reached: {}", Chain(source)),
                "is the other machine up, and in the same network? ping and ip route tell",
            ),
        ),
        EpmdError::InvalidResponse { address, .. } => (
            Code::NotReachable,
            Verdict::fail(
                format!("what listens at {address} is no epmd"),
                format!(
                    "ss -ltnp 'sport = :{}' tells which program it is; ERL_EPMD_PORT chooses another port",
                    address.port()
                ),
            ),
        ),
        error => (Code::NotReachable, Verdict::fail(Chain(&error).to_string(), "")),
    }
}

/// Whether the nodes of this machine are there, and a name that is wanted is free.
async fn registered(found: &mut Findings, global: &Global, names: &[(Untrusted, u16)]) -> Result<(), Failure> {
    let Ok(epmd) = Epmd::local() else { return Ok(()) };
    let mut dead = Vec::new();
    let until = Instant::now() + global.timeout.max(KNOCK);
    for (name, port) in names {
        found.begin(&format!("node {name}"));
        let address = SocketAddr::new(epmd.address().ip(), *port);
        let by = until.min(Instant::now() + KNOCK);
        if !matches!(timeout_at(by, TcpStream::connect(address)).await, Ok(Ok(_))) {
            dead.push(format!("{name} (port {port})"));
        }
    }
    if !names.is_empty() {
        let verdict = match &dead[..] {
            [] => Verdict::noted(listing(names.iter().map(|(name, _)| name.to_string()))),
            dead => Verdict::warn(
                format!("registered, but nobody answers: {}", listing(dead.iter().cloned())),
                "it hangs, listens on another address only, or its registration is held by another process",
            ),
        };
        found.add("registered", "its nodes answer", Code::NotReachable, verdict)?;
    }
    if let Some(wanted) = &global.name {
        let alive = wanted.split('@').next().unwrap_or_default();
        let verdict = match names.iter().find(|(name, _)| name.is(alive)) {
            None => Verdict::noted(alive.to_owned()),
            Some((_, port)) => Verdict::fail(
                format!("the name {alive} is taken: a node has it, with port {port}"),
                "choose another name, or stop that node: epmd has each name once on a machine",
            ),
        };
        found.add("name_free", "the name is free", Code::Refused, verdict)?;
    }
    Ok(())
}
