//! The tests of the command, in one program: each runs `nodex` as its users do.

mod support;

mod bench;
mod big_answers;
mod check;
mod demo;
mod doctor;
mod durations;
mod epmd;
mod fleet;
mod help;
mod identity;
mod inspect;
mod listen;
mod new;
mod page;
mod run;
mod surroundings;
mod talk;
mod untrusted;
