//! Pauses, and restarts that are too many.

use super::*;

#[test]
fn pauses_double_and_begin_anew_after_a_stable_time() {
    let mut script = Script::up_with(
        Rules { intensity: Intensity::new(1000, 5000 * MS), ..rules(Strategy::OneForOne) },
        "a",
        |_| Restart::permanent(),
    );
    for (up_for, pause) in [(0, 100), (0, 200), (9_999, 400), (10_000, 100), (0, 200)] {
        script.after(up_for);
        assert_eq!(script.down('a'), format!("stop a, restart a in {:?}", MS * pause));
        script.stopped('a');
        assert_eq!(script.after(pause), "start a");
        script.up_is('a');
    }
    script.down('a');
    script.stopped('a');
    script.after(400);
    assert_eq!(script.failed('a'), "restart a in 800ms", "a failed start counts as well");
}

#[test]
fn too_many_restarts_are_the_end() {
    let mut script = Script::up(Strategy::OneForOne, "abc");
    for pause in [100, 200, 400] {
        assert_eq!(script.down('b'), format!("stop b, restart b in {:?}", MS * pause));
        script.stopped('b');
        script.after(pause);
        script.up_is('b');
    }
    assert_eq!(script.down('b'), "stop b, ending: gave up, last b, stop c");
    assert_eq!(script.stopped('c'), "");
    assert_eq!(script.stopped('b'), "stop a");
    assert_eq!(script.stopped('a'), "ended: gave up, last b");
}

#[test]
fn failures_of_different_children_add_up() {
    let mut script = Script::up(Strategy::OneForOne, "abcd");
    for name in "abc".chars() {
        assert!(!script.down(name).contains("ending"), "{name}");
    }
    assert!(script.down('d').contains("ending: gave up, last d"));
}

#[test]
fn restarts_that_are_long_ago_do_not_add_up() {
    let mut script = Script::up(Strategy::OneForOne, "a");
    for _ in 0..100 {
        assert!(!script.down('a').contains("ending"));
        script.stopped('a');
        // Longer than any pause of this child, and than a third of the time in which they are counted.
        script.after(1700);
        script.up_is('a');
        script.after(10_000);
    }
}

#[test]
fn a_limit_of_its_own_keeps_one_child_down_and_no_other() {
    let own = |name| match name {
        'a' => Restart::permanent().at_most(1, 5000 * MS).backoff(Backoff::NONE),
        _ => Restart::permanent(),
    };
    let mut script = Script::up_with(rules(Strategy::OneForOne), "ab", own);
    assert_eq!(script.down('a'), "stop a, restart a in 0ns");
    assert_eq!(script.stopped('a'), "start a");
    script.up_is('a');
    assert_eq!(script.down('a'), "stop a, give a up");
    assert_eq!(script.stopped('a'), "");
    assert_eq!((script.status('a'), script.status('b')), (Some(Status::Down), Some(Status::Up)));
    // After a manual start its limit begins again.
    assert_eq!(script.restart('a'), "start a");
    script.up_is('a');
    assert_eq!(script.down('a'), "stop a, restart a in 0ns");

    let mut script = Script::up_with(rules(Strategy::OneForAll), "ab", own);
    script.down('a');
    script.stopped('a');
    script.stopped('b');
    script.up_is('a');
    assert_eq!(script.down('a'), "stop a, ending: gave up, last a, stop b");
}
