//! Erlang nodes written in Rust: ordinary functions become a node executable that an Elixir or Erlang host starts,
//! calls and watches as it does a C node.

// The paths that the macros write, `::nodex::..`, work in here too.
extern crate self as nodex;

#[cfg(feature = "eetf")]
pub use nodex_core::eetf;
pub use nodex_core::{Bytes, atom, duration, epmd, error, etf, net, node, protocol, random, reply, term, text};
pub use nodex_macros::{cnode_handler, main};

#[doc(no_inline)]
pub use convert::{FromTerm, IntoTerm};

/// Rust values from terms and to terms, straight from and to encoded bytes; `FromTerm` and `IntoTerm` can be derived.
pub mod convert {
    pub use nodex_core::convert::*;
    pub use nodex_macros::{FromTerm, IntoTerm};
}

/// What a node usually needs.
pub mod prelude {
    pub use crate::{
        Bytes, atom, cnode_handler,
        convert::{FromTerm, IntoTerm},
        node::{Caller, Context, NoReply, Service, State},
        term::{Atom, Pid, Port, RawTerm, Reference, Term},
    };
}

/// What the macros write paths to. Not for use by hand, and free to change.
#[doc(hidden)]
pub mod __private {
    pub use nodex_core::{convert, duration, etf, node, term};
}

/// The code blocks of the pages are compiled and run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/command.md")]
    mod command {}
    #[doc = include_str!("../docs/fleet.md")]
    mod fleet {}
    #[doc = include_str!("../docs/elixir.md")]
    mod elixir {}
    #[doc = include_str!("../docs/from-c-node.md")]
    mod from_c_node {}
    #[doc = include_str!("../docs/from-nodex.md")]
    mod from_nodex {}
    #[doc = include_str!("../docs/guarantees.md")]
    mod guarantees {}
    #[doc = include_str!("../docs/operating.md")]
    mod operating {}
    #[doc = include_str!("../docs/performance.md")]
    mod performance {}
    #[doc = include_str!("../docs/protocol.md")]
    mod protocol {}
    #[doc = include_str!("../docs/style.md")]
    mod style {}
    #[doc = include_str!("../docs/types.md")]
    mod types {}
    #[doc = include_str!("../src/README.md")]
    mod facade {}
    #[doc = include_str!("../nodex-proto/README.md")]
    mod proto {}
    #[doc = include_str!("../nodex-core/README.md")]
    mod core {}
    #[doc = include_str!("../nodex-macros/README.md")]
    mod macros {}
    #[doc = include_str!("../nodex-host/README.md")]
    mod host {}
    #[doc = include_str!("../nodex-cli/README.md")]
    mod cli {}
    #[doc = include_str!("../benches/wire/README.md")]
    mod bench {}
}
