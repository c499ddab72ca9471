//! [`Service`]: the trait behind `#[cnode_handler]`.

use std::fmt;

use super::{
    call::{Call, Handled},
    extensions::Extensions,
    system_state::SystemState,
};
use crate::{
    describe::{Argument, Outcome, Signature, Type, Types},
    node::error::MissingState,
    term::Atom,
};

/// A set of functions that messages call.
///
/// `#[cnode_handler]` implements it. Without the macro, implement it by hand, or collect closures in
/// [`Functions`](crate::node::Functions). The node looks up the name and arity of a message, and calls
/// [`call`](Self::call) with the position of the function in [`functions`](Self::functions).
///
/// ```
/// use nodex_core::node::{Call, Function, Handled, Service};
///
/// struct Doubler;
///
/// impl Service for Doubler {
///     fn functions(&self) -> Vec<Function> {
///         vec![Function::new("double", 1).doc("Twice the number.")]
///     }
///
///     fn call(&self, _function: usize, mut call: Call<'_>) -> Handled {
///         match call.arg::<i64>() {
///             Ok(number) => call.reply(number.checked_mul(2)),
///             Err(rejection) => call.reject(rejection),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    label = "not a service",
    note = "put `#[cnode_handler]` on the function or on the `impl` block that answers messages, or implement `Service`"
)]
pub trait Service: Send + Sync + 'static {
    /// Returns its functions. Called once, when the node is built.
    fn functions(&self) -> Vec<Function>;

    /// Handles a call of `functions()[function]`: reads the arguments, and returns what a method of [`Call`] returns,
    /// such as [`Call::reply`] or [`Call::reject`].
    ///
    /// It runs on the thread that drives the caller's connection. A panic is answered with an error.
    fn call(&self, function: usize, call: Call<'_>) -> Handled;

    /// Checks that the shared states of its functions exist. Called once, when the node is built.
    ///
    /// # Errors
    /// Returns the first state that is missing.
    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        let _ = extensions;
        Ok(())
    }

    /// Returns the state that `sys:get_state/1,2` and `sys:get_status/1,2` show. By default this is `None`, and the
    /// state is not shown. Called on the thread that drives the caller's connection.
    ///
    /// ```
    /// use nodex_core::node::{Call, Function, Handled, Lock, Service, SystemState};
    ///
    /// struct Counter(Lock<u64>);
    ///
    /// impl Service for Counter {
    ///     fn functions(&self) -> Vec<Function> {
    ///         vec![Function::new("next", 0)]
    ///     }
    ///
    ///     fn call(&self, _function: usize, call: Call<'_>) -> Handled {
    ///         call.with_mut(&self.0, |count| {
    ///             *count += 1;
    ///             *count
    ///         })
    ///     }
    ///
    ///     fn system_state(&self) -> Option<SystemState> {
    ///         Some(SystemState::of(&self.0, |count| *count))
    ///     }
    /// }
    /// ```
    fn system_state(&self) -> Option<SystemState> {
        None
    }
}

/// A value that `nodex::main!` and the node builder accept: a service, or a value whose attributed `impl` block is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    label = "not a service",
    note = "put `#[cnode_handler]` on the function or on the `impl` block that answers messages, or implement `Service`"
)]
pub trait IntoService {
    /// The type of the service.
    type Service: Service;
    /// Makes the service.
    fn into_service(self) -> Self::Service;
}

impl<S: Service> IntoService for S {
    type Service = S;
    fn into_service(self) -> S {
        self
    }
}

/// One function of a service.
#[derive(Clone)]
#[non_exhaustive]
pub struct Function {
    /// Its name in Erlang.
    pub name: Atom,
    /// The number of its term arguments.
    pub arity: u8,
    /// Its documentation, which `nodex:functions()` returns.
    pub doc: &'static str,
    /// The kinds of messages that reach it.
    pub accepts: Accepts,
    signature: Option<fn(&mut Types) -> Signature>,
}

impl Function {
    /// Creates a function that every kind of message reaches.
    pub const fn new(name: &'static str, arity: u8) -> Self {
        Function { name: Atom::from_static(name), arity, doc: "", accepts: Accepts::ALL, signature: None }
    }

    /// Sets the documentation.
    #[must_use]
    pub fn doc(self, doc: &'static str) -> Self {
        Function { doc, ..self }
    }

    /// Sets the kinds of messages that reach it.
    #[must_use]
    pub fn accepts(self, accepts: Accepts) -> Self {
        Function { accepts, ..self }
    }

    /// Sets the function that describes the types of its arguments and results.
    ///
    /// ```
    /// use nodex_core::{convert::{FromTerm, IntoTerm}, describe::{Outcome, Signature}, node::Function};
    ///
    /// let double = Function::new("double", 1).signature(|types| {
    ///     Signature::new(Outcome::reply(Option::<i64>::output_type(types))).argument("number", i64::input_type(types))
    /// });
    /// # let _ = double;
    /// ```
    #[must_use]
    pub fn signature(self, signature: fn(&mut Types) -> Signature) -> Self {
        Function { signature: Some(signature), ..self }
    }

    /// Returns the types of its arguments and results: any terms if they are not described.
    pub fn describe(&self, types: &mut Types) -> Signature {
        match self.signature {
            Some(signature) => signature(types),
            None => {
                Signature::new(Outcome::reply(Type::Term)).and((0..self.arity).map(|_| Argument::new("", Type::Term)))
            }
        }
    }
}

/// The description of its types is not compared, because the addresses of functions have no meaning.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.arity, self.doc, self.accepts) == (&other.name, other.arity, other.doc, other.accepts)
    }
}

impl Eq for Function {}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("arity", &self.arity)
            .field("doc", &self.doc)
            .field("accepts", &self.accepts)
            .finish()
    }
}

/// The kinds of messages that reach a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepts(u8);

impl Accepts {
    /// Plain messages.
    pub const PLAIN: Accepts = Accepts(1);
    /// `GenServer.call`.
    pub const CALL: Accepts = Accepts(2);
    /// `GenServer.cast`.
    pub const CAST: Accepts = Accepts(4);
    /// `rpc` and `erpc`.
    pub const RPC: Accepts = Accepts(8);
    /// All kinds.
    pub const ALL: Accepts = Accepts(15);
    /// Plain messages that are known not to be calls.
    const CHECKED: Accepts = Accepts(16);

    /// Returns the kinds of both.
    #[must_use]
    pub const fn or(self, other: Accepts) -> Accepts {
        Accepts(self.0 | other.0)
    }

    /// Returns these kinds for functions whose plain messages are checked not to be calls.
    pub(in crate::node) const fn checked(self) -> Accepts {
        match self.contains(Self::PLAIN) {
            true => Accepts(self.0 & !Self::PLAIN.0 | Self::CHECKED.0),
            false => self,
        }
    }

    /// Returns `true` when messages of this kind reach the function.
    pub(in crate::node) const fn admits(self, kind: Accepts) -> bool {
        self.contains(kind) || kind.0 == Self::PLAIN.0 && self.contains(Self::CHECKED)
    }

    /// Returns `true` when every kind of `other` is accepted.
    pub const fn contains(self, other: Accepts) -> bool {
        self.0 & other.0 == other.0
    }
}
