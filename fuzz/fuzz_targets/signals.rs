#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| nodex_fuzz::targets::run("signals", input));
