//! Fleets: nodes that a file lists, run by `nodex up` and looked after by the other commands through its control socket.
//!
//! ```text
//! nodex.toml ──file──▶ Fleet ──up──▶ Supervisor ──events──▶ board ◀── server ◀══ control socket ══ client
//!                                        ▲                    │          │
//!                                        └──── restart, stop ─┼──────────┘
//!                                                             └──▶ stdout, log files
//! ```

mod board;
mod claim;
mod client;
mod drain;
pub(crate) mod file;
mod log_files;
mod notify;
mod place;
mod private;
mod ring;
mod server;
mod signals;
mod teller;
mod told;
mod up;
mod usage;
mod wire;

pub(crate) use client::{Control, FileArg};
pub(crate) use told::shown;
pub(crate) use up::up;
pub(crate) use wire::{Ask, FleetInfo, NodeInfo, Reply};
