//! What a node makes of its host's time is its own matter: `nodex up` answers, restarts and stops the others meanwhile.

use crate::support;

use std::{fs, time::Duration};

use support::{
    example,
    fleet::{Fleet, HOST, kill},
};

const LONG: Duration = Duration::from_secs(60);

/// Health answers of some megabytes without a pause, from several nodes.
#[test]
fn health_answers_of_any_size() {
    let exec = example("pong");
    let node = |name: &str, call: &str| {
        let exec = exec.display();
        format!(
            "[[node]]\nname = \"{name}\"\nexec = \"{exec}\"\n\
             health = {{ call = '{call}', interval = \"1ms\", timeout = \"60s\", failures = 1 }}\n"
        )
    };
    let big: String = ["a", "b", "c"].map(|name| node(name, "{big, 4}")).concat();
    let fleet = Fleet::new("");
    let notes = fleet.folder.join("notes");
    let noted = node("d", &format!("{{note, <<\"{}\">>, <<\"asked\">>}}", notes.display()));
    fleet.write("nodex.toml", &format!("{HOST}[supervisor]\nbackoff = {{ first = \"1ms\" }}\n{big}{noted}"));
    let up = fleet.up();
    let asked = || fs::read_to_string(&notes).unwrap_or_default().lines().count();
    for round in 1..=3 {
        // One that says little is asked as before.
        let before = asked();
        while asked() < before + 10 {
            std::thread::sleep(Duration::from_millis(1));
        }
        kill(&fleet.node("d")["pid"]);
        let node = fleet.wait("d", |node| node["state"] == "up" && node["restarts"] == round);
        assert_eq!(node["last_cause"], "its process ended: killed by SIGKILL");
    }
    for name in ["a", "b", "c"] {
        let node = fleet.node(name);
        assert!(node["state"] == "up" && node["restarts"] == 0, "{node}");
    }
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    fleet.left_nothing(&ended);
}
