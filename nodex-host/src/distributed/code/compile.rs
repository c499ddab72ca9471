//! Compiling at run time, in a BEAM.

use std::{fmt, time::Duration};

use bytes::Bytes;
use nodex_core::{
    atom,
    convert::{Charlist, DecodeError, FromTerm},
    etf::Decoder,
    node::{NameError, NodeName, RpcError},
    term::{Atom, RawTerm},
};
use thiserror::Error;

use super::ObjectCode;
use crate::distributed::{Distributed, rpc::checked};

/// Why source code was not compiled.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The source is not correct Erlang.
    #[error("{}", lines(errors))]
    Erlang {
        /// The errors of the compiler; at least one.
        errors: Vec<SourceError>,
    },
    /// The source is not correct Elixir.
    #[error("{message}")]
    Elixir {
        /// The message of the exception. Elixir 1.15 and later print the details to the stderr of the node.
        message: String,
    },
    /// The node could not be called, or has no compiler.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// An error of the Erlang compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceError {
    /// The line, from 1, if it has one.
    pub line: Option<u32>,
    /// The column, from 1, if the release reports it.
    pub column: Option<u32>,
    /// The text.
    pub text: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "{line}:{column}: {}", self.text),
            (Some(line), None) => write!(f, "{line}: {}", self.text),
            _ => f.write_str(&self.text),
        }
    }
}

fn lines(errors: &[SourceError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Distributed {
    /// Compiles a module written in Erlang in the BEAM `node`, without loading it. Each call to the BEAM may take
    /// `limit`.
    ///
    /// There is no preprocessor: `-include`, `-define` and `?MACRO` are not supported. Use `erlc` and
    /// [`ObjectCode::read`] for these.
    ///
    /// # Errors
    /// Returns the errors of the compiler, or an error when the node cannot be called.
    pub async fn compile_erlang(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        source: &str,
        limit: Duration,
    ) -> Result<ObjectCode, CompileError> {
        let node = &checked(node)?;
        let compiler = Compiler { net: self, node, limit };
        let source = Charlist::from(source);
        let Answer(scanned) = self.rpc(node, "erl_scan", "string", &[&source, &1], limit).await?;
        let tokens = match scanned {
            Ok(parts) => read::<Vec<RawTerm>>(&parts.first)?,
            Err(parts) => return Err(compiler.explain(vec![parts.first]).await?),
        };
        let mut forms = Vec::new();
        for form in tokens.split_inclusive(is_dot) {
            let Answer(parsed) = self.rpc(node, "erl_parse", "parse_form", &[&form], limit).await?;
            match parsed {
                Ok(parts) => forms.push(parts.first),
                Err(parts) => return Err(compiler.explain(vec![parts.first]).await?),
            }
        }
        if forms.is_empty() {
            let text = "the source has no module definition".to_owned();
            return Err(CompileError::Erlang { errors: vec![SourceError { line: None, column: None, text }] });
        }
        let options = [atom!("return")];
        let Answer(compiled) = self.rpc(node, "compile", "forms", &[&forms, &options], limit).await?;
        match compiled {
            Ok(parts) => {
                let missing = || DecodeError::mismatch("{ok, Module, Binary}", "a shorter tuple");
                let binary = parts.second.ok_or_else(|| RpcError::unexpected(missing(), parts.first.clone()))?;
                let (module, binary) = (read::<Atom>(&parts.first)?, read::<Bytes>(&binary)?);
                let file = format!("{module}.beam").into();
                Ok(ObjectCode { module, binary, file })
            }
            Err(parts) => {
                let files = read::<Vec<(RawTerm, Vec<RawTerm>)>>(&parts.first)?;
                Err(compiler.explain(files.into_iter().flat_map(|(_, errors)| errors).collect()).await?)
            }
        }
    }

    /// Compiles modules written in Elixir in the BEAM `node`, with `Code.compile_string/2`, which also loads them. The
    /// application `elixir` must be started there.
    ///
    /// # Errors
    /// Returns the error of the compiler, or an error when the node cannot be called.
    pub async fn compile_elixir(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        source: &str,
        limit: Duration,
    ) -> Result<Vec<ObjectCode>, CompileError> {
        let node = &checked(node)?;
        let compiled: Result<Vec<(Atom, Bytes)>, RpcError> =
            self.rpc(node, "Elixir.Code", "compile_string", &[&source, &"nofile"], limit).await;
        match compiled {
            Ok(modules) => {
                let code = |(module, binary)| ObjectCode { file: format!("{module}.beam").into(), module, binary };
                Ok(modules.into_iter().map(code).collect())
            }
            Err(RpcError::Error { reason, .. }) if is_exception(&reason) => {
                let message = self.rpc(node, "Elixir.Exception", "message", &[&reason], limit).await?;
                Err(CompileError::Elixir { message })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns whether a reason is an exception of Elixir, and not an atom such as `undef`.
fn is_exception(reason: &RawTerm) -> bool {
    Decoder::new(reason.as_bytes()).map().is_ok()
}

/// `{dot, Location}`.
fn is_dot(token: &RawTerm) -> bool {
    token.decode::<(Atom, RawTerm)>().is_ok_and(|(kind, _)| kind == "dot")
}

/// Returns a part of an answer.
fn read<T: FromTerm>(part: &RawTerm) -> Result<T, RpcError> {
    part.decode().map_err(|error| RpcError::unexpected(error, part.clone()))
}

/// `{ok, Parts..}` or `{error, Parts..}`.
struct Answer(Result<Parts, Parts>);

/// What is behind the first element of an answer.
struct Parts {
    first: RawTerm,
    second: Option<RawTerm>,
}

impl FromTerm for Answer {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let arity = decoder.tuple()?;
        if arity < 2 {
            return Err(DecodeError::mismatch("{ok, ..} or {error, ..}", "a shorter tuple"));
        }
        let outcome = decoder.atom()?;
        let first = decoder.raw()?;
        let second = if arity > 2 { Some(decoder.raw()?) } else { None };
        (3..arity).try_for_each(|_| decoder.skip().map(drop))?;
        let parts = Parts { first, second };
        Ok(Answer(if outcome == "ok" { Ok(parts) } else { Err(parts) }))
    }
}

/// The node whose compiler formats its errors.
struct Compiler<'a> {
    net: &'a Distributed,
    node: &'a NodeName,
    limit: Duration,
}

impl Compiler<'_> {
    /// Formats errors `{Location, Module, Descriptor}`, or without a location, with their module.
    async fn explain(&self, errors: Vec<RawTerm>) -> Result<CompileError, RpcError> {
        let mut explained = Vec::new();
        for error in errors {
            let (place, module, what) = match error.decode::<(RawTerm, Atom, RawTerm)>() {
                Ok(parts) => parts,
                Err(_) => {
                    let (module, what) = read::<(Atom, RawTerm)>(&error)?;
                    (what.clone(), module, what)
                }
            };
            let (line, column) = match place.decode::<(u32, u32)>() {
                Ok((line, column)) => (Some(line), Some(column)),
                Err(_) => (place.decode().ok(), None),
            };
            let words: RawTerm = self.net.rpc(self.node, &module, "format_error", &[&what], self.limit).await?;
            let text = self.net.rpc(self.node, "unicode", "characters_to_binary", &[&words], self.limit).await?;
            explained.push(SourceError { line, column, text });
        }
        Ok(CompileError::Erlang { errors: explained })
    }
}
