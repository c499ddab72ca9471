//! Advice for start errors.

use super::SpawnError;
use crate::process::LaunchError;

impl SpawnError {
    /// Returns a sentence of advice for the person who configured the node.
    pub fn advice(&self) -> &'static str {
        match self {
            SpawnError::InvalidName { .. } => {
                "choose a name of letters, digits, `_` and `-`, and a host name or address that has no other characters \
                 than ASCII"
            }
            SpawnError::ImpossibleReadyLine { .. } => "set `ready_line` to one whole line that the node prints",
            SpawnError::NameOfHost { .. } => "give the node another `sname` than its host has",
            SpawnError::Launch(error) => launch(error),
            SpawnError::Output { .. } => "look at the limits of open files of this program (`ulimit -n`)",
            SpawnError::UnexpectedExit { printed, .. } if printed.is_empty() => {
                "run the executable by hand with the same arguments; it printed nothing before it ended"
            }
            SpawnError::UnexpectedExit { .. } => {
                "what the node printed says why it ended; mend that and start it again"
            }
            SpawnError::InactiveTimeout { .. } => {
                "if it needs longer, have it print a line now and then or raise `spawn_inactive_timeout`; if it says in other \
                 words that it is ready, set `ready_line`"
            }
            SpawnError::NoConnection { .. } => {
                "have the node connect to its host before it says that it is ready; if it listens instead, it has to \
                 register in the epmd that `ERL_EPMD_PORT` names"
            }
            SpawnError::NotReachable { .. } => {
                "see that its cookie and its capabilities are those of this host, and that it listens where it registers"
            }
            SpawnError::Order { .. } => "look at the values that it is to be given; one of them is no term",
            SpawnError::NameTaken { .. } => "end the node that has this name, or give it the cookie of this host",
            SpawnError::Cancelled { .. } => "nothing: it was called off",
            SpawnError::StartTimeout { .. } => {
                "if it needs longer, raise `start_timeout`; if it says in other words that it is ready, set `ready_line`"
            }
        }
    }
}

fn launch(error: &LaunchError) -> &'static str {
    match error {
        LaunchError::NotFound { .. } => "build or install it, or correct the path; it is not looked up in `PATH`",
        LaunchError::NotInPath { .. } => "install it, or give its path",
        LaunchError::IsDirectory { .. } => "give the path of the executable inside of it",
        LaunchError::NotExecutable { .. } => {
            "set its mode with `chmod +x`, and look at the mount options of its file system"
        }
        LaunchError::NoInterpreter { .. } => "install the interpreter, or build the executable for this system",
        LaunchError::WorkingDirectory { .. } => "create the working directory, or set another `cwd`",
        LaunchError::Refused { .. } => "look at the limits of this user (`ulimit -a`) and at what the file is made for",
        LaunchError::NoWarden { .. } => "look at the limit of threads of this user (`ulimit -u`)",
    }
}
