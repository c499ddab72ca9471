//! State that handlers share.

use std::{
    any::type_name,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{
    args::{Args, FromArg},
    extensions::Extensions,
    rejection::Rejection,
};

use crate::node::error::MissingState;

/// The state of a service with `&mut self` handlers. They run one at a time, in the order in which their messages
/// arrive; `&self` handlers run concurrently between them.
#[derive(Debug)]
pub struct Lock<T>(Arc<RwLock<T>>);

impl<T> Lock<T> {
    /// Creates a lock around this state.
    pub fn new(state: T) -> Self {
        Lock(Arc::new(RwLock::new(state)))
    }

    pub(in crate::node) fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.0.try_read().ok()
    }

    pub(in crate::node) fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.0.try_write().ok()
    }

    /// Waits in turn until no `&mut self` handler runs.
    pub async fn read(self) -> ReadGuard<T> {
        ReadGuard(self.0.read_owned().await)
    }

    /// Waits in turn until no other handler runs.
    pub async fn write(self) -> WriteGuard<T> {
        WriteGuard(self.0.write_owned().await)
    }
}

impl<T> From<T> for Lock<T> {
    fn from(state: T) -> Self {
        Lock::new(state)
    }
}

impl<T> Clone for Lock<T> {
    fn clone(&self) -> Self {
        Lock(self.0.clone())
    }
}

/// Shared access to the state: see [`Lock::read`].
#[derive(Debug)]
pub struct ReadGuard<T>(OwnedRwLockReadGuard<T>);

impl<T> Deref for ReadGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Exclusive access to the state: see [`Lock::write`].
#[derive(Debug)]
pub struct WriteGuard<T>(OwnedRwLockWriteGuard<T>);

impl<T> Deref for WriteGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for WriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A value that all handlers of a node share, as an argument of a handler.
///
/// ```
/// use nodex_core::{atom, node::{Functions, NodeBuilder, State, testing::TestNode}};
///
/// struct Config {
///     greeting: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greet = |name: String, config: State<Config>| format!("{} {name}", config.greeting);
/// let builder = NodeBuilder::new().service(Functions::new().add("greet", greet)).state(Config { greeting: "hello".into() });
/// let node = TestNode::start(builder).await?;
/// assert_eq!(node.request::<String>((atom!("greet"), "world")).await?, "hello world");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct State<T>(Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        State(self.0.clone())
    }
}

impl<T> Deref for State<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> FromArg for State<T> {
    const TERMS: u8 = 0;

    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
        args.context()
            .extensions()
            .get::<T>()
            .map(State)
            .ok_or_else(|| Rejection::badarg(&MissingState(type_name::<T>()).to_string()))
    }

    fn check(extensions: &Extensions) -> Result<(), MissingState> {
        match extensions.get::<T>() {
            Some(_) => Ok(()),
            None => Err(MissingState(type_name::<T>())),
        }
    }
}
