//! Long messages as real BEAMs send them to a node that does with fragments: put together, and said again in the same bytes.
//! Recorded by `scripts/vectors/fragments.py`.
#![allow(clippy::unwrap_used)]

use std::task::{Context, Poll, Waker};

use nodex_proto::etf::{Decoder, Encoder};
use nodex_proto::protocol::Flags;
use nodex_proto::protocol::channel::{
    Channel, Inbox, Input, Intake, LinkEnd, LinkLimits, Load, Output, Receive, Taken, Transmit,
};
use nodex_proto::protocol::control::{self, Control, Fragment, FrameForm, Op};

/// The frames of one release.
struct Recorded {
    release: &'static str,
    frames: Vec<Vec<u8>>,
}

fn recorded() -> Vec<Recorded> {
    let mut all: Vec<Recorded> = Vec::new();
    for line in include_str!("fragment_vectors.txt").lines().filter(|line| !line.starts_with('#')) {
        let [release, length, head] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut frame: Vec<u8> =
            (0..head.len() / 2).map(|i| u8::from_str_radix(&head[2 * i..][..2], 16).unwrap()).collect();
        frame.resize(length.parse().unwrap(), 0x78);
        match all.last_mut().filter(|last| last.release == release) {
            Some(last) => last.frames.push(frame),
            None => all.push(Recorded { release, frames: vec![frame] }),
        }
    }
    all
}

/// Keeps whole messages.
#[derive(Default)]
struct Messages(Vec<Vec<u8>>);

impl Receive for Messages {
    fn frame<const HEADER: bool>(&mut self, frame: &[u8], _: Input<'_>, _: &mut Encoder) -> Result<Taken, LinkEnd> {
        if Fragment::is_one(frame) {
            return Ok(Taken::Fragment);
        }
        self.0.push(frame.to_vec());
        Ok(Taken::Handled)
    }

    fn last_frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        _: bool,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        self.frame::<HEADER>(frame, input, out)
    }

    fn poll_later(&mut self, _: &mut Context<'_>, _: &mut Encoder) -> Result<(), LinkEnd> {
        Ok(())
    }

    fn has_news(&self) -> bool {
        false
    }

    fn too_long(&mut self, _: &[u8], length: u64, limit: usize, _: &mut Encoder) -> Result<(), LinkEnd> {
        panic!("{length} bytes are over the limit of {limit}")
    }

    fn load(&self) -> Load {
        Load { calls: 0, calls_bytes: 0, replies_bytes: 0 }
    }

    fn alone(&self) -> bool {
        true
    }

    fn may_end(&mut self, _: &mut Context<'_>, _: bool) -> bool {
        false
    }
}

/// Nobody is answered.
#[derive(Default)]
struct Nowhere(Intake);

impl Transmit for Nowhere {
    fn submit(&self, batch: &mut Encoder) -> Result<(), LinkEnd> {
        assert!(batch.is_empty());
        Ok(())
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<Result<(), LinkEnd>> {
        Poll::Ready(Ok(()))
    }

    fn answer_tick(&self) -> Result<(), LinkEnd> {
        Ok(())
    }

    fn answers(&self) -> usize {
        0
    }

    fn has_room(&self) -> bool {
        true
    }

    fn written(&self) -> usize {
        0
    }

    fn intake(&self) -> &Intake {
        &self.0
    }

    fn set_stalled(&self, _: bool) {}

    fn set_handling(&self, _: bool) {}
}

fn with_lengths(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.iter().flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], frame].concat()).collect()
}

/// What comes of these frames, read in pieces.
fn messages(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (limits, form) = (LinkLimits::default(), FrameForm::Header);
    let mut channel = Channel::new(Messages::default(), Nowhere::default(), limits, form);
    let mut inbox = Inbox::new(&[], limits.max_frame).form(form);
    let stream = with_lengths(frames);
    let mut rest = &stream[..];
    while !rest.is_empty() {
        rest = &rest[inbox.push(&rest[..rest.len().min(10_000)])..];
        channel.handle(&mut inbox, Waker::noop(), &mut { usize::MAX }).unwrap();
    }
    std::mem::take(&mut channel.receive_mut().0)
}

#[test]
fn what_beams_send_is_put_together() {
    let releases: Vec<&str> = recorded().iter().map(|recorded| recorded.release).collect();
    assert_eq!(releases, ["25", "23", "27", "29"]);
    for Recorded { release, frames } in recorded() {
        let messages = messages(&frames);
        let read: Vec<(Op, Control<'_>)> =
            messages.iter().map(|message| control::decode_in(FrameForm::Header, message).unwrap()).collect();
        let [
            (Op::SendSender, Control::Send { message: order, .. }),
            (Op::SendSender, Control::Send { message: big, .. }),
            (Op::PayloadExit2, Control::Exit2 { reason, .. }),
        ] = &read[..]
        else {
            panic!("{release}: {} messages", read.len())
        };
        assert_eq!(*order, b"\x68\x03\x77\x05order\x61\x11\x77\x07pending", "{release}");
        for term in [big, reason] {
            assert_eq!(Decoder::new(term).binary().unwrap(), vec![0x78; 200_000], "{release}");
        }
    }
}

/// In fragments of the same lengths and with the same numbers; how a sequence is called is up to whoever sends it.
#[test]
fn what_beams_send_is_said_again_in_the_same_bytes() {
    for Recorded { release, frames } in recorded() {
        let mut output = Output::new(FrameForm::Header, 1 << 30);
        let mut written = Vec::new();
        for message in messages(&frames) {
            let (_, control) = control::decode_in(FrameForm::Header, &message).unwrap();
            output.append(true, |out| control.encode(Flags::NODE, out)).unwrap();
            while output.waiting() > 0 {
                let write = |out: &Encoder, done: usize| {
                    written.extend_from_slice(&out.to_vec()[done..]);
                    Ok::<usize, ()>(out.len())
                };
                output.flush(write).unwrap();
            }
        }
        let mut expected = frames;
        let mut at = 0;
        for frame in &mut expected {
            at += 4;
            if frame[1] != control::HEADER {
                let sequence = u64::from_be_bytes(*written[at + 2..].first_chunk().unwrap());
                assert!((1..10).contains(&sequence), "{release}: {sequence}");
                frame[2..10].copy_from_slice(&sequence.to_be_bytes());
            }
            at += frame.len();
        }
        assert!(written == with_lengths(&expected), "{release}");
    }
}
