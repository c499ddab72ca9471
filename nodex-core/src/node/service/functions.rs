//! [`Functions`]: a service of closures, without a macro.

use crate::{
    describe::{Signature, Types},
    reply::IntoReply,
};
use std::{fmt, future::Future, marker::PhantomData};

use super::{
    args::FromArg,
    call::{Call, Handled},
    extensions::Extensions,
    interface::{Function, Service},
    rejection::Rejection,
};
use crate::node::error::MissingState;

/// A [`Service`] made of functions and closures.
///
/// Their arguments are terms of the message or other [`FromArg`] types; their results are replies ([`IntoReply`]).
///
/// ```
/// use nodex_core::{atom, node::{Functions, testing::TestNode}, term::RawTerm};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Functions::new()
///     .add("ping", |term: RawTerm| (atom!("pong"), term))
///     .add("half", |n: i64| if n % 2 == 0 { Ok(n / 2) } else { Err(atom!("odd")) })
///     .add_async("later", |ms: u64| async move {
///         tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
///         ms
///     });
///
/// let node = TestNode::serve(service).await?;
/// assert_eq!(node.request::<RawTerm>((atom!("half"), 8)).await?.to_string(), "{ok,4}");
/// assert_eq!(node.request::<RawTerm>((atom!("half"), 7)).await?.to_string(), "{error,odd}");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Functions {
    functions: Vec<(Function, Box<dyn Handler>)>,
}

impl Functions {
    /// Creates a service without functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function or closure of up to eight arguments.
    #[must_use]
    pub fn add<F, A>(self, name: &'static str, function: F) -> Self
    where
        F: SyncFn<A>,
        A: 'static,
    {
        self.add_handler(Function::new(name, F::ARITY).signature(F::signature), Sync(function, PhantomData))
    }

    /// Adds an async function or closure of up to eight arguments.
    #[must_use]
    pub fn add_async<F, A>(self, name: &'static str, function: F) -> Self
    where
        F: AsyncFn<A>,
        A: 'static,
    {
        self.add_handler(Function::new(name, F::ARITY).signature(F::signature), Async(function, PhantomData))
    }

    /// Adds a handler of your own.
    #[must_use]
    pub fn add_handler(mut self, function: Function, handler: impl Handler) -> Self {
        self.functions.push((function, Box::new(handler)));
        self
    }
}

impl Service for Functions {
    fn functions(&self) -> Vec<Function> {
        self.functions.iter().map(|(function, _)| function.clone()).collect()
    }

    fn call(&self, function: usize, call: Call<'_>) -> Handled {
        match self.functions.get(function) {
            Some((_, handler)) => handler.handle(call),
            None => call.reject(Rejection::unknown_call()),
        }
    }

    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        self.functions.iter().try_for_each(|(_, handler)| handler.check(extensions))
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.functions.iter().map(|(function, _)| function)).finish()
    }
}

/// Handles the calls of one function.
pub trait Handler: Send + std::marker::Sync + 'static {
    /// Handles a call: see [`Service::call`].
    fn handle(&self, call: Call<'_>) -> Handled;

    /// Checks the states: see [`Service::check`].
    ///
    /// # Errors
    /// Returns the first state that is missing.
    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        let _ = extensions;
        Ok(())
    }
}

/// A function or closure whose arguments are [`FromArg`] and whose result is [`IntoReply`]; `A` is the tuple of arguments.
///
/// Sealed: all functions of up to eight arguments have it, and nothing else. Other types can implement [`Handler`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler: every argument must be `FromArg`, the result `IntoReply`"
)]
pub trait SyncFn<A>: sealed::Sealed<A> + Send + std::marker::Sync + 'static {
    /// The number of its term arguments.
    const ARITY: u8;
    /// Calls it.
    fn handle(&self, call: Call<'_>) -> Handled;
    /// Checks the states: see [`Service::check`].
    ///
    /// # Errors
    /// Returns the first state that is missing.
    fn check(extensions: &Extensions) -> Result<(), MissingState>;
    /// The types that it takes and answers.
    fn signature(types: &mut Types) -> Signature;
}

/// Like [`SyncFn`], for a function or closure that returns a future. Sealed as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no async handler: every argument must be `FromArg`, the result a `Send` future of `IntoReply`"
)]
pub trait AsyncFn<A>: sealed::Sealed<A> + Send + std::marker::Sync + 'static {
    /// The number of its term arguments.
    const ARITY: u8;
    /// Calls it.
    fn handle(&self, call: Call<'_>) -> Handled;
    /// Checks the states: see [`Service::check`].
    ///
    /// # Errors
    /// Returns the first state that is missing.
    fn check(extensions: &Extensions) -> Result<(), MissingState>;
    /// The types that it takes and answers.
    fn signature(types: &mut Types) -> Signature;
}

mod sealed {
    /// Other crates cannot name it, and so cannot implement traits that require it.
    #[allow(unnameable_types)]
    pub trait Sealed<A> {}
}

struct Sync<F, A>(F, PhantomData<fn(A)>);

impl<F: SyncFn<A>, A: 'static> Handler for Sync<F, A> {
    fn handle(&self, call: Call<'_>) -> Handled {
        self.0.handle(call)
    }
    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        F::check(extensions)
    }
}

struct Async<F, A>(F, PhantomData<fn(A)>);

impl<F: AsyncFn<A>, A: 'static> Handler for Async<F, A> {
    fn handle(&self, call: Call<'_>) -> Handled {
        self.0.handle(call)
    }
    fn check(&self, extensions: &Extensions) -> Result<(), MissingState> {
        F::check(extensions)
    }
}

macro_rules! handlers {
    ($(($($arg:ident)*))*) => {$(
        impl<Fun, Ret, $($arg),*> sealed::Sealed<($($arg,)*)> for Fun where Fun: Fn($($arg),*) -> Ret {}

        impl<Fun, Ret, $($arg),*> SyncFn<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Ret + Send + std::marker::Sync + 'static,
            Ret: IntoReply,
            $($arg: FromArg,)*
        {
            const ARITY: u8 = 0 $(+ $arg::TERMS)*;

            #[allow(non_snake_case, unused_mut)]
            fn handle(&self, mut call: Call<'_>) -> Handled {
                $(let $arg = match call.arg() {
                    Ok(value) => value,
                    Err(rejection) => return call.reject(rejection),
                };)*
                call.reply(self($($arg),*))
            }

            fn signature(types: &mut Types) -> Signature {
                Signature::new(Ret::outcome(types)) $(.and($arg::argument("", types)))*
            }

            fn check(_extensions: &Extensions) -> Result<(), MissingState> {
                $($arg::check(_extensions)?;)*
                Ok(())
            }
        }

        impl<Fun, Fut, $($arg),*> AsyncFn<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Fut + Send + std::marker::Sync + 'static,
            Fut: Future<Output: IntoReply> + Send + 'static,
            $($arg: FromArg,)*
        {
            const ARITY: u8 = 0 $(+ $arg::TERMS)*;

            #[allow(non_snake_case, unused_mut)]
            fn handle(&self, mut call: Call<'_>) -> Handled {
                $(let $arg = match call.arg() {
                    Ok(value) => value,
                    Err(rejection) => return call.reject(rejection),
                };)*
                call.run(self($($arg),*))
            }

            fn signature(types: &mut Types) -> Signature {
                Signature::new(Fut::Output::outcome(types)) $(.and($arg::argument("", types)))*
            }

            fn check(_extensions: &Extensions) -> Result<(), MissingState> {
                $($arg::check(_extensions)?;)*
                Ok(())
            }
        }
    )*};
}
handlers! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
