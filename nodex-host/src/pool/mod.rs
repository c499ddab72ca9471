//! Pools: identical nodes behind one name. A call goes to the member that has the fewest calls under way.
//!
//! ```no_run
//! # async fn pool(net: nodex_host::Distributed) -> Result<(), Box<dyn std::error::Error>> {
//! use nodex_host::{Cnode, Pool, supervisor::Health};
//!
//! let calc = Pool::builder("calc", Cnode::builder("priv/calc")).size(4).health(Health::ping()).start(&net).await?;
//! let five: i64 = calc.request((nodex_core::atom!("add"), 2, 3)).await?;
//! println!("{five}");
//! // Another version has been put into the place of the executable: no call fails for it.
//! calc.restart().await?;
//! calc.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The members are children of a [supervisor](crate::supervisor) of their own, and permanent: one that ends is
//! restarted. Its calls fail with the cause, since nobody knows how far they had come; a call that has not been sent
//! yet goes to another member, or waits for one within its time.

mod builder;
mod error;
mod handle;
mod member;
mod members;
mod restart;

pub use builder::PoolBuilder;
pub use error::RestartError;
pub use handle::Pool;
pub use member::{MemberInfo, MemberState};
pub use restart::Restarted;
