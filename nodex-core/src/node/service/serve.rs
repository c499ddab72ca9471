//! [`Serve`]: the trait behind `#[cnode_handler]` on an `impl` block.

use std::fmt;

use super::{
    call::{Call, Handled},
    extensions::Extensions,
    interface::{Function, Service},
    system_state::SystemState,
};
use crate::node::error::MissingState;

/// A type whose methods are the functions of a service.
///
/// `#[cnode_handler]` on an `impl` block implements it, together with `IntoService`. It is a [`Service`] whose state is
/// separate, so that the functions need not name the type that holds the state.
pub trait Serve: Sized {
    /// The type that holds the value: `Arc<Self>` when no handler changes it, otherwise
    /// [`Lock<Self>`](crate::node::Lock).
    type State: From<Self>;

    /// Checks at compile time that no two functions have the same name and arity.
    #[doc(hidden)]
    const DISTINCT: () = ();

    /// Returns the functions: see [`Service::functions`].
    fn functions() -> Vec<Function>;

    /// Handles a call: see [`Service::call`].
    fn call(state: &Self::State, function: usize, call: Call<'_>) -> Handled;

    /// Checks the states: see [`Service::check`].
    ///
    /// # Errors
    /// Returns the first state that is missing.
    fn check(extensions: &Extensions) -> Result<(), MissingState> {
        let _ = extensions;
        Ok(())
    }

    /// Returns the state for `sys`: see [`Service::system_state`].
    fn system_state(state: &Self::State) -> Option<SystemState> {
        let _ = state;
        None
    }
}

/// The service of a [`Serve`] value.
pub struct Served<T: Serve>(T::State);

impl<T: Serve> Served<T> {
    /// Creates a service of this value.
    pub fn new(value: T) -> Self {
        Served(value.into())
    }
}

impl<T> Service for Served<T>
where
    T: Serve<State: Send + Sync + 'static> + 'static,
{
    fn functions(&self) -> Vec<Function> {
        T::functions()
    }

    #[inline]
    fn call(&self, function: usize, call: Call<'_>) -> Handled {
        T::call(&self.0, function, call)
    }

    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        T::check(extensions)
    }

    fn system_state(&self) -> Option<SystemState> {
        T::system_state(&self.0)
    }
}

impl<T: Serve> fmt::Debug for Served<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Served<{}>", std::any::type_name::<T>())
    }
}
