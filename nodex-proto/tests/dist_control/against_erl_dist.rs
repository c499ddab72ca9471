//! What erl_dist writes we read, and the other way round.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use erl_dist::DistributionFlags;
use erl_dist::message::{self, Message, channel};
use erl_dist::term::{Atom, FixInteger, List, Mfa, Pid, PidOrAtom, Reference, Term, Tuple};
use futures::executor::block_on;
use futures::io::{AsyncRead, AsyncWrite};
use nodex_proto::etf::Encoder;
use nodex_proto::protocol::Flags;
use nodex_proto::protocol::control::{self, Control, Op, PidTerm, ProcTerm, Target};

/// Bytes that erl_dist writes and reads.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Memory {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<std::io::Result<usize>> {
        let mut bytes = self.0.lock().unwrap();
        let count = buffer.len().min(bytes.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        bytes.drain(..count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn written_by_erl_dist(message: Message) -> Vec<u8> {
    let memory = Memory::default();
    let (mut sender, _) = channel(memory.clone(), DistributionFlags::new());
    block_on(sender.send(message)).unwrap();
    memory.0.lock().unwrap().clone()
}

fn read_by_erl_dist(frame: &[u8]) -> Message {
    let memory = Memory(Arc::new(Mutex::new(frame.to_vec())));
    let (_, mut receiver) = channel(memory, DistributionFlags::new());
    block_on(receiver.recv()).unwrap()
}

fn pid(id: u32) -> Pid {
    Pid { node: Atom::from("a@127.0.0.1"), id, serial: 2, creation: 3 }
}

fn reference() -> Reference {
    Reference { node: Atom::from("b@127.0.0.1"), id: vec![1, 2, 3], creation: 4 }
}

fn name() -> Atom {
    Atom::from("somebody")
}

fn token() -> Term {
    Tuple::from(vec![FixInteger::from(1).into(), Atom::from("label").into(), pid(9).into()]).into()
}

fn body() -> Term {
    Tuple::from(vec![Atom::from("hello").into(), FixInteger::from(-5).into()]).into()
}

fn list(of: &str) -> List {
    List::from(vec![Atom::from(of).into()])
}

/// Every message that erl_dist has, with the op that it must be. `SEND_TT` is left out, because
/// erl_dist reads its fields in the wrong order, and `NODE_LINK`, because nobody sends it.
fn erl_dist_messages() -> Vec<(u8, Message)> {
    use message::*;
    let (from_pid, to_pid) = (pid(1), pid(2));
    let mfa = || Mfa { module: Atom::from("m"), function: Atom::from("f"), arity: FixInteger::from(1) };
    let by_pid = || PidOrAtom::Pid(pid(2));
    let by_name = || PidOrAtom::Atom(name());
    let unlink_id = |id: i32| Term::from(FixInteger::from(id));
    let mut messages: Vec<(u8, Message)> = vec![
        (1, Message::Link(Link { from_pid: from_pid.clone(), to_pid: to_pid.clone() })),
        (2, Message::Send(Send { to_pid: to_pid.clone(), message: body() })),
        (3, Message::Exit(Exit { from_pid: from_pid.clone(), to_pid: to_pid.clone(), reason: body() })),
        (4, Message::Unlink(Unlink { from_pid: from_pid.clone(), to_pid: to_pid.clone() })),
        (6, Message::RegSend(RegSend { from_pid: from_pid.clone(), to_name: name(), message: body() })),
        (7, Message::GroupLeader(GroupLeader { from_pid: from_pid.clone(), to_pid: to_pid.clone() })),
        (8, Message::Exit2(Exit2 { from_pid: from_pid.clone(), to_pid: to_pid.clone(), reason: body() })),
        (13, Message::exit_tt(from_pid.clone(), to_pid.clone(), body(), token())),
        (16, Message::reg_send_tt(from_pid.clone(), name(), body(), token())),
        (
            18,
            Message::Exit2Tt(Exit2Tt {
                from_pid: from_pid.clone(),
                to_pid: to_pid.clone(),
                trace_token: token(),
                reason: body(),
            }),
        ),
        (22, Message::SendSender(SendSender { from_pid: from_pid.clone(), to_pid: to_pid.clone(), message: body() })),
        (
            23,
            Message::SendSenderTt(SendSenderTt {
                from_pid: from_pid.clone(),
                to_pid: to_pid.clone(),
                trace_token: token(),
                message: body(),
            }),
        ),
        (24, Message::PayloadExit(PayloadExit { from_pid: from_pid.clone(), to_pid: to_pid.clone(), reason: body() })),
        (
            25,
            Message::PayloadExitTt(PayloadExitTt {
                from_pid: from_pid.clone(),
                to_pid: to_pid.clone(),
                trace_token: token(),
                reason: body(),
            }),
        ),
        (
            26,
            Message::PayloadExit2(PayloadExit2 { from_pid: from_pid.clone(), to_pid: to_pid.clone(), reason: body() }),
        ),
        (
            27,
            Message::PayloadExit2Tt(PayloadExit2Tt {
                from_pid: from_pid.clone(),
                to_pid: to_pid.clone(),
                trace_token: token(),
                reason: body(),
            }),
        ),
        (
            29,
            Message::SpawnRequest(SpawnRequest {
                req_id: reference(),
                from_pid: from_pid.clone(),
                group_leader: to_pid.clone(),
                mfa: mfa(),
                opt_list: list("monitor"),
                arg_list: list("one"),
            }),
        ),
        (
            30,
            Message::SpawnRequestTt(SpawnRequestTt {
                req_id: reference(),
                from_pid: from_pid.clone(),
                group_leader: to_pid.clone(),
                mfa: mfa(),
                opt_list: list("monitor"),
                trace_token: token(),
                arg_list: list("one"),
            }),
        ),
        (33, Message::AliasSend(AliasSend { from_pid: from_pid.clone(), alias: reference(), message: body() })),
        (
            34,
            Message::AliasSendTt(AliasSendTt {
                from_pid: from_pid.clone(),
                alias: reference(),
                trace_token: token(),
                message: body(),
            }),
        ),
        (35, Message::UnlinkId(UnlinkId { id: unlink_id(7), from_pid: from_pid.clone(), to_pid: to_pid.clone() })),
        (
            36,
            Message::UnlinkIdAck(UnlinkIdAck {
                id: unlink_id(300),
                from_pid: from_pid.clone(),
                to_pid: to_pid.clone(),
            }),
        ),
    ];
    for to_proc in [by_pid(), by_name()] {
        let from_proc = to_proc.clone();
        messages.extend([
            (
                19,
                Message::MonitorP(MonitorP {
                    from_pid: from_pid.clone(),
                    to_proc: to_proc.clone(),
                    reference: reference(),
                }),
            ),
            (
                20,
                Message::DemonitorP(DemonitorP {
                    from_pid: from_pid.clone(),
                    to_proc: to_proc.clone(),
                    reference: reference(),
                }),
            ),
            (
                21,
                Message::MonitorPExit(MonitorPExit {
                    from_proc: from_proc.clone(),
                    to_pid: to_pid.clone(),
                    reference: reference(),
                    reason: body(),
                }),
            ),
            (
                28,
                Message::PayloadMonitorPExit(PayloadMonitorPExit {
                    from_proc: from_proc.clone(),
                    to_pid: to_pid.clone(),
                    reference: reference(),
                    reason: body(),
                }),
            ),
            (
                31,
                Message::SpawnReply(SpawnReply {
                    req_id: reference(),
                    to_pid: to_pid.clone(),
                    flags: FixInteger::from(3),
                    result: from_proc.clone(),
                }),
            ),
            (
                32,
                Message::SpawnReplyTt(SpawnReplyTt {
                    req_id: reference(),
                    to_pid: to_pid.clone(),
                    flags: FixInteger::from(1),
                    result: from_proc,
                    trace_token: token(),
                }),
            ),
        ]);
    }
    messages
}

/// Flags of a peer that makes us choose this op.
fn flags_for(op: u8) -> Flags {
    let modern = Flags::HIDDEN;
    match op {
        2 | 12 => modern.without(Flags::SEND_SENDER),
        3 | 8 | 13 | 18 | 21 => modern.without(Flags::EXIT_PAYLOAD),
        4 => modern.without(Flags::UNLINK_ID),
        _ => modern,
    }
}

#[test]
fn erl_dist_and_we_understand_each_other() {
    let mut seen: Vec<u8> = Vec::new();
    for (number, message) in erl_dist_messages() {
        let frame = written_by_erl_dist(message.clone());
        let (op, ours) = control::decode(&frame[4..]).unwrap();
        assert_eq!(op.number(), number);
        seen.push(number);
        let mut out = Encoder::new();
        ours.encode(flags_for(number), &mut out).unwrap();
        let again = out.to_vec();
        assert_eq!(again[9], number);
        assert_eq!(read_by_erl_dist(&again), message);
    }
    let unseen: Vec<u8> = Op::all().map(Op::number).filter(|number| !seen.contains(number)).collect();
    assert_eq!(unseen, [12, 37]);
}

#[test]
fn fields_are_not_swapped() {
    // erl_dist proves that what goes in comes out; this, that it is the right field in between.
    let encoded = |term: Term| {
        let mut bytes = Vec::new();
        term.encode(&mut bytes).unwrap();
        bytes.split_off(1)
    };
    let (from_pid, to_pid) = (encoded(pid(1).into()), encoded(pid(2).into()));
    let (from, to) = (PidTerm::new(&from_pid).unwrap(), PidTerm::new(&to_pid).unwrap());
    let (body, token) = (encoded(body()), encoded(token()));
    for (number, message) in erl_dist_messages() {
        let frame = written_by_erl_dist(message);
        match control::decode(&frame[4..]).unwrap().1 {
            Control::Link { from: f, to: t }
            | Control::GroupLeader { from: f, to: t }
            | Control::Unlink { from: f, to: t, .. }
            | Control::UnlinkAck { from: f, to: t, .. } => assert_eq!((f, t), (from, to)),
            Control::Send { from: f, to: target, token: k, message, priority } => {
                assert_eq!((f.is_some(), f.unwrap_or(from)), (number != 2, from));
                assert_eq!((k.is_some(), k.unwrap_or(&token)), (matches!(number, 16 | 23 | 34), &token[..]));
                assert_eq!((message, priority), (&body[..], false));
                match target {
                    Target::Pid(pid) => assert_eq!(pid, to),
                    Target::Name(atom) => assert_eq!(atom.name().unwrap(), "somebody"),
                    Target::Alias(alias) => assert_eq!(alias.as_bytes(), encoded(reference().into())),
                }
            }
            Control::Exit { from: f, to: t, token: k, reason } => {
                assert_eq!((f, t, reason), (from, to, &body[..]));
                assert_eq!(k, matches!(number, 13 | 25).then_some(&token[..]));
            }
            Control::Exit2 { from: f, to: t, token: k, reason, priority } => {
                assert_eq!((f, t, reason, priority), (from, Target::Pid(to), &body[..], false));
                assert_eq!(k, matches!(number, 18 | 27).then_some(&token[..]));
            }
            Control::Monitor { from: f, to: t, reference: r } | Control::Demonitor { from: f, to: t, reference: r } => {
                assert_eq!((f, r.as_bytes()), (from, &encoded(reference().into())[..]));
                check_process(t, to);
            }
            Control::MonitorExit { from: f, to: t, reference: r, reason } => {
                assert_eq!((t, r.as_bytes(), reason), (to, &encoded(reference().into())[..], &body[..]));
                check_process(f, to);
            }
            Control::SpawnRequest {
                id,
                from: f,
                group_leader,
                module,
                function,
                arity,
                options,
                token: k,
                arguments,
            } => {
                assert_eq!((f, group_leader, arity), (from, to, 1));
                assert_eq!(id.as_bytes(), encoded(reference().into()));
                assert_eq!((module.name_bytes(), function.name_bytes()), (&b"m"[..], &b"f"[..]));
                assert_eq!(options, encoded(list("monitor").into()));
                assert_eq!(arguments, encoded(list("one").into()));
                assert_eq!(k, (number == 30).then_some(&token[..]));
            }
            Control::SpawnReply { id, to: t, flags, result, token: k } => {
                assert_eq!((id.as_bytes(), t), (&encoded(reference().into())[..], to));
                assert_eq!(flags, if number == 31 { 3 } else { 1 });
                check_process(result, to);
                assert_eq!(k, (number == 32).then_some(&token[..]));
            }
        }
    }
}

fn check_process(process: ProcTerm<'_>, pid: PidTerm<'_>) {
    match process {
        ProcTerm::Pid(found) => assert_eq!(found, pid),
        ProcTerm::Name(name) => assert_eq!(name.name().unwrap(), "somebody"),
    }
}
