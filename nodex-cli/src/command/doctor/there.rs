//! The way to another node, step by step.

use std::{io, net::SocketAddr, time::Duration};

use nodex_core::{
    atom,
    epmd::{Client as Epmd, EpmdError},
    error::Chain,
    net::{ConnectError, raw},
    node::NodeBuilder,
    protocol::{
        Cookie, Flags,
        handshake::{HandshakeError, Local, NameProblem, check_node_name},
    },
    random,
    term::Term,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{findings::Findings, here};
use crate::{
    client,
    failure::{Code, Failure},
    options::Global,
    output::{duration, limit, listing},
    report::Verdict,
    terms::brief,
};

/// How long a connection of ours may take to be forgotten there.
const LEAVING: Duration = Duration::from_secs(2);

/// The interval between two checks of that.
const AGAIN: Duration = Duration::from_millis(25);

/// Every step as far as those before it went well.
pub(super) async fn all(
    found: &mut Findings,
    node: &str,
    cookie: Option<Cookie>,
    global: &Global,
) -> Result<(), Failure> {
    let asked_full = node.contains('@');
    let full = if asked_full { node.to_owned() } else { format!("{node}@127.0.0.1") };
    if !name(found, &full)? {
        return Ok(());
    }
    let (alive, host) = full.split_once('@').unwrap_or((&full, ""));
    let Some(epmd) = host_address(found, host, global).await? else { return Ok(()) };
    let Some(port) = port(found, &epmd, alive).await? else { return Ok(()) };
    let address = SocketAddr::new(epmd.address().ip(), port);
    if !connect(found, address, global).await? {
        return Ok(());
    }
    let Some(cookie) = cookie else {
        let verdict = Verdict::Skip("there is no cookie to try");
        found.add("handshake", "it lets us in", Code::Refused, verdict)?;
        return Ok(());
    };
    let Some((full, own)) = handshake(found, address, &full, asked_full, &cookie, global).await? else { return Ok(()) };
    found.node = Some(full.clone());
    ping(found, &full, &own, cookie, global).await
}

fn name(found: &mut Findings, full: &str) -> Result<bool, Failure> {
    let host = full.split('@').nth(1).unwrap_or_default();
    let verdict = match check_node_name(full.as_bytes()) {
        Ok(_) if host.contains('.') || host.contains(':') => Verdict::noted(format!("{full}, a long one (-name)")),
        Ok(_) => Verdict::noted(format!("{full}, a short one (-sname)")),
        Err(problem) => {
            let next = match problem {
                NameProblem::TooLong { .. } => "names have at most 255 characters",
                _ => "node names have the form name@host, of letters, digits, - and _",
            };
            Verdict::fail(format!("{full:?} is no node name: {problem}", problem = Chain(&problem)), next)
        }
    };
    found.add("name", "its name", Code::Usage, verdict)
}

/// Returns the epmd of its host.
async fn host_address(found: &mut Findings, host: &str, global: &Global) -> Result<Option<Epmd>, Failure> {
    found.begin("its host");
    let addresses = here::resolve(host).await;
    let verdict = match &addresses {
        Ok(addresses) => Verdict::noted(format!("{host} is {}", here::listed(addresses))),
        Err(error) => Verdict::fail(
            format!("the host {host} does not resolve: {error}", error = Chain(&error)),
            format!("add its address to /etc/hosts (\"192.0.2.7 {host}\"), or use the address in the name of the node"),
        ),
    };
    if !found.add("host", "its host is known", Code::NotReachable, verdict)? {
        return Ok(None);
    }
    let Ok(epmd) = Epmd::at_host(host).await else { return Ok(None) };
    Ok(Some(epmd.timeout(global.timeout)))
}

/// Returns its port.
async fn port(found: &mut Findings, epmd: &Epmd, alive: &str) -> Result<Option<u16>, Failure> {
    if let Ok(port) = std::env::var("ERL_DIST_PORT") {
        return Ok(port.parse().ok());
    }
    found.begin("epmd there");
    let looked_up = epmd.lookup(alive).await;
    let (code, verdict) = match &looked_up {
        Ok(entry) => {
            (Code::NotReachable, Verdict::noted(format!("port {}, by epmd at {}", entry.port, epmd.address())))
        }
        Err(EpmdError::NotRegistered { .. }) => (Code::NotReachable, not_registered(epmd, alive).await),
        Err(error) => here::epmd_verdict(error),
    };
    found.add("registered_there", "it is registered", code, verdict)?;
    Ok(looked_up.ok().map(|entry| entry.port))
}

async fn not_registered(epmd: &Epmd, alive: &str) -> Verdict {
    let names = here::untrusted(epmd.names().await.unwrap_or_default());
    let has = match &names[..] {
        [] => "it has no nodes at all".to_owned(),
        names => format!("it has {}", listing(names.iter().map(|(name, _)| name))),
    };
    Verdict::fail(
        format!("epmd at {} does not know {alive}; {has}", epmd.address()),
        "start it with -sname or -name; a node that only connects to others (a C node, a Rust executable) is never registered",
    )
}

/// Returns whether somebody accepts connections there.
async fn connect(found: &mut Findings, address: SocketAddr, global: &Global) -> Result<bool, Failure> {
    found.begin("its port");
    let began = std::time::Instant::now();
    let (code, verdict) = match timeout(global.timeout, TcpStream::connect(address)).await {
        Ok(Ok(_)) => (Code::NotReachable, Verdict::noted(duration(began.elapsed()))),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => (
            Code::NotReachable,
            Verdict::fail(
                format!("registered but dead: nothing listens at {address}"),
                "the node is gone or listens on another address (inet_dist_use_interface); start it again",
            ),
        ),
        Ok(Err(error)) => (
            Code::NotReachable,
            Verdict::fail(
                format!("{address} cannot be reached: {error}", error = Chain(&error)),
                "ping and ip route tell whether the network is there",
            ),
        ),
        Err(_) => (
            Code::TimeOut,
            Verdict::fail(
                format!("{address} is silent for {}: a firewall drops what is sent there", limit(global.timeout)),
                "open the port; -kernel inet_dist_listen_min P inet_dist_listen_max P gives a BEAM a fixed one",
            ),
        ),
    };
    found.add("port", "its port is open", code, verdict)
}

/// Returns whether it lets us in; returns its full name, and ours.
async fn handshake(
    found: &mut Findings,
    address: SocketAddr,
    full: &str,
    asked_full: bool,
    cookie: &Cookie,
    global: &Global,
) -> Result<Option<(String, String)>, Failure> {
    found.begin("handshake");
    let mut names: Box<dyn Iterator<Item = String>> = match client::own_name(global)? {
        Some(name) => Box::new(std::iter::once(name)),
        None => Box::new(client::own_names()),
    };
    let mut own = names.next().map(|name| client::full_name(&name)).unwrap_or_default();
    let mut full = full.to_owned();
    let shaken = loop {
        let local = Local {
            name: own.clone(),
            flags: Flags::NODE,
            required: Flags::EMPTY,
            creation: random::challenge()? | 4,
            cookie: cookie.clone(),
        };
        let shaking = timeout(global.timeout, raw::connect(address, local, &full, global.take_over)).await;
        match shaking {
            Ok(Err(ConnectError::Handshake { error: HandshakeError::WrongName { answered, .. }, .. }))
                if !asked_full && answered != full && answered.split('@').next() == full.split('@').next() =>
            {
                full = answered;
            }
            Ok(Err(error)) if client::is_taken(&error) => match names.next() {
                Some(name) => own = client::full_name(&name),
                None => break Ok(Err(error)),
            },
            shaken => break shaken,
        }
    };
    let (code, verdict) = match &shaken {
        Ok(Ok(connection)) => {
            let missing = connection.peer().flags.missing(Flags::MANDATORY_26);
            let verdict = match missing.is_empty() {
                true => Verdict::noted(format!("as {own}")),
                false => Verdict::warn(
                    format!("it cannot handle {missing}"),
                    "OTP 26 and later do not connect to it; it is of OTP 25 or before, or of an old library",
                ),
            };
            (Code::Refused, verdict)
        }
        Ok(Err(ConnectError::Handshake { error, .. })) => refused(error, &full, &own),
        Ok(Err(ConnectError::Timeout { .. })) | Err(_) => (
            Code::TimeOut,
            Verdict::fail(
                format!("{address} accepts connections and then says nothing for {}", limit(global.timeout)),
                "something stands between (a proxy, a load balancer), another program has the port, or the node hangs",
            ),
        ),
        Ok(Err(error)) => {
            (Code::NotReachable, Verdict::fail(Chain(&error).to_string(), "its log tells why it closed the connection"))
        }
    };
    found.add("handshake", "it lets us in", code, verdict)?;
    let linked = matches!(shaken, Ok(Ok(_)));
    Ok(linked.then_some((full, own)))
}

/// A handshake that did not end well.
fn refused(error: &HandshakeError, full: &str, own: &str) -> (Code, Verdict) {
    let host = |name: &str| name.split('@').nth(1).unwrap_or_default().to_owned();
    match error {
        HandshakeError::CookieRefused { .. } | HandshakeError::WrongCookie { .. } => (
            Code::Refused,
            Verdict::fail(
                "it has another cookie",
                "Node.get_cookie() tells the one that it has; set NODEX_COOKIE to that, or --cookie-file",
            ),
        ),
        HandshakeError::WrongName { answered, .. } => {
            let (asked, has) = (host(full), host(answered));
            let (what, next) = match (asked.contains('.'), has.contains('.')) {
                (false, true) => (
                    "a long name (-name), and is asked for by a short one (-sname)",
                    "nodes with short names cannot connect to it",
                ),
                (true, false) => (
                    "a short name (-sname), and is asked for by a long one (-name)",
                    "nodes with long names cannot connect to it",
                ),
                _ => ("another name", "the host has to be written as the node itself writes it"),
            };
            (
                Code::NotReachable,
                Verdict::fail(
                    format!("it calls itself {answered}: it has {what}"),
                    format!("call it {answered}; {next}"),
                ),
            )
        }
        HandshakeError::NotAllowed { .. } => (
            Code::Refused,
            Verdict::fail(
                "it does not let this node in",
                "net_kernel:allow/1 there names the nodes that may connect; or it demands a flag that is missing here",
            ),
        ),
        HandshakeError::AlreadyConnected { .. } => (
            Code::Refused,
            Verdict::fail(
                format!("it is connected with another node of the name {own}"),
                "--name chooses another name for this command; --take-over takes the place of that node",
            ),
        ),
        HandshakeError::MissingFlags { missing, .. } => (
            Code::Refused,
            Verdict::fail(format!("it cannot handle {missing}"), "it is of OTP 22 or before, or of an old library"),
        ),
        HandshakeError::Closed { .. } => (
            Code::NotReachable,
            Verdict::fail(
                "it closes the connection without a word",
                "it talks TLS (-proto_dist inet_tls), or another program has the port",
            ),
        ),
        error => (
            Code::NotReachable,
            Verdict::fail(
                format!("it is no node: {error}", error = Chain(&error)),
                "another program has the port; start the node again",
            ),
        ),
    }
}

/// Whether it answers as nodes do.
async fn ping(found: &mut Findings, full: &str, own: &str, cookie: Cookie, global: &Global) -> Result<(), Failure> {
    found.begin("ping");
    let builder = NodeBuilder::new().take_over(global.take_over);
    let node = builder.start(own, cookie).await.map_err(|error| Failure::new(Code::Usage, error))?;
    let asked = async {
        // It has to notice the end of the last connection before there is another one of the same name.
        let until = Instant::now() + LEAVING;
        let peer = loop {
            match node.connect(full).await {
                Err(error) if client::is_taken(&error) && Instant::now() < until => sleep(AGAIN).await,
                connected => break connected.map_err(|error| Chain(&error).to_string())?,
            }
        };
        let began = std::time::Instant::now();
        let request = (atom!("is_auth"), node.name());
        let to = (atom!("net_kernel"), peer.name().clone());
        let answer = node.call::<Term>(to, request, global.timeout).await.map_err(|error| Chain(&error).to_string())?;
        Ok::<_, String>((answer, began.elapsed()))
    };
    let verdict = match asked.await {
        Ok((answer, took)) if answer.is_atom("yes") => Verdict::noted(duration(took)),
        Ok((answer, _)) => {
            Verdict::warn(format!("it answers {}", brief(&answer, global)), "Node.ping from a BEAM gives pang")
        }
        Err(error) => Verdict::warn(
            format!("it does not answer Node.ping: {error}"),
            "it is a C node that does not know is_auth, or it hangs; messages may reach it all the same",
        ),
    };
    node.stop(Duration::from_millis(200)).await;
    found.add("ping", "it answers Node.ping", Code::PeerError, verdict)?;
    Ok(())
}
