//! The two languages.

/// The language that terms are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syntax {
    /// As `io:format("~0tp")` prints and `erl_parse` reads: `"x"` is a list of characters.
    #[default]
    Erlang,
    /// As `inspect` prints and Elixir reads: `"x"` is a binary. Differs from it in `'x'`, which is an atom here too.
    Elixir,
}
