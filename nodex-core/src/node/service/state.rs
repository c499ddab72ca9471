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

/// The state of a service with `&mut self` handlers: those run one at a time, in the order in which they arrived, and
/// `&self` handlers side by side between them.
#[derive(Debug)]
pub struct Lock<T>(Arc<RwLock<T>>);

impl<T> Lock<T> {
    /// Around this state.
    pub fn new(state: T) -> Self {
        Lock(Arc::new(RwLock::new(state)))
    }

    pub(in crate::node) fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.0.try_read().ok()
    }

    pub(in crate::node) fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.0.try_write().ok()
    }

    /// Waits, behind all who came before, until no `&mut self` handler runs.
    pub async fn read(self) -> ReadGuard<T> {
        ReadGuard(self.0.read_owned().await)
    }

    /// Waits, behind all who came before, until no other handler runs.
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

/// The state, as a `&self` handler has it: see [`Lock::read`].
#[derive(Debug)]
pub struct ReadGuard<T>(OwnedRwLockReadGuard<T>);

impl<T> Deref for ReadGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// The state, as a `&mut self` handler has it: see [`Lock::write`].
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

/// Argument of a handler: the value of this type that the node was built with.
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
