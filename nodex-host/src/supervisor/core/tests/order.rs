//! Starting and stopping, in order.

use super::*;

#[test]
fn starts_in_order_and_stops_in_reverse_order() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let mut script = Script::new(rules(strategy));
        for name in "abc".chars() {
            script.add(name, Restart::permanent(), Fresh::Initial);
        }
        assert_eq!(script.says(), "start a");
        assert_eq!(script.up_is('a'), "start b");
        assert_eq!(script.up_is('b'), "start c");
        assert!(!script.core.is_running());
        assert_eq!(script.up_is('c'), "");
        assert!(script.core.is_running());
        assert_eq!(script.stop(), "ending: stopped, stop c");
        assert_eq!(script.stopped('c'), "stop b");
        assert_eq!(script.stopped('b'), "stop a");
        assert_eq!(script.stopped('a'), "ended: stopped");
        assert_eq!(script.stop(), "");
    }
}

#[test]
fn some_at_a_time_if_so_wished() {
    let mut script = Script::new(Rules { at_once: 2, ..rules(Strategy::OneForOne) });
    for name in "abcd".chars() {
        script.add(name, Restart::permanent(), Fresh::Initial);
    }
    assert_eq!(script.says(), "start a, start b");
    assert_eq!(script.up_is('b'), "start c");
    assert_eq!(script.up_is('a'), "start d");
    script.up_is('c');
    script.up_is('d');
    assert_eq!(script.stop(), "ending: stopped, stop d, stop c");
    assert_eq!(script.stopped('c'), "stop b");
    assert_eq!(script.stopped('b'), "stop a");
    assert_eq!(script.stopped('a'), "");
    assert_eq!(script.stopped('d'), "ended: stopped");
}

#[test]
fn a_child_that_does_not_start_ends_the_start() {
    let mut script = Script::new(rules(Strategy::OneForOne));
    for name in "abc".chars() {
        script.add(name, Restart::permanent(), Fresh::Initial);
    }
    script.says();
    script.up_is('a');
    assert_eq!(script.failed('b'), "ending: b did not start, stop a");
    assert_eq!(script.stopped('a'), "ended: b did not start");
}

#[test]
fn nobody_to_start() {
    let mut script = Script::new(rules(Strategy::OneForAll));
    assert_eq!(script.after(0), "");
    assert!(script.core.is_running());
    assert_eq!(script.stop(), "ending: stopped, ended: stopped");
}

#[test]
fn stopping_calls_starts_off() {
    let mut script = Script::new(rules(Strategy::OneForOne));
    script.add('a', Restart::permanent(), Fresh::Initial);
    script.add('b', Restart::permanent(), Fresh::Initial);
    script.says();
    assert_eq!(script.stop(), "ending: stopped, stop a");
    assert_eq!(script.stopped('a'), "ended: stopped");
}

#[test]
fn a_failure_while_all_is_stopped_is_none() {
    let mut script = Script::up(Strategy::OneForAll, "ab");
    script.stop();
    assert_eq!(script.down('a'), "stop a");
    script.stopped('a');
    assert_eq!(script.stopped('b'), "ended: stopped");
}

#[test]
fn not_all_at_once_after_a_great_failure() {
    let names: String = (0..200).filter_map(|count| char::from_u32(0x4e00 + count)).collect();
    let rules = Rules { intensity: Intensity::new(u32::MAX, 5000 * MS), ..rules(Strategy::OneForOne) };
    let mut script = Script::up_with(rules, &names.clone(), |_| Restart::permanent());
    for key in 0..200 {
        script.core.down(key, false, script.now);
        script.core.stopped(key, script.now);
    }
    script.says();
    assert_eq!(script.after(100).matches("start").count(), 64);
    assert_eq!(script.core.due(), None, "time alone changes nothing");
    assert_eq!(script.up_is('一').matches("start").count(), 1);
}
