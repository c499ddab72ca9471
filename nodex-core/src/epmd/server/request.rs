//! Requests on the wire: two bytes of length, one byte for the kind, the rest.
use crate::epmd::Entry;

/// The longest request in bytes, without its length, as in `epmd_srv.c`.
pub(super) const MAX_REQUEST: usize = 3057;

/// The longest name and the longest extra field in bytes: 255 characters of four bytes.
const MAX_SYMBOL: usize = 255 * 4;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `120 Port:16 Type:8 Protocol:8 Highest:16 Lowest:16 Nlen:16 Name Elen:16 Extra`
    Register(Entry),
    /// A registration that is answered with an error, for a node that speaks this version.
    RegisterBadName { highest_version: u16 },
    /// `122 Name`
    Port(String),
    /// `110`
    Names,
    /// `100`
    Dump,
    /// `107`
    Kill,
    /// `115 Name`
    Stop(String),
}

impl Request {
    /// Reads a request without its length. `None` has no answer.
    pub(crate) fn read(bytes: &[u8]) -> Option<Request> {
        let (tag, rest) = bytes.split_first()?;
        match tag {
            b'x' => register(rest),
            b'z' => {
                // Some clients end the name with a zero byte.
                let name = rest.strip_suffix(b"\0").unwrap_or(rest);
                name_of(name).map(Request::Port)
            }
            b'n' => Some(Request::Names),
            b'd' => Some(Request::Dump),
            b'k' => Some(Request::Kill),
            b's' => name_of(rest).map(Request::Stop),
            _ => None,
        }
    }
}

fn register(bytes: &[u8]) -> Option<Request> {
    let (head, rest) = bytes.split_first_chunk::<10>()?;
    let [port @ .., node_type, protocol, h1, h2, l1, l2, n1, n2] = *head;
    let (name, rest) = rest.split_at_checked(u16::from_be_bytes([n1, n2]).into())?;
    let (extra_length, rest) = rest.split_first_chunk::<2>()?;
    // What follows the extra field is ignored, as epmd does.
    let extra = rest.get(..u16::from_be_bytes(*extra_length).into())?;
    if name.is_empty() || name.contains(&0) {
        return None;
    }
    let highest_version = u16::from_be_bytes([h1, h2]);
    let Some(name) = name_of(name).filter(|_| extra.len() <= MAX_SYMBOL) else {
        return Some(Request::RegisterBadName { highest_version });
    };
    Some(Request::Register(Entry {
        name,
        port: u16::from_be_bytes(port),
        node_type,
        protocol,
        highest_version,
        lowest_version: u16::from_be_bytes([l1, l2]),
        extra: extra.to_vec(),
    }))
}

/// Returns a name of 1 to 255 characters in valid UTF-8 without zero bytes.
fn name_of(bytes: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bytes).ok()?;
    let usable = !name.is_empty() && !name.contains('\0') && name.chars().count() <= 255;
    usable.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `erl -name a@127.0.0.1` of OTP 25 sends, recorded by a listening socket in place of epmd.
    const BEAM: &[u8] = b"x\xa4\x0fM\0\0\x06\0\x05\0\x01a\0\0";
    /// What `ei_publish` of OTP 25 sends for port 4711, recorded in the same way.
    const EI: &[u8] = b"x\x12gh\0\0\x06\0\x06\0\x01c\0\0";

    #[test]
    fn registrations_are_read_or_refused_at_every_cut() {
        let Some(Request::Register(entry)) = Request::read(BEAM) else { panic!() };
        assert_eq!((entry.name.as_str(), entry.port, entry.node_type), ("a", 0xA40F, 77));
        assert_eq!((entry.highest_version, entry.lowest_version, entry.protocol), (6, 5, 0));
        assert_eq!(Request::read(EI), Some(Request::Register(Entry::hidden("c", 4711))));
        for cut in 0..BEAM.len() {
            assert_eq!(Request::read(&BEAM[..cut]), None);
        }
        assert!(matches!(Request::read(&[BEAM, b"more"].concat()), Some(Request::Register(_))));
    }

    #[test]
    fn names_have_one_to_255_characters() {
        let register = |name: &[u8], extra: usize| {
            let mut bytes = b"x\xa2\xc3M\0\0\x06\0\x05".to_vec();
            bytes.extend((name.len() as u16).to_be_bytes());
            bytes.extend(name);
            bytes.extend((extra as u16).to_be_bytes());
            bytes.extend(vec![0; extra]);
            Request::read(&bytes)
        };
        let bad = Some(Request::RegisterBadName { highest_version: 6 });
        assert!(matches!(register("\u{1f608}".repeat(255).as_bytes(), 1020), Some(Request::Register(_))));
        assert_eq!(register("\u{1f608}".repeat(256).as_bytes(), 0), bad);
        assert_eq!(register(b"\xff", 0), bad);
        assert_eq!(register(b"a", 1021), bad);
        assert_eq!(register(b"a\0b", 0), None);
        assert_eq!(register(b"", 5), None);
        assert_eq!(Request::read(b"zfoo\0"), Some(Request::Port("foo".into())));
        assert_eq!(Request::read(b"zf\0oo"), None);
        assert_eq!(Request::read(b"z"), None);
        assert_eq!(Request::read(b"z\xff"), None);
        assert_eq!(Request::read(b"Q"), None);
        assert_eq!(Request::read(b""), None);
    }
}
