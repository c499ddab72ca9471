//! [`Acceptor`].
use super::framing::{Framing, MAX_UNPROVEN, Wire};
use super::message::{self, Challenge, Complement, Name, Reply, Status};
use super::name::{check_node_name, host_of};
use super::open::{OpenChallenge, is_reflected};
use super::{Established, HandshakeError, Local, PeerIdentity};
use crate::protocol::Flags;

/// The state of the handshake; `dist_util:handshake_other_started/1` in OTP.
///
/// ```text
///   Name ------- flags missing: send 's' not_allowed ----------------> error
///     | Event::Name
///     v
///   Answer ----- Nok, NotAllowed: send it ---------------------------> Over
///     |     |
///     |     +--- Alive: send it --> AliveReply -- 's' false ---------> error
///     |                                 | 's' true
///     | Ok, OkSimultaneous, Named       |
///     v                                 v
///   send challenge <--------------------+
///     |
///     v
///   Complement - (only after the old name 'n') flags missing --------> error
///     |
///     v
///   Reply ------ wrong digest, challenge of our own: nothing is sent -> error
///     |     |
///     |     +--- after Alive: Event::Replace --> Replace
///     v                                            | replaced()
///   send ack <-------------------------------------+
///     | Event::Established
///     v
///   Over
/// ```
#[derive(Debug)]
enum State {
    Name,
    Answer,
    AliveReply,
    Complement,
    Reply,
    /// The peer's challenge, to be answered once the old connection is closed.
    Replace(u32),
    Over,
}

/// The handshake of the accepting side.
#[derive(Debug)]
pub struct Acceptor {
    local: Local,
    challenge: OpenChallenge,
    wire: Wire,
    state: State,
    /// The peer as it identifies itself. Nothing is proven before the reply.
    peer: PeerIdentity,
    /// The name in its first message; only the host if it asked for a name.
    claimed: String,
    old: bool,
    dynamic: bool,
    alive: bool,
}

/// A request of a node to connect. Nothing is proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Its full name, or only its host if it asks for a name.
    pub name: String,
    /// Whether it asks for a name: answer with [`Answer::Named`].
    pub wants_name: bool,
    /// The flags that it supports. After an old name message these are only the lower 32 bits.
    pub flags: Flags,
}

/// The status for a node that asks to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The node may connect.
    Ok,
    /// The node may connect; this node gives up its own attempt to connect to it.
    OkSimultaneous,
    /// The own attempt of this node to connect takes precedence.
    Nok,
    /// The node may not connect.
    NotAllowed,
    /// A connection with this name exists. If the peer continues and knows the cookie, [`Event::Replace`] asks for the
    /// old one to be closed.
    Alive,
    /// The name of a node that asked for one, at its host.
    Named {
        /// The full name.
        name: String,
        /// The creation.
        creation: u32,
    },
}

/// An event of the accepting side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A name was received: call [`Acceptor::answer`].
    Name(Request),
    /// The peer knows the cookie and replaces an existing connection: close that one, and then call
    /// [`Acceptor::replaced`].
    Replace(PeerIdentity),
    /// The handshake is complete once the output is written.
    Established(Established),
}

/// Returns the status when a node connects to us while we are connecting to it: the attempt of the node
/// whose name is greater is the one that stays (`net_kernel`, `accept_pending`).
pub fn simultaneous_answer(ours: &str, theirs: &str) -> Answer {
    if ours > theirs { Answer::Nok } else { Answer::OkSimultaneous }
}

impl Acceptor {
    /// Creates the machine, which waits for the name of the peer. `challenge` is a fresh random number.
    ///
    /// # Errors
    /// Returns an error when the name of this node is not valid.
    pub fn new(local: Local, framing: Framing, challenge: u32) -> Result<Self, HandshakeError> {
        check_node_name(local.name.as_bytes())
            .map_err(|problem| HandshakeError::InvalidName { name: message::shown(local.name.as_bytes()), problem })?;
        let challenge = OpenChallenge::new(challenge, &local.name);
        Ok(Acceptor {
            local,
            challenge,
            wire: Wire::new(framing, MAX_UNPROVEN),
            state: State::Name,
            peer: PeerIdentity { name: String::new(), flags: Flags::EMPTY, negotiated: Flags::EMPTY, creation: 0 },
            claimed: String::new(),
            old: false,
            dynamic: false,
            alive: false,
        })
    }

    /// Handles input from the peer.
    ///
    /// # Errors
    /// Returns an error when the handshake has failed.
    pub fn handle_input(&mut self, input: &[u8]) -> Result<Option<Event>, HandshakeError> {
        self.wire.push(input);
        self.run(Self::advance)
    }

    /// Answers the [`Request`] of [`Event::Name`].
    ///
    /// After `Nok` and `NotAllowed` the handshake is over: write the output and close the connection.
    ///
    /// # Errors
    /// Returns an error when the handshake has failed.
    pub fn answer(&mut self, answer: Answer) -> Result<Option<Event>, HandshakeError> {
        self.run(|acceptor| {
            acceptor.send_answer(answer)?;
            if matches!(acceptor.state, State::Over) { Ok(None) } else { acceptor.advance() }
        })
    }

    /// Reports that the connection in [`Event::Replace`] is closed.
    ///
    /// # Errors
    /// Returns an error when the handshake has failed.
    pub fn replaced(&mut self) -> Result<Option<Event>, HandshakeError> {
        self.run(|acceptor| match acceptor.state {
            State::Replace(challenge) => Ok(Some(acceptor.establish(challenge))),
            _ => Err(HandshakeError::Misuse { what: "nothing was to be replaced" }),
        })
    }

    /// Handles the end of the input, and returns what it means at this point.
    pub fn handle_eof(&mut self) -> HandshakeError {
        let waiting_for = self.waiting_for();
        self.state = State::Over;
        HandshakeError::Closed { waiting_for }
    }

    /// Takes the bytes to write to the peer.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.wire.take_output()
    }

    /// Returns the name of the next message, for an error at the time limit.
    pub fn waiting_for(&self) -> &'static str {
        match self.state {
            State::Name | State::Answer => message::NAME,
            State::AliveReply => message::STATUS_REPLY,
            State::Complement => message::COMPLEMENT,
            State::Reply | State::Replace(_) => message::REPLY,
            State::Over => "last",
        }
    }

    fn run(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<Option<Event>, HandshakeError>,
    ) -> Result<Option<Event>, HandshakeError> {
        let result = step(self);
        if result.is_err() {
            self.state = State::Over;
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Event>, HandshakeError> {
        loop {
            match self.state {
                State::Over => return Err(HandshakeError::Misuse { what: "it is over" }),
                // It is the caller's turn; the peer has no reason to say more than one message.
                State::Answer | State::Replace(_) if self.wire.is_flooded() => {
                    return Err(HandshakeError::TooLong {
                        expected: self.waiting_for(),
                        length: MAX_UNPROVEN + 5,
                        limit: MAX_UNPROVEN,
                    });
                }
                State::Answer | State::Replace(_) => return Ok(None),
                State::Name | State::AliveReply | State::Complement | State::Reply => {}
            }
            let Some(bytes) = self.wire.next(self.waiting_for())? else {
                return Ok(None);
            };
            match self.state {
                State::Name => {
                    let name = Name::read(bytes)?;
                    self.old = name.old;
                    self.dynamic = name.flags.contains(Flags::NAME_ME);
                    self.peer.name = name.name.to_owned();
                    self.claimed = name.name.to_owned();
                    self.peer.flags = name.flags.expanded();
                    self.peer.creation = name.creation;
                    return self.check_name().map(Some);
                }
                State::AliveReply => {
                    if !message::read_status_reply(bytes)? {
                        return Err(HandshakeError::AlreadyConnected { peer: self.peer.name.clone() });
                    }
                    self.send_challenge();
                }
                State::Complement => {
                    let complement = Complement::read(bytes)?;
                    let high = Flags::from_bits(u64::from(complement.flags_high) << 32);
                    self.peer.flags = self.peer.flags | high;
                    self.peer.creation = complement.creation;
                    self.check_flags(self.local.demanded())?;
                    self.state = State::Reply;
                }
                State::Reply => {
                    let reply = Reply::read(bytes)?;
                    if !self.local.cookie.proves(self.challenge.number(), &reply.digest) {
                        return Err(HandshakeError::WrongCookie { peer: self.peer.name.clone() });
                    }
                    if is_reflected(reply.challenge, &self.local.name, &self.claimed) {
                        return Err(HandshakeError::Reflected { peer: self.peer.name.clone() });
                    }
                    self.peer.negotiated = self.local.flags.negotiated(self.peer.flags).without(Flags::NAME_ME);
                    if self.alive {
                        self.state = State::Replace(reply.challenge);
                        return Ok(Some(Event::Replace(self.peer.clone())));
                    }
                    return Ok(Some(self.establish(reply.challenge)));
                }
                State::Answer | State::Replace(_) | State::Over => {}
            }
        }
    }

    /// Handles a valid name. Refuses it at once if mandatory flags are missing.
    fn check_name(&mut self) -> Result<Event, HandshakeError> {
        let demanded = self.local.demanded();
        let known = if self.old { Flags::from_bits(u64::from(u32::MAX)) } else { !Flags::EMPTY };
        if let Err(error) = self.check_flags(demanded & known) {
            Status::NotAllowed.write(&mut self.wire);
            return Err(error);
        }
        self.state = State::Answer;
        Ok(Event::Name(Request { name: self.peer.name.clone(), wants_name: self.dynamic, flags: self.peer.flags }))
    }

    fn check_flags(&self, demanded: Flags) -> Result<(), HandshakeError> {
        let missing = self.peer.flags.missing(demanded);
        if missing.is_empty() {
            return Ok(());
        }
        Err(HandshakeError::MissingFlags { peer: self.peer.name.clone(), missing })
    }

    fn send_answer(&mut self, answer: Answer) -> Result<(), HandshakeError> {
        if !matches!(self.state, State::Answer) {
            return Err(HandshakeError::Misuse { what: "no name waits for an answer" });
        }
        let refusal = matches!(answer, Answer::Nok | Answer::NotAllowed);
        if self.dynamic && !refusal && !matches!(answer, Answer::Named { .. }) {
            return Err(HandshakeError::Misuse { what: "the peer asked for a name and got none" });
        }
        let status = match &answer {
            Answer::Ok => Status::Ok,
            Answer::OkSimultaneous => Status::OkSimultaneous,
            Answer::Nok => Status::Nok,
            Answer::NotAllowed => Status::NotAllowed,
            Answer::Alive => Status::Alive,
            Answer::Named { .. } if !self.dynamic => {
                return Err(HandshakeError::Misuse { what: "the peer has a name and was given another" });
            }
            Answer::Named { name, creation } => {
                if check_node_name(name.as_bytes()).is_err() || host_of(name) != self.peer.name {
                    return Err(HandshakeError::Misuse { what: "the given name is not one at the peer's host" });
                }
                self.peer.name.clone_from(name);
                self.peer.creation = *creation;
                Status::Named { name, creation: *creation }
            }
        };
        status.write(&mut self.wire);
        match answer {
            Answer::Nok | Answer::NotAllowed => self.state = State::Over,
            Answer::Alive => {
                self.alive = true;
                self.state = State::AliveReply;
            }
            Answer::Ok | Answer::OkSimultaneous | Answer::Named { .. } => self.send_challenge(),
        }
        Ok(())
    }

    fn send_challenge(&mut self) {
        let mut flags = self.local.flags.without(Flags::NAME_ME);
        if self.dynamic {
            // A BEAM that asked for a name gives up unless it sees this flag again. Such nodes are hidden.
            flags = flags.without(Flags::PUBLISHED) | Flags::NAME_ME;
        }
        Challenge {
            flags,
            challenge: self.challenge.number(),
            creation: self.local.creation,
            name: self.local.name.as_bytes(),
        }
        .write(&mut self.wire);
        self.state = if self.old { State::Complement } else { State::Reply };
    }

    fn establish(&mut self, challenge: u32) -> Event {
        message::write_ack(&self.local.cookie.digest(challenge), &mut self.wire);
        self.state = State::Over;
        Event::Established(Established { peer: self.peer.clone(), given: None, rest: self.wire.take_rest() })
    }
}
