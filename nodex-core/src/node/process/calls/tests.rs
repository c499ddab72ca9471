use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::task::{ArcWake, waker};

use super::*;
use crate::{
    etf::Encoder,
    node::process::mailbox_sender::mailbox,
    term::{RawTerm, Reference},
};

fn term() -> RawTerm {
    RawTerm::from_slice(b"\x6a", None)
}

/// A task with a call.
#[derive(Default)]
struct Task(AtomicUsize);

impl ArcWake for Task {
    fn wake_by_ref(task: &Arc<Self>) {
        task.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Task {
    /// Returns how often it was woken since the last call.
    fn woken(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn open(replies: &ProcessTable, peer: u64, wants: ReplyFilter) -> ReplyId {
    replies.open((peer, SMALL_SERIAL), wants, Waker::noop().clone(), Moment::NEVER).0
}

/// Returns the outcome, if it exists.
fn outcome(replies: &ProcessTable, id: ReplyId) -> Option<Outcome> {
    match replies.poll(id, &Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

fn message(replies: &ProcessTable, id: ReplyId, message: RawTerm) -> bool {
    matches!(replies.complete(id.number, Outcome::Message(message), 1), Completed::Done { watched: false })
}

/// `{Reference, []}`
fn tagged(id: ReplyId) -> RawTerm {
    let words = references::words_of(id.number.id, id.uses);
    let mut out = Encoder::new();
    out.put_tuple(2).unwrap();
    out.put_reference(&Reference::new(crate::atom!("a@h"), 4, &words).unwrap());
    out.put_nil();
    RawTerm::from_slice(&out.to_vec(), None)
}

#[test]
fn every_call_gets_its_own_outcome_and_late_ones_are_dropped() {
    let replies = ProcessTable::new(10);
    let one = open(&replies, 1, ReplyFilter::Message);
    let two = open(&replies, 1, ReplyFilter::Message);
    assert!(message(&replies, two, term()));
    assert!(!message(&replies, two, term()), "a second one, before the first was taken");
    assert!(replies.is_open(one.number) && !replies.is_open(two.number));
    assert!(matches!(outcome(&replies, two), Some(Outcome::Message(_))));
    assert!(outcome(&replies, one).is_none() && replies.is_open(one.number) && !replies.is_open(two.number));
    assert!(!message(&replies, two, term()), "late");
    assert!(!replies.close(one));
    assert!(!message(&replies, one, term()), "late");
    let other = Number { id: one.number.id + 1, ..one.number };
    assert!(matches!(replies.complete(other, Outcome::Message(term()), 1), Completed::Dropped), "not of a reply");
}

#[test]
fn the_task_that_asked_last_is_woken_and_once() {
    let replies = ProcessTable::new(10);
    let [first, second] = [0; 2].map(|_| Arc::<Task>::default());
    let (id, _) = replies.open((1, SMALL_SERIAL), ReplyFilter::Message, waker(first.clone()), Moment::NEVER);
    let waker = waker(second.clone());
    for _ in 0..2 {
        assert!(replies.poll(id, &Context::from_waker(&waker)).is_pending());
    }
    assert!(message(&replies, id, term()));
    assert!(!message(&replies, id, term()) && replies.disconnected(1).is_empty());
    assert_eq!((first.woken(), second.woken()), (0, 1));
    assert!(matches!(outcome(&replies, id), Some(Outcome::Message(_))));
    drop(waker);
    assert_eq!([&first, &second].map(Arc::strong_count), [1, 1], "nothing of the tasks is kept");
}

#[test]
fn what_waits_for_an_end_takes_no_messages() {
    let replies = ProcessTable::new(10);
    let id = open(&replies, 1, ReplyFilter::Down);
    assert!(!message(&replies, id, term()));
    assert!(outcome(&replies, id).is_none() && replies.is_open(id.number));
    assert!(matches!(replies.complete(id.number, Outcome::Down(term()), 1), Completed::Done { .. }));
    assert!(matches!(outcome(&replies, id), Some(Outcome::Down(_))));
}

#[test]
fn only_the_connection_that_was_asked_over_answers_without_a_tag() {
    let replies = ProcessTable::new(10);
    let outcomes = [Outcome::Message as fn(RawTerm) -> Outcome, Outcome::Down, Outcome::Refused];
    for (wants, takes) in [
        (ReplyFilter::Message, [true; 3]),
        (ReplyFilter::Tagged, [false, true, true]),
        (ReplyFilter::Down, [false, true, true]),
    ] {
        for (becomes, takes) in outcomes.into_iter().zip(takes) {
            let id = open(&replies, 1, wants);
            // No call uses connection 0.
            for stranger in [2, 0] {
                assert!(matches!(replies.complete(id.number, becomes(term()), stranger), Completed::Dropped));
            }
            assert!(outcome(&replies, id).is_none() && replies.is_open(id.number), "{wants:?}");
            let done = matches!(replies.complete(id.number, becomes(term()), 1), Completed::Done { .. });
            assert_eq!(done, takes, "{wants:?}");
            assert!(!replies.close(id));
        }
    }
    // A tag may have been handed on.
    let id = open(&replies, 1, ReplyFilter::Tagged);
    let done = replies.complete(id.number, Outcome::Message(tagged(id)), 2);
    assert!(matches!(done, Completed::Done { .. }));
    assert!(matches!(outcome(&replies, id), Some(Outcome::Message(_))));
}

#[test]
fn the_reply_to_an_earlier_call_with_the_same_pid_is_not_taken_for_another() {
    let replies = ProcessTable::new(10);
    let early = open(&replies, 1, ReplyFilter::Tagged);
    assert!(!replies.close(early));
    let mut now = open(&replies, 1, ReplyFilter::Tagged);
    while now.number != early.number {
        assert!(!replies.close(now));
        now = open(&replies, 1, ReplyFilter::Tagged);
    }
    assert!(now.uses > early.uses);
    for late in [tagged(early), term()] {
        assert!(!message(&replies, now, late));
    }
    assert!(outcome(&replies, now).is_none());
    // The earlier id has no effect.
    assert!(!replies.close(early) && replies.is_open(now.number));
    // The same is true for the signal of its monitor.
    assert_eq!(replies.number(early.number.id, early.uses), None);
    assert_eq!(replies.number(now.number.id, now.uses), Some(now.number));
    assert!(message(&replies, now, tagged(now)));
    assert!(matches!(outcome(&replies, now), Some(Outcome::Message(_))));
}

#[test]
fn a_call_that_is_given_up_takes_its_outcome_along() {
    let replies = ProcessTable::new(10);
    let task = Arc::<Task>::default();
    for answered in [false, true] {
        let until = Moment::now();
        let (id, _) = replies.open((1, SMALL_SERIAL), ReplyFilter::Message, waker(task.clone()), until);
        assert!(!answered || message(&replies, id, term()));
        assert!(!replies.close(id));
        let (watched, next) = replies.expire(Moment::now());
        assert!(watched.is_empty() && next.at == Moment::NEVER, "its time is not waited for");
        assert_eq!((task.woken(), Arc::strong_count(&task)), (usize::from(answered), 1));
    }
    let slots = replies.read();
    assert_eq!(slots.all.len(), 2);
    assert!(slots.all.iter().all(|slot| matches!(slot.entry, Entry::Empty) && slot.uses == 1));
}

#[test]
fn a_mailbox_takes_messages_until_it_is_closed() {
    let replies = ProcessTable::new(10);
    let (letters, _mailbox) = mailbox();
    let id = replies.open_mailbox(letters);
    assert!(replies.is_mailbox(id.number));
    for _ in 0..3 {
        assert!(matches!(replies.complete(id.number, Outcome::Message(term()), 1), Completed::Mail(..)));
    }
    assert!(matches!(replies.complete(id.number, Outcome::Down(term()), 1), Completed::Dropped));
    assert!(replies.disconnected(1).is_empty() && replies.is_open(id.number));
    assert!(replies.watch(id.number) && replies.close(id));
    assert!(matches!(replies.complete(id.number, Outcome::Message(term()), 1), Completed::Dropped));
}

#[test]
fn watchers_of_a_caller_are_told_when_it_is_done() {
    let replies = ProcessTable::new(10);
    let one = open(&replies, 1, ReplyFilter::Message);
    let two = open(&replies, 1, ReplyFilter::Message);
    let three = open(&replies, 1, ReplyFilter::Message);
    let four = open(&replies, 2, ReplyFilter::Message);
    for id in [one, two, three] {
        assert!(replies.watch(id.number));
    }
    let done = replies.complete(one.number, Outcome::Message(term()), 1);
    assert!(matches!(done, Completed::Done { watched: true }));
    assert!(replies.close(two));
    assert!(!replies.watch(one.number) && !replies.close(one));
    assert_eq!(replies.disconnected(1), [three.number]);
    assert!(matches!(outcome(&replies, three), Some(Outcome::NoConnection)));
    assert!(replies.is_open(four.number));
}

#[test]
fn calls_end_at_their_time_and_not_before() {
    const SECOND: Duration = Duration::from_secs(1);
    let replies = ProcessTable::new(10);
    let task = Arc::<Task>::default();
    let start = Moment::now();
    let at = |seconds: u32| start.plus(seconds * SECOND);
    let call = |seconds: u32| replies.open((1, SMALL_SERIAL), ReplyFilter::Message, waker(task.clone()), at(seconds));
    let (five, sooner) = call(5);
    assert!(sooner, "the first one");
    let ((seven, sooner), (three, much_sooner)) = (call(7), call(3));
    assert!(!sooner && much_sooner);
    assert!(replies.watch(three.number));
    // One that waits for ever.
    let ever = open(&replies, 1, ReplyFilter::Down);

    let (watched, next) = replies.expire(start.plus(3 * SECOND - Duration::from_nanos(1)));
    assert_eq!((watched, next.at, next.pause, task.woken()), (vec![], at(3), PAUSE, 0));
    let (watched, next) = replies.expire(at(3));
    assert_eq!((watched, next.at, task.woken()), (vec![three.number], at(5), 1));
    assert!(matches!(outcome(&replies, three), Some(Outcome::TimedOut)));
    assert!(!call(6).1, "the next time that is waited for is sooner");
    // A reply in time is returned even if it is read later.
    assert!(message(&replies, five, term()));
    let (_, next) = replies.expire(at(60));
    assert_eq!((next.at, task.woken()), (Moment::NEVER, 3));
    assert!(matches!(outcome(&replies, five), Some(Outcome::Message(_))));
    assert!(matches!(outcome(&replies, seven), Some(Outcome::TimedOut)));
    assert!(outcome(&replies, ever).is_none());
    assert!(call(100).1, "the only one");
}

#[test]
fn looking_at_many_is_done_less_often() {
    let replies = ProcessTable::new(10);
    for _ in 0..2 * PLACES {
        open(&replies, 1, ReplyFilter::Down);
    }
    assert_eq!(replies.expire(Moment::now()).1.pause, 3 * PAUSE);
}
