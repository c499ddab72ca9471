//! The input for the stdin of a slave: one packet with a length of four bytes, as `boot.erl` reads it.

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _, path::PathBuf, time::Duration};

use nodex_core::{
    atom,
    convert::{Binary, term_to_binary},
    etf::EncodeError,
    term::{Atom, AtomError},
};
use thiserror::Error;

use super::super::{Environment, UpError, random_cookie};
use crate::cnode::HostNode;

const GUARD: &str = include_str!("guard.sh");

/// Why the input for a slave cannot be written.
#[derive(Debug, Error)]
pub(super) enum OrderError {
    #[error(transparent)]
    Atom(#[from] AtomError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Secret(#[from] UpError),
}

/// The data that a slave needs.
pub(super) struct Order<'a> {
    pub(super) host: &'a HostNode,
    pub(super) home: Option<OsString>,
    pub(super) grace: Duration,
    pub(super) code_path: &'a [PathBuf],
    pub(super) more_code_paths: &'a [PathBuf],
    pub(super) environment: &'a Environment,
    pub(super) applications: &'a [Atom],
    pub(super) mark: String,
}

impl Order<'_> {
    pub(super) fn packet(self, node: &str) -> Result<Vec<u8>, OrderError> {
        let paths = |paths: &[PathBuf]| -> Vec<Binary> {
            paths.iter().map(|path| path.as_os_str().as_bytes().into()).collect()
        };
        let has_domain = self.host.hostname().contains(['.', ':']);
        let term = term_to_binary(&(
            Atom::new(node)?,
            if has_domain { atom!("longnames") } else { atom!("shortnames") },
            Atom::new(self.host.cookie())?,
            random_cookie()?.expose(),
            self.home.map(|home| Binary::from(home.as_bytes())),
            u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX).min(LONGEST_GRACE),
            paths(self.code_path),
            paths(self.more_code_paths),
            self.environment,
            self.applications,
            self.mark,
            GUARD,
        ))?;
        // A term of 4 GiB fails to be encoded before.
        let length = u32::try_from(term.len()).unwrap_or(u32::MAX);
        Ok([&length.to_be_bytes()[..], &term].concat())
    }
}

/// The longest time that Erlang's `receive .. after` takes, in milliseconds.
const LONGEST_GRACE: u64 = 0xffff_ffff;
