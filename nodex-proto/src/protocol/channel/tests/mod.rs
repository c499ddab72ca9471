//! Two channels in memory, and a clock that is moved by hand.

mod flow;
mod fragments;
mod order;
mod time;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    Channel, Handled, Idle, Inbox, Input, Intake, Life, LinkEnd, LinkLimits, Load, Output, ProtocolError, Receive,
    Room, Taken, Transmit,
};
use crate::{
    etf::{Encoder, VERSION},
    protocol::control::{Fragment, FrameForm, PASS_THROUGH},
};

/// What a frame that stands for a breach of the protocol consists of.
const BREACH: &[u8] = b"breach";

/// The way to the other side.
struct Wire {
    output: RefCell<Output>,
    /// What the other side has not read.
    bytes: RefCell<VecDeque<u8>>,
    /// How much of that there may be.
    capacity: Cell<usize>,
    written: Cell<usize>,
    stalled: Cell<bool>,
    intake: Intake,
    clock: Rc<Cell<Duration>>,
}

impl Wire {
    fn write(&self, out: &Encoder, done: usize) -> Result<usize, LinkEnd> {
        let mut bytes = self.bytes.borrow_mut();
        let count = (out.len() - done).min(self.capacity.get().saturating_sub(bytes.len()));
        bytes.extend(&out.to_vec()[done..done + count]);
        self.written.set(self.written.get() + count);
        Ok(done + count)
    }

    /// Sends something that nobody has asked for.
    fn send(&self, frame: &[u8]) {
        self.output.borrow_mut().append(true, |out| put(out, frame));
        self.flush();
    }

    fn flush(&self) {
        self.output.borrow_mut().flush(|out, done| self.write(out, done)).unwrap();
    }

    fn tick(&self) {
        self.output.borrow_mut().tick(self.clock.get(), |out, done| self.write(out, done)).unwrap();
    }

    fn waiting(&self) -> usize {
        self.output.borrow().waiting()
    }
}

impl Transmit for Rc<Wire> {
    fn submit(&self, batch: &mut Encoder) -> Result<(), LinkEnd> {
        self.output.borrow_mut().submit(batch, |out, done| self.write(out, done))?;
        batch.clear();
        Ok(())
    }

    fn poll_flush(&self, _context: &mut Context<'_>) -> Poll<Result<(), LinkEnd>> {
        self.flush();
        if self.waiting() == 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn answer_tick(&self) -> Result<(), LinkEnd> {
        if self.output.borrow().answers_tick(self.clock.get()) {
            self.tick();
        }
        Ok(())
    }

    fn answers(&self) -> usize {
        self.output.borrow_mut().answers()
    }

    fn has_room(&self) -> bool {
        true
    }

    fn written(&self) -> usize {
        self.written.get()
    }

    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn set_stalled(&self, stalled: bool) {
        self.stalled.set(stalled);
    }

    fn set_handling(&self, _handling: bool) {}
}

/// What came, of which frames are sent back if `echoes`.
#[derive(Default)]
struct Peer {
    echoes: bool,
    frames: Vec<Vec<u8>>,
    too_long: Vec<(Vec<u8>, u64)>,
    /// What they are over.
    limits: Vec<usize>,
    ticks: usize,
    /// Frames that came after the end was asked for.
    late: usize,
    /// Frames that are not answered before [`Receive::poll_later`] finds `ready`.
    waiting: Vec<Vec<u8>>,
    keeps: bool,
    ready: bool,
    ending: bool,
    shared: bool,
}

impl Receive for Peer {
    fn frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        if HEADER && Fragment::is_one(frame) {
            return Ok(Taken::Fragment);
        }
        if frame == BREACH {
            return Err(ProtocolError::ToOtherNode.into());
        }
        // A slice of what was read, and no copy.
        self.frames.push(input.owner().slice_ref(frame).to_vec());
        if self.keeps {
            self.waiting.push(frame.to_vec());
            return Ok(Taken::Kept);
        }
        if self.echoes {
            put(out, frame);
        }
        Ok(Taken::Handled)
    }

    fn last_frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        late: bool,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        let taken = self.frame::<HEADER>(frame, input, out)?;
        self.late += usize::from(late && taken != Taken::Fragment);
        Ok(taken)
    }

    fn tick(&mut self) -> bool {
        self.ticks += 1;
        true
    }

    fn poll_later(&mut self, _context: &mut Context<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        if self.ready {
            self.waiting.drain(..).for_each(|frame| put(out, &frame));
        }
        Ok(())
    }

    fn has_news(&self) -> bool {
        false
    }

    fn too_long(&mut self, head: &[u8], length: u64, limit: usize, _out: &mut Encoder) -> Result<(), LinkEnd> {
        if !head.starts_with(&[PASS_THROUGH, VERSION]) && !head.starts_with(FrameForm::Header.start()) {
            return Err(LinkEnd::FrameTooLong { length, limit: 0 });
        }
        self.limits.push(limit);
        self.too_long.push((head.to_vec(), length));
        Ok(())
    }

    fn load(&self) -> Load {
        Load { calls: self.waiting.len(), calls_bytes: self.waiting.iter().map(Vec::len).sum(), replies_bytes: 0 }
    }

    fn alone(&self) -> bool {
        !self.shared
    }

    fn may_end(&mut self, _context: &mut Context<'_>, drained: bool) -> bool {
        self.ending && drained && self.waiting.is_empty()
    }
}

/// One end of a connection.
struct Side {
    channel: Channel<Peer, Rc<Wire>>,
    inbox: Inbox,
    wire: Rc<Wire>,
    life: Life,
    idle: Idle,
    quarter: Duration,
    heard: Cell<bool>,
}

impl Side {
    fn new(limits: LinkLimits, form: FrameForm, clock: &Rc<Cell<Duration>>) -> Self {
        let wire = Rc::new(Wire {
            output: RefCell::new(Output::new(form, limits.max_fragments)),
            bytes: RefCell::default(),
            capacity: Cell::new(usize::MAX),
            written: Cell::new(0),
            stalled: Cell::new(false),
            intake: Intake::default(),
            clock: clock.clone(),
        });
        Side {
            channel: Channel::new(Peer::default(), wire.clone(), limits, form),
            inbox: Inbox::new(&[], limits.max_frame).form(form),
            wire,
            life: Life::new(limits.tick_time, clock.get()),
            idle: Idle::new(0, clock.get()),
            quarter: limits.tick_time / 4,
            heard: Cell::new(true),
        }
    }

    fn peer(&mut self) -> &mut Peer {
        self.channel.receive_mut()
    }

    /// Reads what `from` has in pieces of this size and handles it, until there is no more or it has to wait.
    fn run(&mut self, from: &Wire, piece: usize) -> Result<(), LinkEnd> {
        let mut context = Context::from_waker(Waker::noop());
        let mut turn = self.channel.turn();
        loop {
            self.channel.poll_later(&mut context)?;
            let handled = self.channel.handle(&mut self.inbox, Waker::noop(), &mut turn)?;
            if handled == Handled::Turn {
                return Ok(());
            }
            self.channel.settle(&mut context, || self.wire.clock.get())?;
            if self.channel.is_congested() {
                assert!(!self.channel.is_reading() && self.wire.stalled.get());
                return Ok(());
            }
            if handled == Handled::All && !self.read(from, piece) {
                return Ok(());
            }
        }
    }

    fn read(&mut self, from: &Wire, piece: usize) -> bool {
        let Some(Room { buffer, most }) = self.inbox.room() else { return true };
        let mut bytes = from.bytes.borrow_mut();
        let count = most.min(buffer.capacity() - buffer.len()).min(piece).min(bytes.len());
        if count == 0 {
            return false;
        }
        buffer.extend(bytes.drain(..count));
        self.heard.set(true);
        self.wire.intake.read(count);
        self.inbox.filled(count);
        true
    }

    /// Has the end asked for; so much has not been read.
    fn stop(&mut self, from: &Wire) {
        self.wire.intake.drain(|| from.bytes.borrow().len(), self.wire.written());
        self.peer().ending = true;
    }

    /// Ticks if that is due, and looks after the peer.
    fn check(&mut self) -> Result<(), LinkEnd> {
        let now = self.wire.clock.get();
        self.idle.check(self.wire.written(), now);
        if self.idle.is_due(now, self.quarter) {
            self.wire.tick();
            self.idle = Idle::new(self.wire.written(), now);
        }
        let reading = self.channel.is_reading();
        self.life.check(now, || self.heard.replace(false), reading).map(drop)
    }
}

/// Two ends of one connection.
fn pair(limits: LinkLimits) -> (Side, Side, Rc<Cell<Duration>>) {
    pair_in(FrameForm::PassThrough, limits)
}

/// The same with frames in this form.
fn pair_in(form: FrameForm, limits: LinkLimits) -> (Side, Side, Rc<Cell<Duration>>) {
    let clock = Rc::new(Cell::new(Duration::from_secs(1000)));
    (Side::new(limits, form, &clock), Side::new(limits, form, &clock), clock)
}

/// A frame with its length.
fn put(out: &mut Encoder, frame: &[u8]) {
    out.put_slice(&(frame.len() as u32).to_be_bytes());
    out.put_slice(frame);
}

/// A frame that begins as those of a BEAM do, of this length and with a number in it.
fn frame(number: usize, length: usize) -> Vec<u8> {
    let mut frame = vec![number as u8; length];
    frame.iter_mut().zip([PASS_THROUGH, VERSION]).for_each(|(byte, start)| *byte = start);
    frame
}
