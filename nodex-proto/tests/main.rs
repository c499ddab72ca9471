//! The tests of the library without outside programs, in one program. Tests that change or count what belongs to a whole
//! process are programs of their own; see CONTRIBUTING.md.

mod etf_beam;

mod convert_many;
mod convert_types;
mod describe;
mod differential;
mod dist_control;
mod dist_control_vectors;
mod etf_encoder;
mod etf_mutation;
mod etf_proptest;
mod etf_records;
mod etf_term_macro;
mod etf_vectors;
mod fragment_vectors;
mod handshake_pair;
mod handshake_vectors;
mod term_text;
