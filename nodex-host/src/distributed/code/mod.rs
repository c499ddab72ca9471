//! Code for BEAMs: compiled modules, loading, and compiling at run time.

mod beam_file;
mod compile;
mod load;

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
pub use compile::{CompileError, SourceError};
pub use load::{LoadError, LoadProblem};
use nodex_core::{
    convert::{Charlist, DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError, Encoder},
    term::Atom,
};
use thiserror::Error;

/// The largest file that is read as a compiled module.
const LARGEST: u64 = 64 << 20;

/// A compiled module, as `code:get_object_code/1` returns it. As a term it is `{Module, Binary, File}`.
#[doc(alias = "load_object_code")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCode {
    /// Its name.
    pub module: Atom,
    /// The content of a `.beam` file.
    pub binary: Bytes,
    /// The file that it is from, which `code:which/1` returns.
    pub file: PathBuf,
}

/// Why bytes are not a compiled module.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ObjectCodeError {
    /// The file cannot be read.
    #[error("{} cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The bytes are not a compiled module.
    #[error("{} is no compiled Erlang module: {problem}", file.display())]
    NotBeam {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl ObjectCode {
    /// Reads a `.beam` file, as `erlc` and `elixirc` write it.
    ///
    /// # Errors
    /// Returns an error when the file cannot be read, or is not a compiled module. Whether a release of OTP accepts it
    /// is known when it is loaded.
    #[doc(alias = "load_object_code")]
    pub fn read(file: impl AsRef<Path>) -> Result<ObjectCode, ObjectCodeError> {
        let file = file.as_ref();
        let read = || {
            let file = std::path::absolute(file)?;
            let mut binary = Vec::new();
            File::open(&file)?.take(LARGEST + 1).read_to_end(&mut binary)?;
            Ok((file, binary))
        };
        let (file, binary) = read().map_err(|source| ObjectCodeError::Read { file: file.to_owned(), source })?;
        if binary.len() as u64 > LARGEST {
            return Err(ObjectCodeError::NotBeam { file, problem: "it has more than 64 MiB" });
        }
        ObjectCode::new(binary, file)
    }

    /// Creates object code from bytes in memory. `file` is reported as its origin, and need not exist.
    ///
    /// # Errors
    /// Returns an error when the bytes are not a compiled module.
    pub fn new(binary: impl Into<Bytes>, file: impl Into<PathBuf>) -> Result<ObjectCode, ObjectCodeError> {
        let (binary, file) = (binary.into(), file.into());
        match beam_file::module(&binary, &file) {
            Ok(module) => Ok(ObjectCode { module, binary, file }),
            Err(problem) => Err(ObjectCodeError::NotBeam { file, problem }),
        }
    }

    /// Returns the file as Erlang has it.
    fn file_name(&self) -> Charlist {
        Charlist(self.file.to_string_lossy().into_owned())
    }
}

impl IntoTerm for ObjectCode {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (&self.module, &self.binary, self.file_name()).encode(encoder)
    }
}

impl FromTerm for ObjectCode {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (module, binary, file) = <(Atom, Bytes, Charlist)>::decode(decoder)?;
        Ok(ObjectCode { module, binary, file: file.0.into() })
    }
}
