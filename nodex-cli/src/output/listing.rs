//! Names in a sentence.

use std::fmt::Display;

/// The number of entries that are printed.
const LISTED: usize = 12;

/// Names with commas, or the first of them and how many there are more.
pub(crate) fn listing<T: Display>(names: impl ExactSizeIterator<Item = T>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let told: Vec<_> = names.take(LISTED).map(|name| name.to_string()).collect();
    let told = told.join(", ");
    if more > 0 { format!("{told} and {more} more") } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_told() {
        assert_eq!(listing(["a", "b"].iter()), "a, b");
        assert_eq!(listing(0..14), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more");
    }
}
