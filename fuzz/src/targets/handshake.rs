//! The handshake of either side with a peer that may say anything.

use nodex_core::protocol::{
    Cookie, Flags,
    handshake::{Acceptor, Answer, Established, Event, Framing, HandshakeError, Initiator, Local},
};

use super::pieces;

const CHALLENGE: u32 = 0x0102_0304;
const COOKIE: &str = "secret";

/// The first byte decides how this side behaves, the second how the rest comes in pieces.
fn split(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = input.split_at_checked(2)?;
    Some((head[0], &head[1..], rest))
}

fn local(dynamic: bool) -> Local {
    let cookie = Cookie::new(COOKIE).expect("a cookie");
    let name = if dynamic { "127.0.0.1" } else { "me@127.0.0.1" };
    let mut local = Local::hidden(name, 5, cookie);
    if dynamic {
        local.flags = local.flags | Flags::NAME_ME;
    }
    local
}

fn framing(mode: u8) -> Framing {
    if mode & 1 == 0 { Framing::Two } else { Framing::Four }
}

/// No peer is accepted that has not answered our challenge.
fn proven(input: &[u8], established: &Established) {
    let digest = Cookie::new(COOKIE).expect("a cookie").digest(CHALLENGE);
    assert!(input.windows(16).any(|part| part == digest), "in without the cookie: {established:?}");
    assert!(established.peer.negotiated.contains(Flags::MANDATORY_25));
    assert!(established.rest.len() <= input.len());
}

type Ran<T> = (Result<Option<T>, HandshakeError>, Vec<u8>);

pub(super) fn initiator(input: &[u8]) {
    let Some((mode, lengths, input)) = split(input) else { return };
    let run = |pieces: &mut dyn Iterator<Item = &[u8]>| -> Ran<Established> {
        let local = local(mode & 4 != 0);
        let mut machine = Initiator::new(local, "peer@127.0.0.1", framing(mode), CHALLENGE)
            .expect("good names")
            .replace_existing(mode & 2 == 0);
        let mut output = machine.take_output();
        let mut result: Result<Option<Established>, HandshakeError> = Ok(None);
        for piece in pieces {
            result = match result {
                // What came behind the handshake is the beginning of the first frames.
                Ok(Some(mut established)) => {
                    established.rest.extend_from_slice(piece);
                    Ok(Some(established))
                }
                Ok(None) => machine.handle_input(piece),
                Err(error) => Err(error),
            };
            output.extend(machine.take_output());
        }
        if let Ok(None) = result {
            assert!(!machine.waiting_for().is_empty());
            assert!(!machine.handle_eof().to_string().is_empty());
        }
        (result, output)
    };
    let all = run(&mut std::iter::once(input));
    assert_eq!(all, run(&mut pieces(input, lengths)), "the pieces make a difference");
    if let Ok(Some(established)) = &all.0 {
        proven(input, established);
    }
}

pub(super) fn acceptor(input: &[u8]) {
    let Some((mode, lengths, input)) = split(input) else { return };
    let run = |pieces: &mut dyn Iterator<Item = &[u8]>| -> Ran<Established> {
        let mut machine = Acceptor::new(local(false), framing(mode), CHALLENGE).expect("a good name");
        let (mut output, mut ended) = (Vec::new(), Ok(None::<Established>));
        for piece in pieces {
            ended = match ended {
                Ok(Some(mut established)) => {
                    established.rest.extend_from_slice(piece);
                    Ok(Some(established))
                }
                Ok(None) => feed(&mut machine, mode, piece, input),
                Err(error) => Err(error),
            };
            output.extend(machine.take_output());
        }
        if let Ok(None) = ended {
            assert!(!machine.waiting_for().is_empty());
            assert!(!machine.handle_eof().to_string().is_empty());
        }
        (ended, output)
    };
    let all = run(&mut std::iter::once(input));
    assert_eq!(all, run(&mut pieces(input, lengths)), "the pieces make a difference");
    if let Ok(Some(established)) = &all.0 {
        proven(input, established);
    }
}

/// Hands in a piece and answers what the machine asks.
fn feed(machine: &mut Acceptor, mode: u8, piece: &[u8], input: &[u8]) -> Result<Option<Established>, HandshakeError> {
    let mut event = machine.handle_input(piece)?;
    loop {
        event = match event {
            None => return Ok(None),
            Some(Event::Name(request)) if request.wants_name => {
                machine.answer(Answer::Named { name: format!("given@{}", request.name), creation: 9 })?
            }
            Some(Event::Name(request)) => {
                let answer = match mode >> 1 & 7 {
                    0..=3 => Answer::Ok,
                    4 => Answer::OkSimultaneous,
                    5 => Answer::Alive,
                    6 => Answer::Nok,
                    _ => Answer::NotAllowed,
                };
                let refused = matches!(answer, Answer::Nok | Answer::NotAllowed);
                let event = machine.answer(answer)?;
                if refused {
                    assert_eq!(event, None);
                    return Err(HandshakeError::Nok { peer: request.name });
                }
                event
            }
            Some(Event::Replace(peer)) => {
                let digest = Cookie::new(COOKIE).expect("a cookie").digest(CHALLENGE);
                assert!(input.windows(16).any(|part| part == digest), "replaced without the cookie: {peer:?}");
                machine.replaced()?
            }
            Some(Event::Established(established)) => return Ok(Some(established)),
        };
    }
}
