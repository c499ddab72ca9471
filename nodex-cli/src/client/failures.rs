//! Why a node cannot be talked to, in words and with what to do about it.

use std::net::IpAddr;

use nodex_core::{
    epmd::{Client as Epmd, EpmdError},
    error::Chain,
    net::ConnectError,
    node::CallError,
    protocol::handshake::HandshakeError,
    term::Term,
    text::{Syntax, Text},
};

use crate::{
    failure::{Code, Failure},
    output::{Untrusted, listing},
};

/// Why `target` cannot be connected to.
pub(crate) async fn connect_failure(target: &str, error: &ConnectError) -> Failure {
    match error {
        ConnectError::Name(_) => Failure::new(Code::Usage, format!("\"{target}\" is no name of a node")),
        ConnectError::Itself(name) => to_itself(name),
        ConnectError::Resolve { error, .. } => {
            let host = target.split('@').nth(1).unwrap_or_default();
            Failure::new(
                Code::NotReachable,
                format!("the host {host} of {target} is unknown: {error}", error = Chain(&error)),
            )
            .hint("a host without an address of its own needs a line in /etc/hosts")
        }
        ConnectError::Epmd { error, .. } => {
            let failure = epmd_failure(error);
            match error {
                EpmdError::NotRegistered { address, .. } => {
                    failure.detail(registered(address.ip()).await).hint(doctor(target))
                }
                EpmdError::NotRunning { .. } => failure,
                _ => failure.hint(doctor(target)),
            }
        }
        ConnectError::Tcp { error, address, .. } => {
            let message = format!(
                "{target} is registered with port {}, but nothing listens there: {error}",
                address.port(),
                error = Chain(&error)
            );
            Failure::new(Code::NotReachable, message)
                .hint("the node is dead or behind a firewall; nodex names shows who answers")
        }
        ConnectError::Handshake { error, .. } => handshake_failure(target, error),
        ConnectError::Timeout { .. } => Failure::new(Code::TimeOut, Chain(error)).hint(doctor(target)),
        _ => Failure::new(Code::NotReachable, Chain(error)).hint(doctor(target)),
    }
}

/// This command would have the name of the node that it is to talk to.
pub(super) fn to_itself(name: &str) -> Failure {
    let message = format!("{name:?} is the name of the node that is to be talked to, and cannot be this command's too");
    Failure::new(Code::Usage, message).hint("--name chooses another name of this command among the nodes")
}

/// Who knows more.
pub(super) fn doctor(target: &str) -> String {
    format!("nodex doctor {target} looks for the reason")
}

fn handshake_failure(target: &str, error: &HandshakeError) -> Failure {
    let failure = |code| Failure::new(code, Chain(error));
    match error {
        HandshakeError::CookieRefused { .. } | HandshakeError::WrongCookie { .. } => {
            Failure::new(Code::Refused, format!("{target} has another cookie"))
                .hint("set NODEX_COOKIE to the cookie of that node, or name its file with --cookie-file")
        }
        HandshakeError::WrongName { answered, .. } => {
            Failure::new(Code::NotReachable, format!("there is no {target}: the node that answers there is {answered}"))
                .hint(format!("call it {answered}, or by the part before the @"))
        }
        HandshakeError::MissingFlags { .. }
        | HandshakeError::NotAllowed { .. }
        | HandshakeError::AlreadyConnected { .. }
        | HandshakeError::UnexpectedStatus { .. } => failure(Code::Refused),
        _ => failure(Code::NotReachable),
    }
}

/// Returns the names that an epmd has.
async fn registered(host: IpAddr) -> String {
    let Ok(epmd) = Epmd::at_host(&host.to_string()).await else { return "its nodes cannot be listed".to_owned() };
    match epmd.names().await {
        Ok(names) if names.is_empty() => "it has no nodes at all".to_owned(),
        Ok(mut names) => {
            names.sort();
            format!("it has: {}", listing(names.into_iter().map(|(name, _)| Untrusted::new(name))))
        }
        Err(error) => Chain(&error).to_string(),
    }
}

/// Why there is nothing from epmd.
pub(crate) fn epmd_failure(error: &EpmdError) -> Failure {
    let code = match error {
        EpmdError::Timeout { .. } => Code::TimeOut,
        EpmdError::NameTaken { .. } => Code::Refused,
        EpmdError::InvalidName { .. } | EpmdError::Environment { .. } => Code::Usage,
        _ => Code::NotReachable,
    };
    let failure = Failure::new(code, Chain(error));
    match error {
        EpmdError::NotRunning { .. } => {
            failure.hint("epmd starts with the first Erlang node, or as nodex epmd; ERL_EPMD_PORT tells its port")
        }
        _ => failure,
    }
}

/// Why `object` gave no reply.
pub(crate) fn call_failure(object: &str, error: &CallError, syntax: Syntax) -> Failure {
    match error {
        CallError::Timeout { limit } => Failure::new(Code::TimeOut, format!("{object} did not reply within {limit:?}")),
        CallError::NoProcess => Failure::new(Code::NoSuch, format!("there is no {object}")),
        CallError::NoConnection => {
            Failure::new(Code::NotReachable, format!("{object} did not reply: {error}", error = Chain(&error)))
                .hint("its node went down, or closed the connection, after the call was sent")
        }
        CallError::Connect(_) => {
            Failure::new(Code::NotReachable, format!("{object} did not reply: {error}", error = Chain(&error)))
        }
        CallError::Exit { reason } => {
            let failure = |reason: Untrusted| {
                Failure::new(Code::PeerError, format_args!("{object} ended before it replied: {reason}"))
            };
            match reason.decode::<Term>() {
                Ok(reason) => failure(Untrusted::of(Text::of(&reason).syntax(syntax))),
                Err(_) => failure(Untrusted::of(reason)),
            }
        }
        CallError::Encode(_) => Failure::new(Code::BadTerm, Chain(error)),
        _ => Failure::new(Code::PeerError, format!("{object}: {error}", error = Chain(&error))),
    }
}
