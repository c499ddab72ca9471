//! [`Syntax`].

/// The language in which terms are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syntax {
    /// As `io:format("~0tp")` prints and `erl_parse` reads: `"x"` is a list of characters.
    #[default]
    Erlang,
    /// As `inspect` prints and Elixir reads: `"x"` is a binary. (`'x'` is an atom here, unlike in Elixir.)
    Elixir,
}
