//! Fleets: `nodex up`, the commands that look after one, and those who want to get at one.

mod apart;
mod control;
mod cookie;
mod escapes;
mod file;
mod files;
mod up;
