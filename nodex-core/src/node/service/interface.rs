//! What a node serves: the trait behind `#[cnode_handler]`.

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
/// `#[cnode_handler]` writes this; by hand, implement it or collect closures in [`Functions`](crate::node::Functions).
/// The node looks `(name, arity)` up in one hash table over all its services and calls
/// [`call`](Self::call) with the position of the match in [`functions`](Self::functions).
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
    /// Its functions. Asked once, when the node is built.
    fn functions(&self) -> Vec<Function>;

    /// Handles a call of `functions()[function]`: reads the arguments and gives back the outcome of
    /// [`Call::reply`], [`Call::run`], [`Call::blocking`], [`Call::reject`] or [`Call::no_reply`].
    ///
    /// Runs on the thread that drives the caller's connection. A panic is answered with an error.
    fn call(&self, function: usize, call: Call<'_>) -> Handled;

    /// Whether the shared states that its functions take are there. Asked once, when the node is built.
    ///
    /// # Errors
    /// The first state that is missing.
    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        let _ = extensions;
        Ok(())
    }

    /// The state that `sys:get_state/1,2` and `sys:get_status/1,2` show to whoever asks; `None`, which it is unless said
    /// otherwise, keeps it to the service. Asked on the thread that drives the caller's connection.
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

/// What `nodex::main!` and the node builder take: a service, or a value that an attributed `impl` block serves.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    label = "not a service",
    note = "put `#[cnode_handler]` on the function or on the `impl` block that answers messages, or implement `Service`"
)]
pub trait IntoService {
    /// The service.
    type Service: Service;
    /// Makes it.
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
    /// Its name.
    pub name: Atom,
    /// The number of its term arguments.
    pub arity: u8,
    /// What it does, for people who look around.
    pub doc: &'static str,
    /// Which kinds of messages reach it.
    pub accepts: Accepts,
    signature: Option<fn(&mut Types) -> Signature>,
}

impl Function {
    /// A function that every kind of message reaches.
    pub const fn new(name: &'static str, arity: u8) -> Self {
        Function { name: Atom::from_static(name), arity, doc: "", accepts: Accepts::ALL, signature: None }
    }

    /// With a text for people.
    #[must_use]
    pub fn doc(self, doc: &'static str) -> Self {
        Function { doc, ..self }
    }

    /// Reached by these kinds of messages only.
    #[must_use]
    pub fn accepts(self, accepts: Accepts) -> Self {
        Function { accepts, ..self }
    }

    /// With what tells of the types that it takes and answers.
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

    /// The types that it takes and answers; of a function that does not tell them, any terms.
    pub fn describe(&self, types: &mut Types) -> Signature {
        match self.signature {
            Some(signature) => signature(types),
            None => {
                Signature::new(Outcome::reply(Type::Term)).and((0..self.arity).map(|_| Argument::new("", Type::Term)))
            }
        }
    }
}

/// What tells of its types is no part of it: the address of a function says nothing.
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

/// Kinds of messages that reach a function.
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
    /// All of them.
    pub const ALL: Accepts = Accepts(15);
    /// Plain messages that are known to be nothing else.
    const CHECKED: Accepts = Accepts(16);

    /// Both.
    #[must_use]
    pub const fn or(self, other: Accepts) -> Accepts {
        Accepts(self.0 | other.0)
    }

    /// The same, where a plain message is looked at before it is taken for a call.
    pub(in crate::node) const fn checked(self) -> Accepts {
        match self.contains(Self::PLAIN) {
            true => Accepts(self.0 & !Self::PLAIN.0 | Self::CHECKED.0),
            false => self,
        }
    }

    /// True when messages of this kind, having been looked at, reach the function.
    pub(in crate::node) const fn admits(self, kind: Accepts) -> bool {
        self.contains(kind) || kind.0 == Self::PLAIN.0 && self.contains(Self::CHECKED)
    }

    /// True when every kind of `other` is accepted.
    pub const fn contains(self, other: Accepts) -> bool {
        self.0 & other.0 == other.0
    }
}
