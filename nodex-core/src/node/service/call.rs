//! One call on its way through a handler.

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
/// Read the arguments with [`arg`](Self::arg), then finish with one of the other methods.
#[derive(Debug)]
pub struct Call<'a> {
    pub(in crate::node) args: Args<'a>,
    /// The connection's output; the reply is written there and nowhere before.
    pub(in crate::node) out: &'a mut Encoder,
    pub(in crate::node) waker: &'a Waker,
}

/// What became of a call: made by the methods of [`Call`].
#[derive(Debug)]
#[must_use = "return it from `Service::call`"]
pub struct Handled(pub(in crate::node) Option<Later>);

impl<'a> Call<'a> {
    /// Returns the next argument.
    ///
    /// # Errors
    /// A rejection, for [`reject`](Self::reject).
    #[inline(always)]
    pub fn arg<T: FromArg>(&mut self) -> Result<T, Rejection> {
        T::from_arg(&mut self.args)
    }

    /// What arguments are made from.
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

    /// Answers nothing, or later through a [`Caller`](crate::node::Caller) that was kept.
    pub fn no_reply(self) -> Handled {
        Handled(None)
    }

    /// Answers with what a future gives. It is polled here once; if it is not ready, the connection goes on with other
    /// messages and keeps it until it is. Plain replies to one process still go out in the order of its messages.
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

    /// Answers with what `work` returns, which runs on a thread for blocking work.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn blocking<R: IntoReply + Send + 'static>(self, work: impl FnOnce() -> R + Send + 'static) -> Handled {
        let function = self.args.function.clone();
        self.run(on_blocking_thread(function, work))
    }

    /// Answers with what `handler` makes of the state, now if nobody changes it, else as soon as that is done.
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

    /// Answers with what `handler` makes of the state, now if nobody uses it, else in its turn.
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

    /// Answers with what `work` makes of the state on a thread for blocking work, once nobody changes it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
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

    /// Answers with what `work` makes of the state on a thread for blocking work, in its turn.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
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
        // The panic goes on here, where it is made the answer of this call.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Blocking::Ended(function),
    }
}

/// What a thread for blocking work has returned.
enum Blocking<R> {
    Done(R),
    /// The runtime has ended, before it or without it.
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

/// What became of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It is written, or there is none.
    Done,
    /// There is nobody to write it to: whoever sent a cast does not learn what has become of it.
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
    /// Polls the handler; when it is ready, its reply is in `out`. A panic of the handler is answered with an error,
    /// which is given back as well.
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
    /// Drops the handler, whose caller is told by somebody else.
    pub(in crate::node) fn give_up(mut self) {
        self.0.as_mut().answered();
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}

/// So much of the message of a panic is told, in bytes.
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
    /// Where it goes if it is a cast.
    fn cast(&self) -> Option<&Cast>;

    fn poll_reply(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        reply_to: &ReplyTo<'_>,
        out: &mut Encoder,
    ) -> Poll<()>;

    /// The call is answered without the handler.
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
