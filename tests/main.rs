//! The tests of the whole, in one program: linking one is cheaper than linking twenty, and they share what they need.
//! Tests that change or count what belongs to a whole process are programs of their own; see CONTRIBUTING.md.

mod adversary;
mod support;

mod contract;
mod describe;
mod elixir;
mod elixir_package;
mod epmd_beam;
mod faults;
mod handshake_beam;
mod hostile;
mod hostile_host;
mod hostile_link;
mod hostile_listen;
mod hostile_memory;
mod interop;
mod lifetime;
mod macros_derive;
mod macros_handlers;
mod neighbours;
mod project;
mod ui;
