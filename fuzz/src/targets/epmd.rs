//! Both ends of epmd's protocol.

use nodex_core::epmd::memory;

pub(super) fn client(input: &[u8]) {
    memory::client(input);
}

pub(super) fn server(input: &[u8]) {
    let read = memory::server(input);
    // Only a name can make an answer long.
    assert!(read.is_none_or(|text| text.len() <= 200 + 10 * input.len()));
}
