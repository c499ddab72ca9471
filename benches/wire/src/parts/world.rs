//! What is there for all rounds.

use nodex_core::protocol::Cookie;
use nodex_host::{Distributed, distributed::EpmdMode};
use tokio::runtime::Runtime;

use crate::{
    generator::{cores::Cores, handshake::COOKIE, host::Host},
    options::Options,
};

/// What the works need.
pub(crate) struct World<'a> {
    pub(crate) options: &'a Options,
    pub(crate) cores: Cores,
    /// The raw generator.
    pub(crate) host: Host,
    /// The Rust host, and what drives it.
    pub(crate) net: Distributed,
    pub(crate) runtime: Runtime,
}

impl<'a> World<'a> {
    pub(crate) fn new(options: &'a Options) -> Result<World<'a>, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
        let cookie = Cookie::new(COOKIE).map_err(|error| error.to_string())?;
        let net = Distributed::builder("host").cookie(cookie).epmd(EpmdMode::Private).up();
        Ok(World {
            options,
            cores: Cores::of_this_process()?,
            host: Host::start().map_err(|error| format!("no host: {error}"))?,
            net: runtime.block_on(net).map_err(|error| error.to_string())?,
            runtime,
        })
    }
}
