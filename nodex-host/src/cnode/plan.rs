//! The command line and the environment of a start.

use std::ffi::OsString;

use super::{CnodeBuilder, HostNode, Protocol};
use crate::process::Launch;

/// A planned start.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) node: String,
    pub(super) launch: Launch,
    /// `None` when the protocol has no ready line.
    pub(super) ready_line: Option<String>,
    /// Whether it is built with nodex, so that its exit status has a meaning.
    pub(super) ours: bool,
}

impl Plan {
    /// Plans a start. `ours` says that the executable reads its cookie from the environment.
    pub(super) fn new(options: &CnodeBuilder, host: &HostNode, sname: &str, creation: u32, ours: bool) -> Plan {
        let hostname = options.hostname.as_deref().unwrap_or_else(|| host.hostname());
        let node = format!("{sname}@{hostname}");
        // The host decides how it is found, whatever its own environment contains.
        let mut env = vec![("ERL_DIST_PORT".into(), host.dist_port().map(|port| port.to_string().into()))];
        let mut set = |name: &str, value: &str| env.push((OsString::from(name), Some(OsString::from(value))));
        set("ERL_EPMD_PORT", &host.epmd_port().to_string());
        let (protocol_args, ready_line): (Vec<OsString>, _) = match &options.protocol {
            Protocol::Nodex => {
                set("NODEX_DRAIN", &format!("{}ms", options.time_to_drain().as_millis()));
                if std::env::var_os("NODEX_LOG").is_none() {
                    // Of a cast that fails, nobody learns but by the log.
                    set("NODEX_LOG", "error");
                }
                // A cookie that is itself a hyphen would be taken for the sign that it is elsewhere.
                let cookie = if ours || host.cookie() == "-" {
                    set("NODEX_COOKIE", host.cookie());
                    "-"
                } else {
                    host.cookie()
                };
                ([sname, hostname, cookie, host.alive()].map(OsString::from).into(), Some(format!("{node} ready")))
            }
            Protocol::Bundlex => {
                set("BUNDLEX_ERLANG_COOKIE", host.cookie());
                let creation = creation.to_string();
                ([hostname, sname, &node, &creation].map(OsString::from).into(), Some("ready".to_owned()))
            }
            Protocol::Plain { args } => (args.clone(), None),
        };
        let args = options.leading_args.iter().cloned().chain(protocol_args).collect();
        // What the user sets comes last and wins.
        env.extend(options.process.env.iter().cloned());
        let launch =
            Launch { program: options.exec_path.clone(), args, env, cwd: options.cwd.clone(), input: Vec::new() };
        Plan { node, launch, ready_line: options.ready_line.clone().or(ready_line), ours }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn plan(options: &CnodeBuilder, cookie: &str) -> Plan {
        let (host, ours) = (HostNode::new("master@127.0.0.1", cookie).unwrap(), options.cookie_in_env == Some(true));
        Plan::new(options, &host.with_epmd_port(4711), "calc", 7, ours)
    }

    #[test]
    fn how_the_host_is_found() {
        let options = CnodeBuilder::new("/bin/true");
        let given = |plan: &Plan, name: &str| plan.launch.env.iter().rfind(|(known, _)| known == name).cloned();
        let by_epmd = plan(&options, "secret");
        assert_eq!(env(&by_epmd, "ERL_EPMD_PORT"), Some("4711"));
        assert_eq!(given(&by_epmd, "ERL_DIST_PORT"), Some(("ERL_DIST_PORT".into(), None)), "not inherited");
        let host = HostNode::new("master@127.0.0.1", "secret").unwrap().with_dist_port(9100);
        let without = Plan::new(&options, &host, "calc", 7, true);
        assert_eq!(env(&without, "ERL_DIST_PORT"), Some("9100"));
        let users = plan(&options.env("ERL_DIST_PORT", "9200"), "secret");
        assert_eq!(env(&users, "ERL_DIST_PORT"), Some("9200"), "what the user sets wins");
    }

    fn args(plan: &Plan) -> Vec<&str> {
        plan.launch.args.iter().map(|arg| arg.to_str().unwrap()).collect()
    }

    fn env<'a>(plan: &'a Plan, name: &str) -> Option<&'a str> {
        plan.launch.env.iter().rfind(|(known, _)| known == name)?.1.as_ref()?.to_str()
    }

    #[test]
    fn nodex() {
        let plan = plan(&CnodeBuilder::new("/bin/true"), "secret");
        assert_eq!(args(&plan), ["calc", "127.0.0.1", "secret", "master"]);
        assert_eq!(plan.node, "calc@127.0.0.1");
        assert_eq!(plan.ready_line.as_deref(), Some("calc@127.0.0.1 ready"));
        assert_eq!(env(&plan, "NODEX_COOKIE"), None);
    }

    #[test]
    fn nodex_with_the_cookie_in_the_environment() {
        let plan_ = plan(&CnodeBuilder::new("/bin/true").cookie_in_env(true), "secret");
        assert_eq!(args(&plan_), ["calc", "127.0.0.1", "-", "master"]);
        assert_eq!(env(&plan_, "NODEX_COOKIE"), Some("secret"));
        let plan_ = plan(&CnodeBuilder::new("/bin/true"), "-");
        assert_eq!((args(&plan_)[2], env(&plan_, "NODEX_COOKIE")), ("-", Some("-")));
    }

    #[test]
    fn a_node_is_told_how_long_it_has_and_always_has_less_than_that() {
        let drain = |options: &CnodeBuilder| {
            let plan = plan(options, "secret");
            (env(&plan, "NODEX_DRAIN").unwrap().to_owned(), options.process.stop.grace)
        };
        let (options, second) = (CnodeBuilder::new("/bin/true"), Duration::from_secs(1));
        assert_eq!(drain(&options), ("4000ms".to_owned(), 5 * second));
        assert_eq!(drain(&options.clone().stop_grace(second)), ("800ms".to_owned(), second));
        assert_eq!(drain(&options.clone().drain(2 * second)), ("2000ms".to_owned(), 5 * second));
        assert_eq!(drain(&options.clone().drain(60 * second)), ("60000ms".to_owned(), 61 * second));
        assert_eq!(drain(&options.clone().drain(60 * second).stop_grace(second)), ("800ms".to_owned(), second));
        assert_eq!(drain(&options.clone().stop_grace(Duration::ZERO)).0, "0ms");
        assert_eq!(drain(&options.clone().drain(Duration::MAX)).0, "86400000ms");
        let told = options.env("NODEX_DRAIN", "1s");
        assert_eq!(drain(&told).0, "1s");
    }

    #[test]
    fn a_node_is_told_to_do_without_fragments() {
        let options = CnodeBuilder::new("/bin/true");
        assert_eq!(env(&plan(&options, "secret"), "NODEX_FRAGMENTS"), None);
        assert_eq!(env(&plan(&options.clone().fragments(false), "secret"), "NODEX_FRAGMENTS"), Some("off"));
        assert_eq!(env(&plan(&options.fragments(true), "secret"), "NODEX_FRAGMENTS"), Some("on"));
    }

    #[test]
    fn leading_arguments() {
        let options = CnodeBuilder::new("/bin/true").leading_arg("-jar").leading_arg("node.jar");
        assert_eq!(args(&plan(&options, "c")), ["-jar", "node.jar", "calc", "127.0.0.1", "c", "master"]);
    }

    #[test]
    fn bundlex() {
        let options = CnodeBuilder::new("/bin/true").protocol(Protocol::Bundlex).hostname("box");
        let plan = plan(&options, "secret");
        assert_eq!(args(&plan), ["box", "calc", "calc@box", "7"]);
        assert_eq!(env(&plan, "BUNDLEX_ERLANG_COOKIE"), Some("secret"));
        assert_eq!(plan.ready_line.as_deref(), Some("ready"));
    }

    #[test]
    fn plain() {
        let options = CnodeBuilder::new("/bin/true").protocol(Protocol::Plain { args: vec!["-v".into()] });
        let plan_ = plan(&options, "secret");
        assert_eq!(args(&plan_), ["-v"]);
        assert_eq!(plan_.ready_line, None);
        assert_eq!(env(&plan_, "ERL_EPMD_PORT"), Some("4711"));
        let plan_ = plan(&options.ready_line("up"), "secret");
        assert_eq!(plan_.ready_line.as_deref(), Some("up"));
    }
}
