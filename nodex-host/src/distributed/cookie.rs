//! The default cookie of a host.

use nodex_core::{
    node::{CookieSource, CookieSourceError},
    protocol::Cookie,
    random,
};

use super::UpError;

/// Cookies from tutorials, and the default of a BEAM without a cookie file.
const GUESSABLE: [&str; 10] =
    ["nocookie", "cookie", "mycookie", "my_cookie", "secret", "erlang", "elixir", "monster", "test", "changeme"];

/// The shortest cookie that is accepted from the environment or a file.
const SHORTEST: usize = 6;

/// Returns the cookie of the environment or the user's file, or a random one.
pub(super) fn default() -> Result<Cookie, UpError> {
    match CookieSource::default().read() {
        Ok(cookie) if is_guessable(&cookie.expose()) => Err(UpError::GuessableCookie),
        Ok(cookie) => Ok(cookie),
        Err(CookieSourceError::None) => random_cookie(),
        Err(error) => Err(error.into()),
    }
}

fn is_guessable(text: &str) -> bool {
    text.len() < SHORTEST || GUESSABLE.contains(&text.to_lowercase().as_str())
}

/// Returns a cookie of twenty random letters, as a BEAM makes for a user without a cookie file.
///
/// # Errors
/// Returns an error when the operating system has no random numbers.
pub fn random_cookie() -> Result<Cookie, UpError> {
    let mut bytes = [0u8; 20];
    random::fill(&mut bytes).map_err(|source| UpError::NoRandomCookie { source })?;
    let letters: String = bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect();
    Ok(Cookie::new(&letters)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_cookies_differ_and_are_not_guessable() {
        let (one, two) = (random_cookie().unwrap().expose(), random_cookie().unwrap().expose());
        assert_ne!(one, two);
        assert!(one.len() == 20 && one.bytes().all(|byte| byte.is_ascii_uppercase()), "{one}");
        assert!(!is_guessable(&one));
    }

    #[test]
    fn guessable_cookies() {
        for cookie in ["nocookie", "Secret", "a", "12345"] {
            assert!(is_guessable(cookie), "{cookie}");
        }
        assert!(!is_guessable("XYZZYPLUGHPLOVER"));
    }
}
