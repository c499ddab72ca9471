//! The four arguments of a node executable.

use std::{ffi::OsString, path::PathBuf};

use super::{
    cookie::{CookieSource, CookieSourceError},
    mark,
};
use crate::protocol::{
    Cookie,
    handshake::{NameProblem, check_node_name, check_own_name},
};

/// What a host passes to a node executable: `<sname> <hostname> <cookie> <tname>`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arguments {
    /// The name of this node, the part before the `@`.
    pub sname: String,
    /// The host of both nodes.
    pub hostname: String,
    /// The cookie. With `-` in the arguments it is read from the environment or a file.
    pub cookie: Cookie,
    /// The name of the host's node, the part before the `@`.
    pub tname: String,
}

/// Why arguments cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// There are not four arguments, or help was asked for.
    #[error("four arguments are expected")]
    Usage,
    /// An argument is not valid UTF-8.
    #[error("argument {position} is no valid UTF-8: {value:?}")]
    NotUtf8 {
        /// Which argument, from 1.
        position: usize,
        /// Its value.
        value: OsString,
    },
    /// A name is not a valid node name.
    #[error("the node name {name:?} is not acceptable")]
    Name {
        /// The full name.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// The node has the name of its host.
    #[error(
        "the node cannot have the name of its host, {name:?}: the first argument is its own name, the last one its host's"
    )]
    NameOfHost {
        /// The full name of both.
        name: String,
    },
    /// There is no usable cookie.
    #[error(transparent)]
    Cookie(#[from] CookieSourceError),
}

impl Arguments {
    /// Reads the arguments, without the name of the program.
    ///
    /// # Errors
    /// Returns [`ArgumentError::Usage`] for any number other than four and for `-h` or `--help`, and another error when
    /// an argument is not valid.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentError> {
        // A host can see that `-` is understood here.
        mark::carry();
        let arguments: Vec<OsString> = arguments.into_iter().take(5).collect();
        if arguments.len() != 4 || arguments.iter().any(|argument| argument == "-h" || argument == "--help") {
            return Err(ArgumentError::Usage);
        }
        let mut texts = Vec::with_capacity(4);
        for (position, argument) in arguments.into_iter().enumerate() {
            texts.push(
                argument.into_string().map_err(|value| ArgumentError::NotUtf8 { position: position + 1, value })?,
            );
        }
        let [sname, hostname, cookie, tname]: [String; 4] = texts.try_into().map_err(|_| ArgumentError::Usage)?;
        let (name, target) = (format!("{sname}@{hostname}"), format!("{tname}@{hostname}"));
        check_own_name(&name).map_err(|problem| ArgumentError::Name { name: name.clone(), problem })?;
        if let Err(problem) = check_node_name(target.as_bytes()) {
            return Err(ArgumentError::Name { name: target, problem });
        }
        if name == target {
            return Err(ArgumentError::NameOfHost { name });
        }
        let cookie = match cookie.as_str() {
            "-" => CookieSource::default().read()?,
            text => Cookie::new(text).map_err(CookieSourceError::Argument)?,
        };
        Ok(Arguments { sname, hostname, cookie, tname })
    }

    /// Returns the name of this node, `sname@hostname`.
    pub fn name(&self) -> String {
        format!("{}@{}", self.sname, self.hostname)
    }

    /// Returns the name of the host's node, `tname@hostname`.
    pub fn target(&self) -> String {
        format!("{}@{}", self.tname, self.hostname)
    }
}

/// Returns the usage text.
pub(in crate::node) fn usage(program: &str) -> String {
    let program = PathBuf::from(program);
    let program = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    format!(
        "usage: {program} <sname> <hostname> <cookie> <tname>\n\
         \n\
         Joins <tname>@<hostname> as the hidden Erlang node <sname>@<hostname>.\n\
         \n\
         A cookie of - is read from NODEX_COOKIE, RELEASE_COOKIE, the file that NODEX_COOKIE_FILE names,\n\
         ~/.erlang.cookie or $XDG_CONFIG_HOME/erlang/.erlang.cookie, the first that is there.\n\
         NODEX_LOG=debug (or another level) has the node log to stderr."
    )
}
