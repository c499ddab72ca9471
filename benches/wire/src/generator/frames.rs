//! The frames of the benchmark: requests, and what an answer says (erl_dist_protocol, "Protocol between Connected
//! Nodes"; erl_ext_dist).

/// The name under which the generator appears as a host.
pub(crate) const HOST_NODE: &str = "generator@127.0.0.1";

/// The creation of that host.
pub(crate) const HOST_CREATION: u32 = 0x0BAD_CAFE;

/// The number in the pid that calls.
const CALLER: u32 = 77;

/// `{ping, <<"hello">>}` as a frame.
pub(crate) fn hello() -> Vec<u8> {
    ping(b"hello")
}

/// Returns the frame `{6, From, '', nil}, {ping, Binary}`: REG_SEND to the name `nil`.
pub(crate) fn ping(binary: &[u8]) -> Vec<u8> {
    message("nil", CALLER, &tagged(b"ping", binary))
}

/// What `GenServer.call` of an OTP that has aliases sends: `{'$gen_call', {Pid, [alias | Alias]}, {ping, Binary}}`.
pub(crate) fn gen_call(binary: &[u8]) -> Vec<u8> {
    let mut term = vec![104, 3];
    term.extend(atom("$gen_call"));
    term.extend([104, 2]);
    term.extend(from(CALLER));
    term.extend(tag());
    term.extend(tagged(b"ping", binary));
    message("nil", CALLER, &term)
}

/// The answer to [`gen_call`]: the frame `{33, From, Alias}, {[alias | Alias], {pong, Binary}}` (ALIAS_SEND), whoever
/// `From` is.
pub(crate) fn is_gen_reply(frame: &[u8], binary: &[u8]) -> bool {
    let mut end = alias();
    end.extend([131, 104, 2]);
    end.extend(tag());
    end.extend(tagged(b"pong", binary));
    frame.get(4..).is_some_and(|body| body.starts_with(&[112, 131, 104, 3, 97, 33]) && body.ends_with(&end))
}

/// `[alias | Alias]`.
fn tag() -> Vec<u8> {
    let mut tag = vec![108, 0, 0, 0, 1];
    tag.extend(atom("alias"));
    tag.extend(alias());
    tag
}

/// Returns an alias of the caller, NEWER_REFERENCE_EXT of three words.
fn alias() -> Vec<u8> {
    let mut reference = vec![90, 0, 3];
    reference.extend(atom(HOST_NODE));
    reference.extend(HOST_CREATION.to_be_bytes());
    for word in [131_071_u32, 3_200_000_000, 17] {
        reference.extend(word.to_be_bytes());
    }
    reference
}

fn atom(name: &str) -> Vec<u8> {
    let mut atom = vec![119, name.len() as u8];
    atom.extend(name.as_bytes());
    atom
}

/// A [`ping`] with `{Name, Number}` as the message, from another process: plain replies to one process come in order.
pub(crate) fn milliseconds(name: &[u8; 4], number: u32) -> Vec<u8> {
    let mut term = vec![104, 2, 119, 4];
    term.extend(name);
    term.push(98);
    term.extend(number.to_be_bytes());
    message("nil", CALLER + 1, &term)
}

/// Returns a frame with a term, without its version byte, from one of the generator's processes to a registered name.
pub(crate) fn message(name: &str, caller: u32, term: &[u8]) -> Vec<u8> {
    let mut body = vec![112, 131, 104, 4, 97, 6];
    body.extend(from(caller));
    body.extend([119, 0]);
    body.extend(atom(name));
    body.push(131);
    body.extend(term);
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

/// Whom `frame`, its length included, is sent to by SEND (2) or SEND_SENDER (22), and the payload with its version byte.
pub(crate) fn answer(frame: &[u8]) -> Option<(u32, &[u8])> {
    let control = frame.get(4..)?.strip_prefix(&[112, 131, 104, 3, 97])?;
    if !matches!(control.first(), Some(2 | 22)) {
        return None;
    }
    let pid = from(0);
    let (node, rest) = (&pid[..pid.len() - 12], &pid[pid.len() - 8..]);
    let place = control.windows(node.len()).take(300).position(|part| part == node)?;
    let (caller, control) = control[place + node.len()..].split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*caller), control.strip_prefix(rest)?))
}

/// `{pong, Binary}` as a node sends it to that process.
#[cfg(test)]
pub(crate) fn pong(caller: u32, binary: &[u8]) -> Vec<u8> {
    let mut body = vec![112, 131, 104, 3, 97, 2, 119, 0];
    body.extend(from(caller));
    body.push(131);
    body.extend(tagged(b"pong", binary));
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

/// Whether `frame` is `{pong, Binary}` sent to the pid of [`ping`], in whatever encoding of the atoms.
pub(crate) fn is_pong(frame: &[u8], binary: &[u8]) -> bool {
    // Everything after the atom `pong` is the same for every node.
    let tail = &tagged(b"pong", binary)[4..];
    let atoms: [&[u8]; 4] = [&[119, 4], &[118, 0, 4], &[100, 0, 4], &[115, 4]];
    answer(frame).is_some_and(|(caller, payload)| {
        caller == CALLER
            && atoms.iter().any(|atom| {
                let rest = payload.strip_prefix(&[131, 104, 2]);
                rest.and_then(|rest| rest.strip_prefix(*atom)) == Some(tail)
            })
    })
}

/// `{Name, Binary}` without the version byte; `name` has four letters.
fn tagged(name: &[u8; 4], binary: &[u8]) -> Vec<u8> {
    let mut term = vec![104, 2, 119, 4];
    term.extend(name);
    term.push(109);
    term.extend((binary.len() as u32).to_be_bytes());
    term.extend(binary);
    term
}

/// The caller's pid, NEW_PID_EXT.
fn from(caller: u32) -> Vec<u8> {
    let mut pid = vec![88];
    pid.extend(atom(HOST_NODE));
    pid.extend(caller.to_be_bytes());
    pid.extend(0_u32.to_be_bytes());
    pid.extend(HOST_CREATION.to_be_bytes());
    pid
}

/// Where the payload of a message begins, whose control tuple has pids, references and short atoms only; `start` is the place
/// of the tuple.
fn payload(frame: &[u8], start: usize) -> usize {
    let atom = |at: usize| 2 + usize::from(frame[at + 1]);
    let mut at = start + 2;
    for _ in 0..frame[start + 1] {
        at += match frame[at] {
            97 => 2,
            119 => atom(at),
            88 => 13 + atom(at + 1),
            90 => 7 + 4 * usize::from(frame[at + 2]) + atom(at + 3),
            tag => panic!("a term with the tag {tag} in a control message"),
        };
    }
    at
}

/// The same frame as it is where fragments were agreed on: with a header and without version bytes.
pub(crate) fn with_header(frame: &[u8]) -> Vec<u8> {
    let payload = payload(frame, 6);
    in_one(&[&[131, 68, 0], &frame[6..payload], &frame[payload + 1..]])
}

/// And back.
pub(crate) fn without_header(frame: &[u8]) -> Vec<u8> {
    let payload = payload(frame, 7);
    in_one(&[&[112, 131], &frame[7..payload], &[131], &frame[payload..]])
}

fn in_one(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32).to_be_bytes()[..], &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_put_in_front_and_taken_away() {
        for frame in [hello(), gen_call(b"hello")] {
            let header = with_header(&frame);
            assert_eq!((header.len(), &header[4..7]), (frame.len(), &[131, 68, 0][..]));
            assert_eq!(without_header(&header), frame);
        }
    }

    fn pong(op: u8, unused: &[u8], atom: &[u8], binary: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, 112, 131, 104, 3, 97, op];
        body.extend(unused);
        body.extend(from(CALLER));
        body.extend([131, 104, 2]);
        body.extend(atom);
        body.extend(&tagged(b"pong", binary)[4..]);
        body
    }

    const SENDER: [u8; 18] = *b"\x58\x77\x03n@h\0\0\0\x01\0\0\0\0\0\0\0\x04";

    #[test]
    fn every_encoding_of_a_pong_is_one() {
        assert!(is_pong(&pong(2, &[119, 0], &[119, 4], b"x"), b"x"));
        assert!(is_pong(&pong(2, &[100, 0, 0], &[100, 0, 4], b"x"), b"x"));
        assert!(is_pong(&pong(22, &SENDER, &[118, 0, 4], b"x"), b"x"));
    }

    #[test]
    fn other_answers_are_not() {
        assert!(!is_pong(&pong(2, &[119, 0], &[119, 4], b"y"), b"x"));
        assert!(!is_pong(&pong(6, &[119, 0], &[119, 4], b"x"), b"x"));
        assert!(!is_pong(&ping(b"x"), b"x"));
        assert!(!is_pong(&[], b"x"));
    }
}
