use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use tokio::sync::Notify;

use super::*;
use crate::{
    atom,
    node::{
        api::call::CallError,
        connection::erpc::RpcError,
        service::{
            call::{Call, Handled},
            functions::Functions,
            interface::{Function, Service},
        },
        testing::TestNode,
    },
    reply::NoReply,
    term::RawTerm,
};

type Refused = (Atom, (Atom, String));

fn refused(reason: &'static str, text: &str) -> Refused {
    (atom!("error"), (Atom::from_static(reason), text.to_owned()))
}

fn dropped(function: &str) -> Refused {
    refused("no_reply", &format!("{function}: the caller was dropped without an answer"))
}

fn fail(text: &str) {
    panic!("{text}");
}

/// Every way in which a handler can treat its caller.
fn functions() -> Functions {
    Functions::new()
        .add("drop", |_: Caller| NoReply)
        .add("drop_elsewhere", |caller: Caller| {
            std::thread::spawn(move || drop(caller));
            NoReply
        })
        .add("drop_while_panicking", |caller: Caller| {
            std::thread::spawn(move || {
                let _caller = caller;
                std::panic::resume_unwind(Box::new("elsewhere"));
            });
            NoReply
        })
        .add("drop_one_of_two", |caller: Caller| {
            drop(caller.clone());
            tokio::spawn(async move { caller.reply(atom!("later")) });
            NoReply
        })
        .add("value", |_: Caller| atom!("value"))
        .add("value_while_kept", |caller: Caller| {
            std::thread::spawn(move || drop(caller));
            atom!("value")
        })
        .add("bad_value", |caller: Caller| {
            // Nothing has been sent then.
            assert!(caller.reply(f64::NAN).is_err());
            NoReply
        })
        .add("bad_argument", |_: Caller, _: i64| NoReply)
        .add("panic", |_: Caller| -> NoReply { panic!("at once") })
        .add_async("panic_async", |_: Caller| async move {
            fail("at once");
            NoReply
        })
        .add_async("panic_later", |caller: Caller| async move {
            tokio::task::yield_now().await;
            let _caller = caller;
            fail("later");
            NoReply
        })
        .add_async("drop_async", |caller: Caller| async move {
            tokio::task::yield_now().await;
            drop(caller);
            NoReply
        })
        .add_async("value_async", |_: Caller| async move {
            tokio::task::yield_now().await;
            atom!("value")
        })
        .add("forget", |caller: Caller| {
            caller.forget();
            NoReply
        })
        .add("nothing", || NoReply)
        .add("last", || atom!("last"))
}

#[tokio::test]
async fn whoever_waits_is_told_when_nobody_can_answer() {
    let node = TestNode::serve(functions()).await.unwrap();
    for name in ["drop", "drop_elsewhere", "drop_while_panicking", "drop_async", "bad_value"] {
        assert_eq!(node.request::<Refused>(Atom::from_static(name)).await.unwrap(), dropped(name));
        assert_eq!(node.call::<Refused>(Atom::from_static(name)).await.unwrap(), dropped(name));
        let (to, limit) = (node.node().name().as_str(), Duration::from_secs(60));
        let error = node.caller().rpc::<RawTerm>(to, "test", name, &[], limit).await.unwrap_err();
        assert!(matches!(&error, RpcError::Exit { reason } if reason.to_string() == "noreply"), "{name}: {error:?}");
    }
    // Nobody waits for the answer to a cast, and none comes.
    node.cast(atom!("drop")).await.unwrap();
}

#[tokio::test]
async fn each_call_has_one_answer() {
    let node = TestNode::serve(functions()).await.unwrap();
    let mut mailbox = node.caller().mailbox();
    let value = || RawTerm::from_value(&atom!("value")).unwrap();
    let panicked = |text| RawTerm::from_value(&refused("panic", text)).unwrap();
    let no_reply = |name| RawTerm::from_value(&dropped(name)).unwrap();
    let cases = [
        ("value", vec![value()]),
        ("value_while_kept", vec![value()]),
        ("value_async", vec![value()]),
        ("drop_one_of_two", vec![RawTerm::from_value(&atom!("later")).unwrap()]),
        ("panic", vec![panicked("panic: at once")]),
        ("panic_async", vec![panicked("panic_async: at once")]),
        ("panic_later", vec![panicked("panic_later: later")]),
        ("drop", vec![no_reply("drop")]),
        ("drop_async", vec![no_reply("drop_async")]),
        ("forget", vec![]),
        ("nothing", vec![]),
    ];
    let last = RawTerm::from_value(&atom!("last")).unwrap();
    for (name, answers) in cases {
        mailbox.send(node.process("test"), Atom::from_static(name)).await.unwrap();
        for answer in answers {
            assert_eq!(mailbox.receive().await, answer, "{name}");
        }
        // Some time for a second answer, which would then be in front.
        tokio::time::sleep(Duration::from_millis(5)).await;
        mailbox.send(node.process("test"), atom!("last")).await.unwrap();
        assert_eq!(mailbox.receive().await, last, "{name}");
    }
    mailbox.send(node.process("test"), (atom!("bad_argument"), atom!("a"))).await.unwrap();
    let (_, (reason, _)): Refused = mailbox.receive().await.decode().unwrap();
    assert_eq!(reason, "badarg");
    mailbox.send(node.process("test"), atom!("last")).await.unwrap();
    assert_eq!(mailbox.receive().await, last);
}

/// Keeps its callers for ever, and says when it has one.
struct Keeper {
    callers: Arc<Mutex<Vec<Caller>>>,
    kept: Arc<Notify>,
}

impl Service for Keeper {
    fn functions(&self) -> Vec<Function> {
        vec![Function::new("keep", 0), Function::new("hang", 0), Function::new("hang_with_caller", 0)]
    }

    fn call(&self, function: usize, mut call: Call<'_>) -> Handled {
        self.kept.notify_one();
        match function {
            0 => {
                let caller = call.arg().unwrap();
                self.callers.lock().unwrap().push(caller);
                call.no_reply()
            }
            1 => call.run(std::future::pending::<()>()),
            _ => {
                let caller: Caller = call.arg().unwrap();
                call.run(async move {
                    let _caller = caller;
                    std::future::pending::<()>().await
                })
            }
        }
    }
}

#[tokio::test]
async fn the_end_of_a_service_is_told_to_all_who_wait_for_it() {
    for name in ["keep", "hang", "hang_with_caller"] {
        let node = TestNode::serve(Functions::new()).await.unwrap();
        let (callers, kept) = (Arc::default(), Arc::new(Notify::new()));
        let keeper = Keeper { callers: Arc::clone(&callers), kept: kept.clone() };
        let pid = node.node().register("keeper", keeper).unwrap();
        let mut mailbox = node.caller().mailbox();
        mailbox.send(node.process("keeper"), Atom::from_static(name)).await.unwrap();
        kept.notified().await;
        let (to, limit) = (node.process("keeper"), Duration::from_secs(60));
        let caller = node.caller().clone();
        let call = tokio::spawn(async move { caller.call::<RawTerm>(to, Atom::from_static(name), limit).await });
        kept.notified().await;
        assert!(node.node().stop_service(&pid, &atom!("shutdown")).unwrap());
        let answer: Refused = mailbox.receive().await.decode().unwrap();
        assert_eq!(answer, refused("no_reply", &format!("{name}: the service has ended")));
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(&error, CallError::Exit { reason } if reason.to_string() == "shutdown"), "{name}: {error:?}");
        // It is too late for an answer, and nobody is told twice.
        for caller in callers.lock().unwrap().drain(..) {
            caller.reply(atom!("late")).unwrap();
        }
        node.node().register("keeper", Functions::new().add("last", || atom!("last"))).unwrap();
        mailbox.send(node.process("keeper"), atom!("last")).await.unwrap();
        assert_eq!(mailbox.receive().await, RawTerm::from_value(&atom!("last")).unwrap(), "{name}");
        assert!(node.node().0.common.kept.is_empty());
    }
}

/// Runs its work on a runtime that has ended.
struct Blocked(tokio::runtime::Handle);

impl Service for Blocked {
    fn functions(&self) -> Vec<Function> {
        vec![Function::new("work", 0)]
    }

    fn call(&self, _: usize, call: Call<'_>) -> Handled {
        let _context = self.0.enter();
        call.blocking(|| 1)
    }
}

#[tokio::test]
async fn work_whose_runtime_has_ended_is_answered() {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        sender.send(runtime.handle().clone()).unwrap();
        runtime.shutdown_background();
    })
    .join()
    .unwrap();
    let node = TestNode::serve(Blocked(receiver.recv().unwrap())).await.unwrap();
    let answer = refused("no_reply", "work: the runtime has ended");
    assert_eq!(node.request::<Refused>(atom!("work")).await.unwrap(), answer);
    assert_eq!(node.call::<Refused>(atom!("work")).await.unwrap(), answer);
}
