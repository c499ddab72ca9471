//! [`SystemState`].

use std::{future::Future, pin::Pin, sync::Arc};

use super::state::Lock;
use crate::{
    convert::IntoTerm,
    etf::{EncodeError, Encoder},
    term::RawTerm,
};

/// The state of a service for `sys:get_state/1,2` and `sys:get_status/1,2`, returned by
/// [`Service::system_state`](crate::node::Service::system_state).
pub struct SystemState(pub(in crate::node) Pin<Box<dyn Future<Output = Result<RawTerm, EncodeError>> + Send>>);

impl SystemState {
    /// Creates a state from a term.
    pub fn new(term: &(impl IntoTerm + ?Sized)) -> Self {
        SystemState(Box::pin(std::future::ready(RawTerm::from_value(term))))
    }

    /// Creates a state from the result of `show`, which is called now if no `&mut self` handler runs, otherwise in
    /// turn.
    pub fn of<S, R>(state: &Lock<S>, show: impl FnOnce(&S) -> R + Send + 'static) -> Self
    where
        S: Send + Sync + 'static,
        R: IntoTerm,
    {
        Self::encoded(state, move |state, out| show(state).encode(out))
    }

    fn encoded<S: Send + Sync + 'static>(
        state: &Lock<S>,
        show: impl FnOnce(&S, &mut Encoder) -> Result<(), EncodeError> + Send + 'static,
    ) -> Self {
        if let Some(state) = state.try_read() {
            return SystemState(Box::pin(std::future::ready(written(|out| show(&state, out)))));
        }
        let state = state.clone();
        SystemState(Box::pin(async move {
            let state = state.read().await;
            written(|out| show(&state, out))
        }))
    }

    /// Creates a state from the output of a future.
    pub fn later<R: IntoTerm>(future: impl Future<Output = R> + Send + 'static) -> Self {
        SystemState(Box::pin(async move { RawTerm::from_value(&future.await) }))
    }
}

impl std::fmt::Debug for SystemState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemState")
    }
}

/// The [`SystemState`] of a value that is held in an `Arc` or in a [`Lock`], for the macros.
#[doc(hidden)]
pub trait Shown<S> {
    /// Returns the state that `show` writes.
    fn shown(&self, show: fn(&S, &mut Encoder) -> Result<(), EncodeError>) -> SystemState;
}

impl<S: Send + Sync + 'static> Shown<S> for Lock<S> {
    fn shown(&self, show: fn(&S, &mut Encoder) -> Result<(), EncodeError>) -> SystemState {
        SystemState::encoded(self, show)
    }
}

impl<S> Shown<S> for Arc<S> {
    fn shown(&self, show: fn(&S, &mut Encoder) -> Result<(), EncodeError>) -> SystemState {
        SystemState(Box::pin(std::future::ready(written(|out| show(self, out)))))
    }
}

fn written(write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>) -> Result<RawTerm, EncodeError> {
    let mut out = Encoder::new();
    write(&mut out)?;
    Ok(RawTerm::from_bytes(out.to_vec().into()))
}
