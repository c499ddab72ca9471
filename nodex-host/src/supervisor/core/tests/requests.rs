//! What a supervisor is asked for at run time.

use super::*;

#[test]
fn children_that_are_added_later() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let mut script = Script::up(strategy, "a");
        script.add('b', Restart::permanent(), Fresh::Added);
        assert_eq!(script.says(), "start b");
        assert_eq!(script.failed('b'), "remove b", "not kept when it does not start");
        script.add('c', Restart::permanent(), Fresh::Added);
        assert_eq!(script.says(), "start c");
        script.up_is('c');
        assert_eq!(script.stop(), "ending: stopped, stop c");
    }
}

#[test]
fn terminate_restart_delete() {
    let mut script = Script::up(Strategy::OneForOne, "ab");
    assert_eq!(script.terminate('a'), "stop a");
    assert_eq!(script.stopped('a'), "");
    assert_eq!(script.restart('a'), "start a");
    assert_eq!(script.failed('a'), "", "it stays down");
    assert_eq!(script.status('a'), Some(Status::Down));
    assert_eq!(script.restart('a'), "start a");
    script.up_is('a');
    script.terminate('a');
    script.stopped('a');
    script.core.delete(script.key('a'), script.now);
    assert_eq!(script.says(), "remove a");
    assert_eq!(script.status('a'), None);
}

#[test]
fn terminating_a_child_that_waits_for_its_restart() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        let mut script = Script::up(strategy, "a");
        script.down('a');
        script.stopped('a');
        assert_eq!(script.terminate('a'), "");
        assert_eq!(script.due_in(), None);
        assert_eq!(script.after(10_000), "");
        assert_eq!(script.status('a'), Some(Status::Down));
    }
}

#[test]
fn terminating_a_child_that_starts() {
    let mut script = Script::up(Strategy::OneForOne, "a");
    script.down('a');
    script.stopped('a');
    script.after(100);
    assert_eq!(script.terminate('a'), "stop a");
    script.core.started(script.key('a'), true, script.now);
    assert_eq!(script.says(), "", "what it says now comes too late");
    assert_eq!(script.stopped('a'), "");
}
