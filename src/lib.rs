//! Nodes of an Erlang or Elixir cluster, written in Rust.
//!
//! [`cnode_handler`] makes a function, or the methods of a type, answer messages. [`main!`] makes them a node
//! executable, which an Erlang or Elixir host starts as it starts a C node.
//!
//! ```
//! use nodex::{node::testing::TestNode, prelude::*};
//!
//! /// `{add, 2, 3}` is answered with `{ok, 5}`.
//! #[cnode_handler]
//! fn add(a: i64, b: i64) -> Result<i64, Atom> {
//!     a.checked_add(b).ok_or(atom!("overflow"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // A test calls the service through a node; `nodex::main!(add)` would make it an executable.
//! let node = TestNode::serve(add {}).await?;
//! assert_eq!(node.call::<Result<i64, Atom>>((atom!("add"), 2, 3)).await?, Ok(5));
//! # Ok(())
//! # }
//! # run().unwrap();
//! ```
//!
//! | to | begin with |
//! |---|---|
//! | write a node executable | [`cnode_handler`] and [`main!`] |
//! | convert your own types | [`FromTerm`] and [`IntoTerm`], which can be derived |
//! | answer later, send and monitor from a handler | [`node::Caller`] and [`node::Context`] as arguments |
//! | share a state between handlers | [`node::State`] |
//! | run a node inside a program | [`node::NodeBuilder`] and [`node::Node`] |
//! | serve without macros | [`node::Functions`] or the trait [`node::Service`] |
//! | test | [`node::testing::TestNode`] |
//! | read and write terms | [`term::Term`], [`etf`], [`text`] |
//! | start and supervise nodes from Rust | the crate `nodex-host` |

// The paths that the macros write, `::nodex::..`, work in here too.
extern crate self as nodex;

#[cfg(feature = "eetf")]
pub use nodex_core::eetf;
pub use nodex_core::{
    Bytes, atom, describe, duration, epmd, error, etf, net, node, protocol, random, reply, term, text,
};
pub use nodex_macros::{cnode_handler, main};

#[doc(no_inline)]
pub use convert::{FromTerm, IntoTerm};

/// Conversions between Rust values and encoded terms. `FromTerm` and `IntoTerm` can be derived.
pub mod convert {
    pub use nodex_core::convert::*;
    pub use nodex_macros::{FromTerm, IntoTerm};
}

/// The items that a node usually needs.
pub mod prelude {
    pub use crate::{
        Bytes, atom, cnode_handler,
        convert::{FromTerm, IntoTerm},
        node::{Caller, Context, NoReply, Service, State},
        term::{Atom, Pid, Port, RawTerm, Reference, Term},
    };
}

/// The paths that the macros write. They are not for use by hand, and can change.
#[doc(hidden)]
pub mod __private {
    pub use nodex_core::{convert, describe, duration, etf, node, term};
}

/// Compiles and runs the code blocks of the pages as tests.
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
