//! What supervisors decide, as transcripts. Time is made up.

use super::{super::Restart, *};
use crate::supervisor::Backoff;

const MS: Duration = Duration::from_millis(1);

/// A supervisor whose children are named by letters, in start order.
struct Script {
    core: Core,
    names: String,
    now: Instant,
}

fn rules(strategy: Strategy) -> Rules {
    Rules { strategy, intensity: Intensity::new(3, 5000 * MS), auto_shutdown: AutoShutdown::Never, at_once: 1 }
}

/// The pauses are 100, 200, 400, .. ms.
fn backoff() -> Backoff {
    Backoff { first: 100 * MS, max: 10_000 * MS, jitter: 0.0, stable: 10_000 * MS }
}

impl Script {
    fn new(rules: Rules) -> Script {
        Script { core: Core::new(rules), names: String::new(), now: Instant::now() }
    }

    /// With permanent children that are all up.
    fn up(strategy: Strategy, names: &str) -> Script {
        Script::up_with(rules(strategy), names, |_| Restart::permanent())
    }

    fn up_with(rules: Rules, names: &str, restart: impl Fn(char) -> Restart) -> Script {
        let mut script = Script::new(rules);
        for name in names.chars() {
            script.add(name, restart(name), Fresh::Initial);
        }
        for name in names.chars() {
            script.core.started(script.key(name), true, script.now);
        }
        script.says();
        assert!(script.core.is_running());
        script
    }

    fn add(&mut self, name: char, restart: Restart, fresh: Fresh) {
        self.names.push(name);
        self.core.add(Member::new(self.key(name), &restart, backoff(), fresh, 0), self.now);
    }

    fn key(&self, name: char) -> Key {
        u64::try_from(self.names.chars().position(|known| known == name).unwrap()).unwrap()
    }

    fn name(&self, key: Key) -> char {
        self.names.chars().nth(usize::try_from(key).unwrap()).unwrap()
    }

    /// What is to be done now, in words.
    fn says(&mut self) -> String {
        let mut words = Vec::new();
        while let Some(action) = self.core.poll() {
            words.push(match action {
                Action::Start(key) => format!("start {}", self.name(key)),
                Action::Stop(key) => format!("stop {}", self.name(key)),
                Action::Remove(key) => format!("remove {}", self.name(key)),
                Action::Restart { key, pause } => format!("restart {} in {pause:?}", self.name(key)),
                Action::GaveUp(key) => format!("give {} up", self.name(key)),
                Action::Ending(end) => format!("ending: {}", self.end(end)),
                Action::Ended(end) => format!("ended: {}", self.end(end)),
            });
        }
        words.join(", ")
    }

    fn end(&self, end: End) -> String {
        match end {
            End::Stopped => "stopped".to_owned(),
            End::StartFailed(key) => format!("{} did not start", self.name(key)),
            End::GaveUp(key) => format!("gave up, last {}", self.name(key)),
            End::AutoShutdown(key) => format!("{} was significant", self.name(key)),
        }
    }

    fn up_is(&mut self, name: char) -> String {
        self.core.started(self.key(name), true, self.now);
        self.says()
    }

    fn failed(&mut self, name: char) -> String {
        self.core.started(self.key(name), false, self.now);
        self.says()
    }

    fn down(&mut self, name: char) -> String {
        self.core.down(self.key(name), false, self.now);
        self.says()
    }

    fn ends_normally(&mut self, name: char) -> String {
        self.core.down(self.key(name), true, self.now);
        self.says()
    }

    fn stopped(&mut self, name: char) -> String {
        self.core.stopped(self.key(name), self.now);
        self.says()
    }

    fn after(&mut self, ms: u32) -> String {
        self.now += MS * ms;
        self.core.wake(self.now);
        self.says()
    }

    fn due_in(&self) -> Option<Duration> {
        self.core.due().map(|due| due - self.now)
    }

    fn terminate(&mut self, name: char) -> String {
        self.core.terminate(self.key(name), self.now);
        self.says()
    }

    fn restart(&mut self, name: char) -> String {
        self.core.restart(self.key(name), self.now);
        self.says()
    }

    fn stop(&mut self) -> String {
        self.core.stop(self.now);
        self.says()
    }

    fn status(&self, name: char) -> Option<Status> {
        self.core.status(self.key(name))
    }
}

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
    // Started by hand it has its limit anew.
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
