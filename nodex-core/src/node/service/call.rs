//! [`Call`]: how a [`Service`](crate::node::Service) answers.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{self, Poll, Waker},
};

use pin_project_lite::pin_project;

use super::{
    args::{Args, FromArg},
    caller::{LaterShare, Share},
    failed_casts::{self, Cast},
    panics,
    rejection::Rejection,
    reply_to::ReplyTo,
    state::Lock,
};
use crate::{
    etf::{EncodeError, Encoder},
    node::counters::CallKind,
    reply::{ExceptionClass, IntoReply},
    term::Atom,
};

/// A message that calls a function of a [`Service`](crate::node::Service).
///
/// Read the arguments with [`arg`](Self::arg), then answer with one of the other methods.
#[derive(Debug)]
pub struct Call<'a> {
    pub(in crate::node) args: Args<'a>,
    /// The output of the connection, to which the reply is written directly.
    pub(in crate::node) out: &'a mut Encoder,
    pub(in crate::node) waker: &'a Waker,
}

/// The outcome of a call, which the methods of [`Call`] return.
#[derive(Debug)]
#[must_use = "return it from `Service::call`"]
pub struct Handled(pub(in crate::node) Option<Later>);

impl<'a> Call<'a> {
    /// Returns the next argument.
    ///
    /// # Errors
    /// Returns a rejection, to be passed to [`reject`](Self::reject).
    #[inline(always)]
    pub fn arg<T: FromArg>(&mut self) -> Result<T, Rejection> {
        T::from_arg(&mut self.args)
    }

    /// Returns the source of the arguments.
    pub fn args(&mut self) -> &mut Args<'a> {
        &mut self.args
    }

    /// Answers at once.
    #[inline(always)]
    pub fn reply<R: IntoReply>(self, reply: R) -> Handled {
        if write_reply(self.args.reply_to, self.out, &reply, self.args.share) == Written::Cast {
            failed_casts::ended(self.args.context, self.args.function, &reply);
        }
        Handled(None)
    }

    /// Answers `{error, Reason}`.
    #[cold]
    pub fn reject(self, rejection: Rejection) -> Handled {
        self.args.share.answered();
        if self.args.reply_to.kind == CallKind::Cast {
            failed_casts::failed(self.args.context, self.args.function, rejection.reason());
        }
        self.args.reply_to.write_error(self.out, &rejection);
        Handled(None)
    }

    /// Does not answer, or answers later through a kept [`Caller`](crate::node::Caller).
    pub fn no_reply(self) -> Handled {
        Handled(None)
    }

    /// Answers with the output of a future. It is polled once here. If it is not ready, the connection handles other
    /// messages and polls it until it is. Plain replies to one process keep the order of its messages.
    pub fn run<F>(self, future: F) -> Handled
    where
        F: Future<Output: IntoReply> + Send + 'static,
    {
        let cast = (self.args.reply_to.kind == CallKind::Cast)
            .then(|| Cast { context: self.args.context.clone(), function: self.args.function.clone() });
        let mut later = Later(Box::pin(Answering { future, share: self.args.share.hand_on(), cast }));
        match later.0.as_mut().poll_reply(&mut task::Context::from_waker(self.waker), self.args.reply_to, self.out) {
            Poll::Ready(()) => Handled(None),
            Poll::Pending => Handled(Some(later)),
        }
    }

    /// Runs `work` on a thread for blocking work, and answers with its result.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    pub fn blocking<R: IntoReply + Send + 'static>(self, work: impl FnOnce() -> R + Send + 'static) -> Handled {
        let function = self.args.function.clone();
        self.run(on_blocking_thread(function, work))
    }

    /// Answers with what `handler` returns: now if no handler changes the state, otherwise as soon as it is free.
    pub fn with_ref<S, R>(self, state: &Lock<S>, handler: impl FnOnce(&S) -> R + Send + 'static) -> Handled
    where
        S: Send + Sync + 'static,
        R: IntoReply,
    {
        if let Some(state) = state.try_read() {
            return self.reply(handler(&state));
        }
        let state = state.clone();
        self.run(async move { handler(&*state.read().await) })
    }

    /// Answers with what `handler` returns: now if no handler uses the state, otherwise in its turn.
    pub fn with_mut<S, R>(self, state: &Lock<S>, handler: impl FnOnce(&mut S) -> R + Send + 'static) -> Handled
    where
        S: Send + Sync + 'static,
        R: IntoReply,
    {
        if let Some(mut state) = state.try_write() {
            return self.reply(handler(&mut state));
        }
        let state = state.clone();
        self.run(async move { handler(&mut *state.write().await) })
    }

    /// Like [`with_ref`](Self::with_ref), on a thread for blocking work.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    pub fn blocking_ref<S, R>(self, state: &Lock<S>, work: impl FnOnce(&S) -> R + Send + 'static) -> Handled
    where
        S: Send + Sync + 'static,
        R: IntoReply + Send + 'static,
    {
        let (state, function) = (state.clone(), self.args.function.clone());
        self.run(async move {
            let state = state.read().await;
            on_blocking_thread(function, move || work(&state)).await
        })
    }

    /// Like [`with_mut`](Self::with_mut), on a thread for blocking work.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    pub fn blocking_mut<S, R>(self, state: &Lock<S>, work: impl FnOnce(&mut S) -> R + Send + 'static) -> Handled
    where
        S: Send + Sync + 'static,
        R: IntoReply + Send + 'static,
    {
        let (state, function) = (state.clone(), self.args.function.clone());
        self.run(async move {
            let mut state = state.write().await;
            on_blocking_thread(function, move || work(&mut state)).await
        })
    }
}

async fn on_blocking_thread<R: Send + 'static>(
    function: Atom,
    work: impl FnOnce() -> R + Send + 'static,
) -> Blocking<R> {
    let work = move || {
        let _caught = panics::caught();
        work()
    };
    match tokio::task::spawn_blocking(work).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(reply) => Blocking::Done(reply),
        // The panic continues here, where it becomes the reply to this call.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Blocking::Ended(function),
    }
}

/// The result of a thread for blocking work.
enum Blocking<R> {
    Done(R),
    /// The runtime ended before the work did.
    Ended(Atom),
}

impl<R: IntoReply> IntoReply for Blocking<R> {
    fn replies(&self) -> bool {
        if let Blocking::Done(reply) = self { reply.replies() } else { true }
    }

    fn raises(&self) -> Option<ExceptionClass> {
        if let Blocking::Done(reply) = self { reply.raises() } else { Some(ExceptionClass::Error) }
    }

    fn failed(&self) -> bool {
        if let Blocking::Done(reply) = self { reply.failed() } else { true }
    }

    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Blocking::Done(reply) => return reply.encode_reply(encoder),
            Blocking::Ended(function) => {
                encoder.append(Rejection::no_reply(function, "the runtime has ended").reason());
            }
        }
        Ok(())
    }
}

/// The outcome of writing a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// The reply is written, or there is none.
    Done,
    /// The call is a cast, whose sender receives nothing.
    Cast,
}

#[inline(always)]
fn write_reply<R: IntoReply>(reply_to: &ReplyTo<'_>, out: &mut Encoder, reply: &R, share: &Share) -> Written {
    if !reply.replies() {
        return Written::Done;
    }
    share.answered();
    if let Some(class) = reply.raises() {
        raise(reply_to, class, reply, out);
        return if reply_to.kind == CallKind::Cast { Written::Cast } else { Written::Done };
    }
    let Some(frame) = reply_to.begin(out) else {
        return if reply_to.kind == CallKind::Cast { Written::Cast } else { Written::Done };
    };
    match reply.encode_reply(out) {
        Ok(()) => reply_to.finish(frame, out),
        Err(error) => {
            reply_to.undo(frame, out);
            reply_to.write_error(out, &Rejection::unencodable(&error));
        }
    }
    Written::Done
}

#[cold]
fn raise(reply_to: &ReplyTo<'_>, class: ExceptionClass, reason: &impl IntoReply, out: &mut Encoder) {
    let mut encoded = Encoder::new();
    match reason.encode_reply(&mut encoded) {
        Ok(()) => reply_to.raise(class, &encoded, out),
        Err(error) => reply_to.write_error(out, &Rejection::unencodable(&error)),
    }
}

/// A call that will be answered later.
pub struct Later(Pin<Box<dyn AnswerFuture>>);

impl Later {
    /// Polls the handler. When it is ready, its reply is in `out`. A panic of the handler is answered with an error,
    /// which is also returned.
    pub(in crate::node) fn poll(
        &mut self,
        context: &mut task::Context<'_>,
        reply_to: &ReplyTo<'_>,
        function: &str,
        out: &mut Encoder,
    ) -> Poll<Option<Rejection>> {
        let mark = out.mark();
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll_reply(context, reply_to, out))) {
            Ok(poll) => poll.map(|()| None),
            Err(panic) => {
                out.rollback(mark);
                self.0.as_mut().answered();
                let rejection = panic_rejection(function, &*panic);
                if let Some(cast) = self.0.cast() {
                    cast.rejected(&rejection);
                }
                reply_to.write_error(out, &rejection);
                Poll::Ready(Some(rejection))
            }
        }
    }
}

impl Later {
    /// Drops the handler without telling its caller.
    pub(in crate::node) fn give_up(mut self) {
        self.0.as_mut().answered();
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}

/// How many bytes of the message of a panic are sent.
const PANIC_SHOWN: usize = 4096;

/// Returns the answer to a call whose handler panicked: `{panic, <<"function: message">>}`.
#[cold]
pub(in crate::node) fn panic_rejection(function: &str, panic: &(dyn std::any::Any + Send)) -> Rejection {
    let message = panics::text_of(panic);
    let shown = crate::text::cut(message, PANIC_SHOWN);
    let more = if shown.len() < message.len() { "…" } else { "" };
    Rejection::panic(&format!("{function}: {shown}{more}"))
}

trait AnswerFuture: Send {
    /// Returns the cast, if it is one.
    fn cast(&self) -> Option<&Cast>;

    fn poll_reply(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        reply_to: &ReplyTo<'_>,
        out: &mut Encoder,
    ) -> Poll<()>;

    /// Records that the call was answered without the handler.
    fn answered(self: Pin<&mut Self>);
}

pin_project! {
    struct Answering<F> {
        #[pin]
        future: F,
        share: LaterShare,
        cast: Option<Cast>,
    }
}

impl<F: Future<Output: IntoReply> + Send> AnswerFuture for Answering<F> {
    fn cast(&self) -> Option<&Cast> {
        self.cast.as_ref()
    }

    fn poll_reply(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        reply_to: &ReplyTo<'_>,
        out: &mut Encoder,
    ) -> Poll<()> {
        let this = self.project();
        this.future.poll(context).map(|reply| {
            if write_reply(reply_to, out, &reply, this.share.share()) == Written::Cast
                && let Some(cast) = this.cast
            {
                cast.ended(&reply);
            }
        })
    }

    fn answered(self: Pin<&mut Self>) {
        self.share.share().answered();
    }
}
