//! The local node of an Erlang cluster, its connections and epmd.
//!
//! Most programs use the crate `nodex`, which re-exports this one and adds the macros.
//!
//! | module | contents |
//! |---|---|
//! | [`node`] | the node: services, calls, messages, monitors, links; start here |
//! | [`net`] | limits of connections, why they end, and connections for tools ([`net::raw`]) |
//! | [`epmd`] | a client of the port mapper, and a port mapper |
//! | [`duration`], [`random`] | durations as text, random numbers |
//! | [`term`](mod@term), [`etf`], [`convert`], [`text`], [`reply`], [`protocol`] | re-exported from `nodex-proto` |
//!
//! ```
//! use nodex_core::{atom, node::{Functions, testing::TestNode}};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sums = Functions::new().add("add", |a: i64, b: i64| a + b);
//! let node = TestNode::serve(sums).await?;
//! assert_eq!(node.call::<i64>((atom!("add"), 2, 3)).await?, 5);
//! # Ok(())
//! # }
//! ```

pub mod duration;
pub mod epmd;
mod limits;
pub mod net;
pub mod node;
pub mod random;
mod socket;

#[cfg(feature = "eetf")]
pub use nodex_proto::eetf;
pub use nodex_proto::{Bytes, atom, convert, describe, error, etf, protocol, reply, term, text};

/// The paths that the macros `atom!` and `term!` write.
#[doc(hidden)]
pub use nodex_proto::{__term, macros};
