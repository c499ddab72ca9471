//! Pools: identical nodes behind one name. A call goes to the member with the fewest running calls.
//!
//! ```no_run
//! # async fn pool(net: nodex_host::Distributed) -> Result<(), Box<dyn std::error::Error>> {
//! use nodex_host::{Cnode, Pool, supervisor::Health};
//!
//! let calc = Pool::builder("calc", Cnode::builder("priv/calc")).size(4).health(Health::ping()).start(&net).await?;
//! let five: i64 = calc.request((nodex_core::atom!("add"), 2, 3)).await?;
//! println!("{five}");
//! // Restart with a new version of the executable, without failing a call.
//! calc.restart().await?;
//! calc.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The members are permanent children of a [supervisor](crate::supervisor): one that ends is restarted. Its running
//! calls fail with the cause, because they may have been carried out. A call that was not sent yet goes to another
//! member, or waits for one within its time limit.

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
