//! The tests of the library without outside programs, in one program. Tests that change or count what belongs to a whole
//! process are programs of their own; see CONTRIBUTING.md.

mod calls;
mod differential;
mod endings;
mod epmd_client;
mod epmd_server;
mod fragments;
mod given_names;
mod hostile_corpus;
mod readers;
mod replies;
