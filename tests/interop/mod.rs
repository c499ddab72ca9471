//! Rust nodes among BEAMs of every supported release: each case runs against OTP 23, the release of
//! this machine, OTP 27 and the newest one.

mod aliases;
mod breach;
mod calling_out;
mod calls;
mod citizens;
mod connections;
mod distribution_suite;
mod ei_suites;
mod forms;
mod fragments;
mod handshakes;
mod output;
mod raw;
mod sending;
mod starts;
mod terms;
mod ticks;
mod too_long;
mod traffic;
