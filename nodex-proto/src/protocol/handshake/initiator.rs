//! [`Initiator`].
use super::framing::{Framing, MAX_MESSAGE, Wire};
use super::message::{self, Challenge, Name, Reply, Status};
use super::name::{check_host, check_node_name, host_of};
use super::open::{OpenChallenge, is_reflected};
use super::{Established, GivenName, HandshakeError, Local, PeerIdentity};
use crate::protocol::Flags;

/// The state of the handshake; `dist_util:handshake_we_started/1` in OTP.
///
/// ```text
///   new: send name
///     |
///     v
///   Status ---- nok, not_allowed, unknown --------------------------> error
///     |   |
///     |   +---- alive: send 's' true (go on), or 's' false ---------> error
///     | ok, ok_simultaneous, named:
///     v
///   Challenge - other name, flags missing, one of our own ----------> error
///     | send reply
///     v
///   Ack ------- wrong digest; closed here means: cookie refused ----> error
///     |
///     v
///   Over (Established)
/// ```
#[derive(Debug)]
enum State {
    Status,
    Challenge { given: Option<GivenName> },
    Ack { peer: PeerIdentity, given: Option<GivenName> },
    Over,
}

/// The handshake of the connecting side.
#[derive(Debug)]
pub struct Initiator {
    local: Local,
    dialled: String,
    challenge: OpenChallenge,
    replace: bool,
    wire: Wire,
    state: State,
}

impl Initiator {
    /// Starts a handshake with the node `peer`. The name message is in the output at once. `challenge` is a fresh
    /// random number.
    ///
    /// # Errors
    /// Returns an error when one of the two names is not valid.
    pub fn new(local: Local, peer: &str, framing: Framing, challenge: u32) -> Result<Self, HandshakeError> {
        let invalid =
            |name: &str, problem| HandshakeError::InvalidName { name: message::shown(name.as_bytes()), problem };
        check_node_name(peer.as_bytes()).map_err(|problem| invalid(peer, problem))?;
        let dynamic = local.flags.contains(Flags::NAME_ME);
        let check = if dynamic { check_host } else { check_node_name };
        check(local.name.as_bytes()).map_err(|problem| invalid(&local.name, problem))?;
        let mut wire = Wire::new(framing, MAX_MESSAGE);
        let creation = if dynamic { 0 } else { local.creation };
        Name { old: false, flags: local.flags, creation, name: &local.name }.write(&mut wire);
        let challenge = OpenChallenge::new(challenge, &local.name);
        Ok(Initiator { local, dialled: peer.to_owned(), challenge, replace: true, wire, state: State::Status })
    }

    /// Sets the answer when the peer reports that a connection with this node exists (`alive`): continue, so that the
    /// peer replaces it (the default), or give up.
    pub fn replace_existing(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Handles input from the peer. Returns the result once the handshake is complete.
    ///
    /// # Errors
    /// Returns an error when the handshake has failed.
    pub fn handle_input(&mut self, input: &[u8]) -> Result<Option<Established>, HandshakeError> {
        self.wire.push(input);
        let result = self.advance();
        if result.is_err() {
            self.state = State::Over;
        }
        result
    }

    /// Handles the end of the input, and returns what it means at this point.
    pub fn handle_eof(&mut self) -> HandshakeError {
        let waiting_for = self.waiting_for();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Ack { peer, .. } => HandshakeError::CookieRefused { peer: peer.name },
            _ => HandshakeError::Closed { waiting_for },
        }
    }

    /// Takes the bytes to write to the peer.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.wire.take_output()
    }

    /// Returns the name of the next message, for an error at the time limit.
    pub fn waiting_for(&self) -> &'static str {
        match self.state {
            State::Status => message::STATUS,
            State::Challenge { .. } => message::CHALLENGE,
            State::Ack { .. } => message::ACK,
            State::Over => "last",
        }
    }

    fn advance(&mut self) -> Result<Option<Established>, HandshakeError> {
        loop {
            let Some(bytes) = self.wire.next(self.waiting_for_message()?)? else {
                return Ok(None);
            };
            match std::mem::replace(&mut self.state, State::Over) {
                State::Status => {
                    let status = Status::read(bytes)?;
                    let (given, alive) = read_status(&self.local, &self.dialled, &status)?;
                    if alive {
                        message::write_status_reply(self.replace, &mut self.wire);
                        if !self.replace {
                            return Err(HandshakeError::AlreadyConnected { peer: self.dialled.clone() });
                        }
                    }
                    self.state = State::Challenge { given };
                }
                State::Challenge { given } => {
                    let challenge = Challenge::read(bytes)?;
                    let peer = accept_challenge(&self.local, &self.dialled, &challenge)?;
                    if is_reflected(challenge.challenge, &self.local.name, &self.dialled) {
                        return Err(HandshakeError::Reflected { peer: peer.name });
                    }
                    let digest = self.local.cookie.digest(challenge.challenge);
                    Reply { challenge: self.challenge.number(), digest }.write(&mut self.wire);
                    self.state = State::Ack { peer, given };
                }
                State::Ack { peer, given } => {
                    let digest = message::read_ack(bytes)?;
                    if !self.local.cookie.proves(self.challenge.number(), &digest) {
                        return Err(HandshakeError::WrongCookie { peer: peer.name });
                    }
                    return Ok(Some(Established { peer, given, rest: self.wire.take_rest() }));
                }
                State::Over => return Err(OVER),
            }
        }
    }

    fn waiting_for_message(&self) -> Result<&'static str, HandshakeError> {
        match self.state {
            State::Over => Err(OVER),
            _ => Ok(self.waiting_for()),
        }
    }
}

const OVER: HandshakeError = HandshakeError::Misuse { what: "it is over" };

/// Returns the meaning of a status for this side: the assigned name, and whether the peer asks about an existing
/// connection.
fn read_status(local: &Local, dialled: &str, status: &Status<'_>) -> Result<(Option<GivenName>, bool), HandshakeError> {
    let peer = || dialled.to_owned();
    let unexpected = || HandshakeError::UnexpectedStatus { peer: peer(), status: status.text() };
    let dynamic = local.flags.contains(Flags::NAME_ME);
    match status {
        Status::NotAllowed => Err(HandshakeError::NotAllowed { peer: peer() }),
        Status::Named { name, creation } if dynamic && host_of(name) == local.name => {
            Ok((Some(GivenName { name: (*name).to_owned(), creation: *creation }), false))
        }
        // A node that has asked for a name cannot continue without one.
        _ if dynamic => Err(unexpected()),
        Status::Ok | Status::OkSimultaneous => Ok((None, false)),
        Status::Alive => Ok((None, true)),
        Status::Nok => Err(HandshakeError::Nok { peer: peer() }),
        Status::Named { .. } | Status::Unknown(_) => Err(unexpected()),
    }
}

/// Checks that the node that answered is the one that was dialled and can do what we need.
fn accept_challenge(local: &Local, dialled: &str, challenge: &Challenge<'_>) -> Result<PeerIdentity, HandshakeError> {
    if challenge.name != dialled.as_bytes() {
        return Err(HandshakeError::WrongName {
            dialled: dialled.to_owned(),
            answered: message::shown(challenge.name),
        });
    }
    let missing = challenge.flags.missing(local.demanded());
    if !missing.is_empty() {
        return Err(HandshakeError::MissingFlags { peer: dialled.to_owned(), missing });
    }
    Ok(PeerIdentity {
        name: dialled.to_owned(),
        flags: challenge.flags.expanded(),
        negotiated: local.flags.negotiated(challenge.flags).without(Flags::NAME_ME),
        creation: challenge.creation,
    })
}
