//! Two networks with one cable between them.

use std::{
    fs::File,
    os::fd::AsFd,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

pub(crate) const LEFT: &str = "10.213.77.1";
pub(crate) const RIGHT: &str = "10.213.77.2";

/// Two network namespaces. Removed at the end, and with them the cable.
pub(crate) struct Networks {
    name: String,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Networks {
    /// # Panics
    /// When the system does not let this process make any.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let networks =
            Networks { name: format!("nodex{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)) };
        let [left, right] = [Side::Left, Side::Right].map(|side| networks.namespace(side));
        for namespace in [&left, &right] {
            ip(&["netns", "add", namespace]);
            ip(&["-n", namespace, "link", "set", "lo", "up"]);
        }
        ip(&["link", "add", "cable", "netns", &left, "type", "veth", "peer", "name", "cable", "netns", &right]);
        for (namespace, address) in [(&left, LEFT), (&right, RIGHT)] {
            ip(&["-n", namespace, "address", "add", &format!("{address}/30"), "dev", "cable"]);
            ip(&["-n", namespace, "link", "set", "cable", "up"]);
        }
        networks
    }

    fn namespace(&self, side: Side) -> String {
        let letter = match side {
            Side::Left => "l",
            Side::Right => "r",
        };
        format!("{}{letter}", self.name)
    }

    /// Runs something in one of the networks: threads and processes that it starts are there as well.
    pub(crate) fn inside<T: Send>(&self, side: Side, run: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", self.namespace(side));
        let enter = || {
            let namespace = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("it can be entered");
            run()
        };
        thread::scope(|scope| scope.spawn(enter).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Pulls the cable out.
    pub(crate) fn cut(&self) {
        ip(&["-n", &self.namespace(Side::Left), "link", "set", "cable", "down"]);
    }

    pub(crate) fn mend(&self) {
        ip(&["-n", &self.namespace(Side::Left), "link", "set", "cable", "up"]);
    }

    /// Has both ends treat what they send in this way (`tc-netem`, `tc-tbf`). False when the kernel cannot.
    pub(crate) fn shape(&self, words: &str) -> bool {
        [Side::Left, Side::Right].into_iter().all(|side| {
            let mut tc = Command::new("tc");
            tc.args(["-n", &self.namespace(side), "qdisc", "replace", "dev", "cable", "root"]);
            tc.args(words.split(' ')).output().expect("tc starts (Debian: iproute2)").status.success()
        })
    }
}

impl Networks {
    /// Takes both away; true if nothing is left of them.
    pub(crate) fn remove(&self) -> bool {
        let gone = [Side::Left, Side::Right].map(|side| {
            let namespace = self.namespace(side);
            // Fails when it is gone already.
            let _ = Command::new("ip").args(["netns", "del", &namespace]).output();
            !Path::new("/run/netns").join(namespace).exists()
        });
        gone == [true, true]
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        // Nothing can be done about one that stays.
        let _ = self.remove();
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip starts (Debian: iproute2)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {}: {said} (network namespaces need root)", arguments.join(" "));
}
