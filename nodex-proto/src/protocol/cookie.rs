//! [`Cookie`].
use std::fmt;
use std::hint::black_box;

use md5::{Digest as _, Md5};
use thiserror::Error;

/// The shared secret of the nodes of a cluster. `Debug` does not show it.
///
/// A cookie is an atom on a BEAM, so it has 1 to 255 characters. Its digest is computed over Latin-1
/// (`dist_util:gen_digest/2`).
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(Box<[u8]>);

/// Why a text is not a valid cookie.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The text is empty.
    #[error("the cookie is empty")]
    Empty,
    /// The text is longer than an atom can be.
    #[error("the cookie has {length} characters, at most 255 are possible")]
    TooLong {
        /// The number of characters.
        length: usize,
    },
    /// A character is outside Latin-1, so a BEAM cannot compute the digest.
    #[error("the cookie has a character outside Latin-1 at position {at}")]
    NotLatin1 {
        /// The index of the character, from 0.
        at: usize,
    },
}

impl Cookie {
    /// Creates a cookie from its text. White space counts.
    ///
    /// # Errors
    /// Returns an error when the text is not a valid cookie.
    pub fn new(text: &str) -> Result<Cookie, CookieError> {
        let length = text.chars().count();
        if length == 0 {
            return Err(CookieError::Empty);
        }
        if length > 255 {
            return Err(CookieError::TooLong { length });
        }
        text.chars()
            .enumerate()
            .map(|(at, c)| u8::try_from(c).map_err(|_| CookieError::NotLatin1 { at }))
            .collect::<Result<Box<[u8]>, _>>()
            .map(Cookie)
    }

    /// Returns the text of the cookie, to pass it on.
    pub fn expose(&self) -> String {
        self.0.iter().map(|byte| char::from(*byte)).collect()
    }

    /// Returns the digest of a challenge: MD5 over the cookie and the challenge in decimal.
    pub fn digest(&self, challenge: u32) -> [u8; 16] {
        let mut md5 = Md5::new();
        md5.update(&self.0);
        md5.update(challenge.to_string());
        md5.finalize().into()
    }

    /// Returns whether `digest` answers `challenge`, in constant time.
    pub fn proves(&self, challenge: u32, digest: &[u8; 16]) -> bool {
        let expected = self.digest(challenge);
        let difference = expected.iter().zip(digest).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        black_box(difference) == 0
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_the_one_of_a_beam() {
        // erl -noshell -eval 'io:format("~w", [binary_to_list(erlang:md5([atom_to_list(secret)|integer_to_list(4294967295)]))]), halt().'
        let digest = [93, 253, 24, 30, 105, 170, 88, 124, 200, 18, 235, 51, 62, 101, 54, 182];
        let cookie = Cookie::new("secret").unwrap();
        assert_eq!(cookie.digest(u32::MAX), digest);
        assert!(cookie.proves(u32::MAX, &digest));
        for bit in 0..128 {
            let mut wrong = digest;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!cookie.proves(u32::MAX, &wrong));
        }
    }

    #[test]
    fn a_cookie_is_latin1_of_1_to_255_characters() {
        assert_eq!(Cookie::new(""), Err(CookieError::Empty));
        assert_eq!(Cookie::new(&"a".repeat(256)), Err(CookieError::TooLong { length: 256 }));
        assert_eq!(Cookie::new("ab\u{20ac}"), Err(CookieError::NotLatin1 { at: 2 }));
        assert_eq!(&*Cookie::new("k\u{e9}ks").unwrap().0, b"k\xe9ks");
        assert_eq!(Cookie::new("k\u{e9}ks").unwrap().expose(), "k\u{e9}ks");
        assert_eq!(format!("{:?}", Cookie::new("secret").unwrap()), "Cookie(..)");
    }
}
