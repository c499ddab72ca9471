//! BEAMs that the host starts, which OTP calls peers today and called slaves before.

mod builder;
mod command;
mod handle;
mod order;
mod registry;
mod strays;

pub use builder::SlaveBuilder;
pub use handle::Slave;
pub(super) use registry::Slaves;
pub(super) use strays::Strays;
