//! Ticks, silence, and the end.

use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Both sides each second for so many seconds.
fn seconds(count: usize, one: &mut Side, other: &mut Side, clock: &Cell<Duration>) -> Result<(), LinkEnd> {
    for _ in 0..count {
        clock.set(clock.get() + SECOND);
        for _ in 0..3 {
            one.run(&other.wire, usize::MAX)?;
            other.run(&one.wire, usize::MAX)?;
        }
        one.check()?;
        other.check()?;
    }
    Ok(())
}

#[test]
fn an_idle_connection_stays_with_few_ticks() {
    let (mut here, mut there, clock) = pair(LinkLimits::default());
    seconds(600, &mut here, &mut there, &clock).unwrap();
    for side in [&mut here, &mut there] {
        // Each quarter of the tick time, and an answer to each of the other side's at most.
        assert!((40..=80).contains(&side.peer().ticks), "{}", side.peer().ticks);
    }
}

#[test]
fn a_peer_with_a_short_tick_time_is_answered_often_enough() {
    let (mut here, mut there, clock) = pair(LinkLimits::default());
    there.life = Life::new(4 * SECOND, clock.get());
    there.idle = Idle::new(0, clock.get());
    there.quarter = SECOND;
    seconds(120, &mut here, &mut there, &clock).unwrap();
    assert!((100..=121).contains(&here.peer().ticks), "{}", here.peer().ticks);
}

#[test]
fn ticks_are_answered_once_a_second_at_most() {
    let (mut here, mut there, clock) = pair(LinkLimits::default());
    for _ in 0..10 {
        here.wire.tick();
        there.run(&here.wire, usize::MAX).unwrap();
        clock.set(clock.get() + 100 * MS);
    }
    here.run(&there.wire, usize::MAX).unwrap();
    assert_eq!((there.peer().ticks, here.peer().ticks), (10, 1));
    here.wire.tick();
    there.run(&here.wire, usize::MAX).unwrap();
    here.run(&there.wire, usize::MAX).unwrap();
    assert_eq!(here.peer().ticks, 2);
}

#[test]
fn output_that_waits_is_as_good_as_a_tick() {
    let (_here, there, _) = pair(LinkLimits::default());
    there.wire.capacity.set(10);
    there.wire.send(&frame(1, 20));
    there.wire.tick();
    assert_eq!(there.wire.waiting(), 14, "no tick in the middle of a frame, and none behind it");
}

#[test]
fn a_silent_peer_is_given_up_after_four_to_five_quarters() {
    for last in [0, 1, 14, 15, 16, 29] {
        let (mut here, there, clock) = pair(LinkLimits::default());
        let start = clock.get();
        let end = loop {
            clock.set(clock.get() + SECOND);
            if clock.get() == start + last * SECOND {
                there.wire.tick();
            }
            here.run(&there.wire, usize::MAX).unwrap();
            if let Err(end) = here.check() {
                break end;
            }
        };
        assert_eq!(end, LinkEnd::TickTimeout(60 * SECOND));
        let silent = clock.get() - start - last * SECOND;
        assert!((60 * SECOND..=75 * SECOND).contains(&silent), "{silent:?} after {last}");
    }
}

#[test]
fn while_reading_is_stopped_silence_means_nothing() {
    let (here, mut there, clock) = pair(LinkLimits { max_in_flight: 1, ..LinkLimits::default() });
    there.peer().keeps = true;
    here.wire.send(&frame(1, 10));
    here.wire.send(&frame(2, 10));
    for _ in 0..300 {
        clock.set(clock.get() + SECOND);
        there.run(&here.wire, usize::MAX).unwrap();
        there.check().unwrap();
    }
    assert_eq!(there.peer().frames.len(), 1);
}

#[test]
fn the_end_waits_for_calls_and_until_all_is_written() {
    let (mut here, mut there, clock) = pair(LinkLimits::default());
    there.peer().keeps = true;
    (0..20).for_each(|number| here.wire.send(&frame(number, 100)));
    // Five have been read and twelve are in the socket when the end is asked for.
    for _ in 0..5 * 104 {
        there.read(&here.wire, 1);
    }
    let rest = here.wire.bytes.borrow_mut().split_off(12 * 104);
    there.stop(&here.wire);
    here.wire.bytes.borrow_mut().extend(rest);
    there.run(&here.wire, usize::MAX).unwrap();
    assert_eq!((there.peer().frames.len(), there.peer().late), (20, 3));
    there.wire.capacity.set(50);
    there.peer().ready = true;
    let mut ends = Ok(());
    for _ in 0..200 {
        clock.set(clock.get() + MS);
        ends = there.run(&here.wire, usize::MAX);
        if ends.is_err() {
            break;
        }
        here.run(&there.wire, usize::MAX).unwrap();
    }
    assert_eq!(ends, Err(LinkEnd::Shutdown));
    here.run(&there.wire, usize::MAX).unwrap();
    assert_eq!(here.peer().frames.len(), 20, "all are answered");
}

/// How many milliseconds the end of a side takes whose peer was answered just before and sends a message each `pause`.
fn end_after(pause: u32) -> u32 {
    let (mut here, mut there, clock) = pair(LinkLimits::default());
    there.peer().echoes = true;
    here.wire.send(&frame(1, 10));
    there.stop(&here.wire);
    for passed in 0..1000 {
        if pause > 0 && passed > 0 && passed % pause == 0 {
            here.wire.send(&frame(2, 10));
        }
        match there.run(&here.wire, usize::MAX) {
            Ok(()) => assert!(there.channel.next_check().is_some_and(|at| at > clock.get()), "somebody wakes it"),
            Err(end) => {
                assert_eq!(end, LinkEnd::Shutdown);
                here.run(&there.wire, usize::MAX).unwrap();
                assert_eq!(here.peer().frames.len(), there.peer().frames.len(), "all are answered");
                return passed;
            }
        }
        clock.set(clock.get() + MS);
    }
    panic!("it never ends");
}

#[test]
fn the_end_waits_for_a_moment_of_silence_but_not_for_long() {
    assert_eq!(end_after(0), 10);
    assert_eq!(end_after(20), 10);
    assert_eq!(end_after(9), 100);
    let (here, mut there, _) = pair(LinkLimits::default());
    there.stop(&here.wire);
    assert_eq!(there.run(&here.wire, usize::MAX), Err(LinkEnd::Shutdown), "nobody was answered");
}
