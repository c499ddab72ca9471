//! The tests of the host, in one program. Tests that change or count what belongs to a whole process are programs of their
//! own; see CONTRIBUTING.md.

#[macro_use]
mod support;

mod apart;
mod as_nodex;
mod bad_input;
mod causes;
mod cnode;
mod cookie;
mod distributed;
mod faults;
mod misbehaving;
mod pool;
mod slave_code;
mod slaves;
mod start;
mod stop;
mod supervisor;
mod typed_errors;
