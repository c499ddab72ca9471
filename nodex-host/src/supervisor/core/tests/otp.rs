//! The same decisions as OTP's supervisor makes: transcripts of it, recorded by `scripts/vectors/supervisor.escript`.
//! Children start and stop at once here, and there is no pause before a restart.

use std::collections::HashMap;

use super::*;

const TRANSCRIPTS: &str = include_str!("otp.txt");

/// A supervisor and its made-up children.
struct World {
    core: Core,
    now: Instant,
    /// Ids, in the order in which they were added.
    ids: Vec<String>,
    /// Processes that run.
    running: HashMap<Key, bool>,
    /// How many of the next starts of an id fail.
    fails: HashMap<String, u32>,
    log: Vec<String>,
    ended: bool,
}

fn restart_of(spec: &str) -> (String, Restart) {
    let (id, kind) = spec.split_once('=').unwrap();
    let restart = match kind.trim_end_matches('!') {
        "permanent" => Restart::permanent(),
        "transient" => Restart::transient(),
        "temporary" => Restart::temporary(),
        other => panic!("{other}"),
    };
    (id.to_owned(), restart.significant(kind.ends_with('!')))
}

impl World {
    fn new(scenario: &str) -> World {
        let words: Vec<_> = scenario.split(' ').collect();
        let rules = Rules {
            strategy: match words[0] {
                "one_for_one" => Strategy::OneForOne,
                "one_for_all" => Strategy::OneForAll,
                "rest_for_one" => Strategy::RestForOne,
                other => panic!("{other}"),
            },
            auto_shutdown: match words[1] {
                "never" => AutoShutdown::Never,
                "any_significant" => AutoShutdown::AnySignificant,
                "all_significant" => AutoShutdown::AllSignificant,
                other => panic!("{other}"),
            },
            intensity: Intensity::new(words[2].parse().unwrap(), 3_600_000 * MS),
            at_once: 1,
        };
        let mut world = World {
            core: Core::new(rules),
            now: Instant::now(),
            ids: Vec::new(),
            running: HashMap::new(),
            fails: HashMap::new(),
            log: Vec::new(),
            ended: false,
        };
        world.core.wake(world.now);
        for spec in &words[3..] {
            world.add(spec, Fresh::Initial);
        }
        world.act();
        world
    }

    fn add(&mut self, spec: &str, fresh: Fresh) {
        let (id, restart) = restart_of(spec);
        let key = u64::try_from(self.ids.len()).unwrap();
        self.ids.push(id);
        self.core.add(Member::new(key, &restart, Backoff::NONE, fresh, 0), self.now);
    }

    fn id(&self, key: Key) -> String {
        self.ids[usize::try_from(key).unwrap()].clone()
    }

    /// The child that has this id now.
    fn find(&self, id: &str) -> Option<(Key, Status)> {
        self.core.children().find(|(key, _)| self.id(*key) == id)
    }

    fn act(&mut self) {
        while let Some(action) = self.core.poll() {
            match action {
                Action::Start(key) => {
                    let fails = self.fails.entry(self.ids[usize::try_from(key).unwrap()].clone()).or_default();
                    let up = *fails == 0;
                    *fails = fails.saturating_sub(1);
                    self.log.push(format!("{} {}", if up { "start" } else { "fail" }, self.id(key)));
                    self.running.insert(key, up);
                    self.core.started(key, up, self.now);
                }
                Action::Stop(key) => {
                    if self.running.insert(key, false) == Some(true) {
                        self.log.push(format!("stop {}", self.id(key)));
                    }
                    self.core.stopped(key, self.now);
                }
                Action::Ended(_) => self.ended = true,
                Action::Remove(_) | Action::Restart { .. } | Action::GaveUp(_) | Action::Ending(_) => {}
            }
        }
        assert_eq!(self.core.due(), None, "nothing waits for time");
    }

    fn obey(&mut self, request: &str) -> String {
        let words: Vec<_> = request.split(' ').collect();
        let answer = match words[..] {
            ["up"] => return request.to_owned(),
            ["fails", id, count] => {
                self.fails.insert(id.to_owned(), count.parse().unwrap());
                return request.to_owned();
            }
            [how @ ("normal" | "crash"), id] => {
                let (key, _) = self.find(id).unwrap();
                self.running.insert(key, false);
                self.core.down(key, how == "normal", self.now);
                self.act();
                return request.to_owned();
            }
            ["terminate", id, _] => match self.find(id) {
                Some((key, _)) => {
                    self.core.terminate(key, self.now);
                    "ok"
                }
                None => "not_found",
            },
            ["restart", id, _] => match self.find(id) {
                Some((key, Status::Down)) => {
                    self.core.restart(key, self.now);
                    self.act();
                    if self.running[&key] { "ok" } else { "failed" }
                }
                Some(_) => "running",
                None => "not_found",
            },
            ["delete", id, _] => match self.find(id) {
                Some((key, Status::Down)) => {
                    self.core.delete(key, self.now);
                    "ok"
                }
                Some(_) => "running",
                None => "not_found",
            },
            ["add", spec, _] => match self.find(&restart_of(spec).0) {
                Some((_, Status::Up)) => "already_started",
                Some(_) => "already_present",
                None => {
                    self.add(spec, Fresh::Added);
                    self.act();
                    if self.running.values().len() == self.ids.len() && self.running[&(self.ids.len() as u64 - 1)] {
                        "ok"
                    } else {
                        "failed"
                    }
                }
            },
            _ => panic!("{request}"),
        };
        self.act();
        format!("{} {} {answer}", words[0], words[1])
    }

    fn children(&self) -> String {
        if self.ended {
            return "ended".to_owned();
        }
        let child = |(key, status)| match status {
            Status::Up => self.id(key),
            Status::Down => format!("-{}", self.id(key)),
            other => panic!("{other:?} at rest"),
        };
        self.core.children().map(child).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn decides_as_otp_does() {
    let mut world = None;
    let (mut scenario, mut scenarios, mut ended) = ("", 0, 0);
    for (number, line) in TRANSCRIPTS.lines().enumerate() {
        if let Some(rest) = line.strip_prefix("scenario ") {
            world = Some(World::new(rest));
            (scenario, scenarios) = (rest, scenarios + 1);
            continue;
        }
        let world = world.as_mut().unwrap();
        let request = world.obey(line.split(" | ").next().unwrap());
        let found = format!("{request} | {} | {}", world.log.join(", "), world.children());
        assert_eq!(found, line, "in line {}, scenario {scenario}", number + 1);
        world.log.clear();
        ended += u32::from(world.ended);
    }
    assert!(scenarios > 100 && ended > 50, "{scenarios} scenarios, {ended} of them to the end");
}
