//! Terms between people and nodes: read from arguments, and printed as the user writes them.

mod answer;
mod argument;
mod identifiers;

pub(crate) use answer::{Answer, AnswerJson, micros};
pub(crate) use argument::{argument, argument_for_node, atom, brief, shown};
pub(crate) use identifiers::{Incarnation, complete};
