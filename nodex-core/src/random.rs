//! Random numbers from the operating system.

use std::{
    io, process,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Fills `bytes` with secure random numbers, for cookies and other secrets.
///
/// ```
/// let (mut one, mut two) = ([0; 16], [0; 16]);
/// nodex_core::random::fill(&mut one)?;
/// nodex_core::random::fill(&mut two)?;
/// assert_ne!(one, two);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error when the system has no random numbers.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(NoRandom(error.into())))
}

/// What the system says when it has none.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random numbers")]
struct NoRandom(#[source] io::Error);

/// Returns a secure random number, for the challenge of a handshake.
///
/// # Errors
/// Returns an error when the system has no random numbers.
pub fn challenge() -> io::Result<u32> {
    let mut bytes = [0; 4];
    fill(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

/// Returns a number that only needs to differ: for pauses and creations. If the system has no random numbers, it is
/// made from the time.
pub fn any() -> u64 {
    let mut bytes = [0; 8];
    match fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => of_the_time(),
    }
}

fn of_the_time() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // An odd factor spreads what differs over all bits.
    (nanoseconds ^ u64::from(process::id()) << 32).wrapping_add(count).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_differ_whether_the_system_has_some_or_not() {
        for source in [any, of_the_time] {
            let all: HashSet<u64> = (0..1000).map(|_| source()).collect();
            assert_eq!(all.len(), 1000);
            // Not only in some of their bits.
            let (ones, zeros) = all.iter().fold((0, 0), |(ones, zeros), number| (ones | number, zeros | !number));
            assert_eq!((ones, zeros), (u64::MAX, u64::MAX));
        }
        assert_ne!(challenge().unwrap(), challenge().unwrap());
    }
}
