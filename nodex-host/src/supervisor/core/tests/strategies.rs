//! Which children an end concerns.

use super::*;

#[test]
fn one_for_one() {
    let mut script = Script::up(Strategy::OneForOne, "abc");
    assert_eq!(script.down('b'), "stop b, restart b in 100ms");
    assert_eq!(script.status('b'), Some(Status::Restarting));
    assert_eq!(script.due_in(), None, "it is not gone yet");
    assert_eq!(script.stopped('b'), "");
    assert_eq!(script.due_in(), Some(100 * MS));
    assert_eq!(script.after(99), "");
    assert_eq!(script.after(1), "start b");
    assert_eq!(script.up_is('b'), "");
    assert_eq!(script.due_in(), None);
}

#[test]
fn one_for_one_does_not_wait_for_others() {
    let mut script = Script::up(Strategy::OneForOne, "abc");
    script.down('b');
    script.stopped('b');
    assert_eq!(script.after(100), "start b");
    assert_eq!(script.down('c'), "stop c, restart c in 100ms");
    assert_eq!(script.stopped('c'), "");
    assert_eq!(script.after(100), "start c", "though b is still starting");
}

#[test]
fn one_for_all() {
    let mut script = Script::up(Strategy::OneForAll, "abc");
    assert_eq!(script.down('b'), "stop b, restart b in 100ms, stop c");
    assert_eq!(script.stopped('c'), "stop a");
    assert_eq!(script.stopped('a'), "");
    assert_eq!(script.after(150), "", "what is left of b");
    assert_eq!(script.stopped('b'), "start a");
    assert_eq!(script.up_is('a'), "start b");
    assert_eq!(script.up_is('b'), "start c");
    assert_eq!(script.up_is('c'), "");
}

#[test]
fn rest_for_one() {
    let mut script = Script::up(Strategy::RestForOne, "abcd");
    assert_eq!(script.down('b'), "stop b, restart b in 100ms, stop d");
    script.stopped('b');
    assert_eq!(script.stopped('d'), "stop c");
    assert_eq!(script.stopped('c'), "");
    assert_eq!(script.due_in(), Some(100 * MS));
    assert_eq!(script.after(100), "start b");
    assert_eq!(script.up_is('b'), "start c");
    assert_eq!(script.up_is('c'), "start d");
    assert_eq!(script.up_is('d'), "");
    assert_eq!(script.down('d'), "stop d, restart d in 100ms", "nothing comes after it");
}

#[test]
fn the_last_pause_of_a_group_counts() {
    let mut script = Script::up(Strategy::RestForOne, "abc");
    script.down('c');
    script.stopped('c');
    assert_eq!(script.after(50), "");
    assert_eq!(script.down('a'), "stop a, restart a in 100ms, stop b");
    script.stopped('a');
    script.stopped('b');
    assert_eq!(script.after(99), "");
    assert_eq!(script.after(1), "start a");
}

#[test]
fn a_failure_in_the_middle_of_the_restart_of_a_group() {
    let mut script = Script::up(Strategy::OneForAll, "abc");
    script.down('a');
    for name in "abc".chars() {
        script.stopped(name);
    }
    assert_eq!(script.after(100), "start a");
    assert_eq!(script.up_is('a'), "start b");
    // The one that is up ends, the one that starts is called off.
    assert_eq!(script.down('a'), "stop a, restart a in 200ms, stop b");
    assert_eq!(script.stopped('a'), "");
    assert_eq!(script.stopped('b'), "");
    assert_eq!(script.after(200), "start a");
    script.up_is('a');
    assert_eq!(script.failed('b'), "restart b in 100ms, stop a");
    assert_eq!(script.stopped('a'), "");
    assert_eq!(script.after(100), "start a");
}

#[test]
fn an_end_while_it_waits_to_be_stopped() {
    let mut script = Script::up(Strategy::OneForAll, "abc");
    assert_eq!(script.down('c'), "stop c, restart c in 100ms, stop b");
    assert_eq!(script.down('a'), "stop a", "no failure of its own");
    script.stopped('a');
    script.stopped('b');
    script.stopped('c');
    assert_eq!(script.after(100), "start a");
}

#[test]
fn permanent_transient_temporary() {
    let types = |name| match name {
        'p' => Restart::permanent(),
        't' => Restart::transient(),
        _ => Restart::temporary(),
    };
    let script = || Script::up_with(rules(Strategy::OneForOne), "ptx", types);
    assert_eq!(script().down('p'), "stop p, restart p in 100ms");
    assert_eq!(script().ends_normally('p'), "stop p, restart p in 100ms");
    assert_eq!(script().down('t'), "stop t, restart t in 100ms");
    let mut transient = script();
    assert_eq!(transient.ends_normally('t'), "stop t");
    assert_eq!(transient.stopped('t'), "");
    assert_eq!(transient.status('t'), Some(Status::Down));
    for mut temporary in [script(), script()] {
        temporary.ends_normally('x');
        assert_eq!(temporary.stopped('x'), "remove x");
        assert_eq!(temporary.status('x'), None);
    }
    let mut temporary = script();
    assert_eq!(temporary.down('x'), "stop x");
    assert_eq!(temporary.stopped('x'), "remove x");
}

#[test]
fn a_temporary_child_goes_down_with_its_group_and_does_not_come_back() {
    let types = |name| if name == 'x' { Restart::temporary() } else { Restart::permanent() };
    let mut script = Script::up_with(rules(Strategy::OneForAll), "axb", types);
    assert_eq!(script.down('a'), "stop a, restart a in 100ms, stop b");
    script.stopped('a');
    assert_eq!(script.stopped('b'), "stop x");
    assert_eq!(script.stopped('x'), "remove x");
    assert_eq!(script.after(100), "start a");
    assert_eq!(script.up_is('a'), "start b");
}

#[test]
fn a_child_that_was_terminated_comes_back_with_its_group() {
    let mut script = Script::up(Strategy::OneForAll, "ab");
    assert_eq!(script.terminate('a'), "stop a");
    assert_eq!(script.status('a'), Some(Status::Stopping));
    assert_eq!(script.stopped('a'), "");
    assert_eq!(script.status('a'), Some(Status::Down));
    assert_eq!(script.down('b'), "stop b, restart b in 100ms");
    script.stopped('b');
    assert_eq!(script.after(100), "start a");
    assert_eq!(script.up_is('a'), "start b");
}

#[test]
fn significant_children_take_the_supervisor_with_them() {
    let types = |name| match name {
        't' => Restart::transient().significant(true),
        'x' => Restart::temporary().significant(true),
        _ => Restart::permanent().significant(true),
    };
    let script = |auto_shutdown| Script::up_with(Rules { auto_shutdown, ..rules(Strategy::OneForOne) }, "ptx", types);
    let mut never = script(AutoShutdown::Never);
    assert_eq!(never.ends_normally('t'), "stop t");
    assert_eq!(never.down('x'), "stop x");
    let mut any = script(AutoShutdown::AnySignificant);
    assert_eq!(any.down('p'), "stop p, restart p in 100ms");
    assert_eq!(any.down('t'), "stop t, restart t in 100ms", "it comes back");
    assert_eq!(any.down('x'), "stop x, ending: x was significant");
    let mut all = Script::up_with(
        Rules { auto_shutdown: AutoShutdown::AllSignificant, ..rules(Strategy::OneForOne) },
        "atx",
        |name| if name == 'a' { Restart::permanent() } else { types(name) },
    );
    assert_eq!(all.down('x'), "stop x");
    assert_eq!(all.ends_normally('t'), "stop t, ending: t was significant");
    all.stopped('t');
    assert_eq!(all.stopped('x'), "stop a");
}
