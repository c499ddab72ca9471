//! Code and configuration for BEAMs that the host starts: compiled at run time, read from files, carried over.

use crate::support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nodex_core::{
    atom,
    convert::{Binary, Charlist},
    error::Chain,
    node::{ExceptionClass, RpcError},
    term::{Atom, RawTerm},
};
use nodex_host::{
    Distributed, Environment, ObjectCode,
    distributed::{CompileError, LoadProblem},
};
use support::{
    net::up,
    otp::{Otp, for_each_release},
    slaves::{LIMIT, finish, of},
    within,
};

for_each_release!(a_module_compiled_at_run_time, elixir_modules, object_code_of_every_release);

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}

const GREETER: &str = "
    %% Forms end with a dot; 'a.b' and \"a. b\" are none.
    -module(greeter).
    -export([hello/1, fail/2]).
    -record(greeting, {word = 'hel.lo', name}).
    hello(Name) -> #greeting{name = {Name, node()}}.
    fail(error, Reason) -> error(Reason);
    fail(exit, Reason) -> exit(Reason);
    fail(throw, Reason) -> throw(Reason).
";

/// The documented example of the Elixir package Nodex: compile, ship to a fresh node, call there.
fn a_module_compiled_at_run_time(otp: &Otp) {
    run(async {
        let net = up().await;
        let slaves = of(otp).spawn_many(&net, 2).await.expect("two slaves");
        let (one, two) = (slaves[0].node(), slaves[1].node());
        let greeter = net.compile_erlang(one, GREETER, LIMIT).await.expect("it is correct");
        assert_eq!(greeter.module, "greeter");
        let undefined = slaves[1].rpc::<RawTerm>("greeter", "hello", &[&1], LIMIT).await.expect_err("not there yet");
        assert_eq!(undefined.exception().expect("an exception").reason.to_string(), "undef");
        net.load_module(two, &greeter, LIMIT).await.expect("it is loaded");
        let greeting: (Atom, Atom, (String, Atom)) =
            slaves[1].rpc("greeter", "hello", &[&"world"], LIMIT).await.expect("a greeting");
        assert_eq!(greeting, (atom!("greeting"), atom!("hel.lo"), ("world".into(), two.clone())));
        let which: Charlist = slaves[1].rpc("code", "which", &[&atom!("greeter")], LIMIT).await.expect("its file");
        assert_eq!(which.0, "greeter.beam");
        assert!(slaves[0].rpc::<RawTerm>("greeter", "hello", &[&1], LIMIT).await.is_err(), "only where it was loaded");

        // To all of them; a new version replaces the old one, again and again.
        for version in 1..4i64 {
            let source = format!("-module(greeter). -export([version/0]). version() -> {version}.");
            let greeter = net.compile_erlang(two, &source, LIMIT).await.expect("it is correct");
            net.load_module_everywhere(&greeter, LIMIT).await.expect("it is loaded");
            for slave in &slaves {
                let loaded: i64 = slave.rpc("greeter", "version", &[], LIMIT).await.expect("a version");
                assert_eq!(loaded, version);
            }
        }
        finish(net, slaves).await;
    });
}

fn elixir_modules(otp: &Otp) {
    run(async {
        let net = up().await;
        let elixir = of(otp).code_path("/usr/lib/elixir/lib/elixir/ebin").application(atom!("elixir"));
        let slaves = elixir.spawn_many(&net, 2).await.expect("two slaves");
        let source = "
            defmodule Greeter do
              defmodule Word do
                def hello, do: \"hello\"
              end
              def hello(name), do: {:ok, \"#{Word.hello()} #{name}\", node()}
            end";
        let mut modules = net.compile_elixir(slaves[0].node(), source, LIMIT).await.expect("it is correct");
        modules.sort_by(|one, other| one.module.cmp(&other.module));
        let names: Vec<_> = modules.iter().map(|code| code.module.as_str()).collect();
        assert_eq!(names, ["Elixir.Greeter", "Elixir.Greeter.Word"]);
        for code in &modules {
            net.load_module(slaves[1].node(), code, LIMIT).await.expect("it is loaded");
        }
        let (ok, text, node): (Atom, String, Atom) =
            slaves[1].rpc("Elixir.Greeter", "hello", &[&"world"], LIMIT).await.expect("a greeting");
        assert_eq!((ok.as_str(), text.as_str(), &node), ("ok", "hello world", slaves[1].node()));
        let error =
            net.compile_elixir(slaves[0].node(), "defmodule Greeter do def", LIMIT).await.expect_err("no Elixir");
        assert!(matches!(&error, CompileError::Elixir { message } if message.contains("nofile")), "{error}");
        finish(net, slaves).await;
    });
}

/// The name of a module is read from the files of each release.
fn object_code_of_every_release(otp: &Otp) {
    run(async {
        let net = up().await;
        let slave = of(otp).spawn(&net).await.expect("a slave");
        for module in ["lists", "gen_server", "rpc"] {
            let code = net.load_object_code(slave.node(), module, LIMIT).await.expect("an answer").expect("a module");
            assert_eq!(code.module, module);
            assert!(code.file.ends_with(format!("ebin/{module}.beam")), "{}", code.file.display());
            let read = ObjectCode::new(code.binary.clone(), &code.file).expect("a compiled module");
            assert_eq!(read, code);
        }
        assert_eq!(net.load_object_code(slave.node(), "no_such_module", LIMIT).await.expect("an answer"), None);
        finish(net, [slave]).await;
    });
}

/// A folder with a compiled module `shop`, removed at the end.
struct Shop(PathBuf);

impl Shop {
    fn compiled(name: &str) -> Shop {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let shop = Shop(folder);
        let source = "-module(shop). -export([owner/0]). owner() -> application:get_env(shop, owner, nobody).";
        fs::write(shop.0.join("shop.erl"), source).expect("a file");
        let erlc =
            Command::new("erlc").arg("shop.erl").current_dir(&shop.0).status().expect("erlc (Debian: erlang-base)");
        assert!(erlc.success());
        shop
    }

    fn beam(&self) -> PathBuf {
        self.0.join("shop.beam")
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn beam() -> Otp {
    Otp::installed(None)
}

#[tokio::test]
async fn a_file_of_erlc() {
    let shop = Shop::compiled("file");
    let code = ObjectCode::read(shop.beam()).expect("a compiled module");
    assert_eq!((code.module.as_str(), &code.file), ("shop", &shop.beam()));
    let net = up().await;
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    net.load_module(slave.node(), &code, LIMIT).await.expect("it is loaded");
    let owner: Atom = slave.rpc("shop", "owner", &[], LIMIT).await.expect("an owner");
    assert_eq!(owner, "nobody");
    finish(net, [slave]).await;

    let read = |file: &Path| Chain(&ObjectCode::read(file).unwrap_err()).to_string();
    let missing = read(&shop.0.join("no.beam"));
    assert!(missing.contains("no.beam cannot be read: No such file"), "{missing}");
    assert!(read(&shop.0).contains("cannot be read: Is a directory"));
    let source = read(&shop.0.join("shop.erl"));
    assert!(source.ends_with("shop.erl is no compiled Erlang module: it does not begin with FOR1"), "{source}");
}

#[tokio::test]
async fn what_a_code_server_refuses() {
    let net = up().await;
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    let node = slave.node().clone();
    let problem =
        async |code: &ObjectCode| net.load_module(&node, code, LIMIT).await.expect_err("it is refused").problem;
    let greeter = net.compile_erlang(&node, GREETER, LIMIT).await.expect("it is correct");

    let renamed = ObjectCode { module: atom!("other"), ..greeter.clone() };
    assert!(matches!(problem(&renamed).await, LoadProblem::BadFile));
    let cut = ObjectCode { binary: greeter.binary.slice(..greeter.binary.len() / 2), ..greeter.clone() };
    assert!(matches!(problem(&cut).await, LoadProblem::BadFile));
    let lists = net.compile_erlang(&node, "-module(lists).", LIMIT).await.expect("it is correct");
    assert!(matches!(problem(&lists).await, LoadProblem::StickyDirectory));
    let loading = "-module(loads). -on_load(load/0). load() -> no.";
    let loads = net.compile_erlang(&node, loading, LIMIT).await.expect("it is correct");
    assert!(matches!(problem(&loads).await, LoadProblem::OnLoadFailure));
    let nobody = net.load_module("nobody@127.0.0.1", &greeter, LIMIT).await.expect_err("no such node");
    assert!(matches!(nobody.problem, LoadProblem::Rpc(RpcError::Connect(_))), "{nobody}");
    assert!(Chain(&nobody).to_string().starts_with("greeter cannot be loaded into nobody@127.0.0.1: "), "{nobody}");
    let all = net.load_module_everywhere(&lists, LIMIT).await.expect_err("it is refused");
    assert_eq!(all.len(), 1);
    assert_eq!(
        Chain(&all[0]).to_string(),
        "lists cannot be loaded into slave1@127.0.0.1: it would replace a module of Erlang/OTP (sticky_directory)"
    );
    finish(net, [slave]).await;
}

#[tokio::test]
async fn what_a_compiler_refuses() {
    let net = up().await;
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    let cases = [
        ("-module(m). \"no end", "unterminated string"),
        ("-module(m).\nf() -> ), 1.", "2: syntax error before: ')'"),
        ("-module(m).\n-export([f/0]).\ng() -> 1.", "2: function f/0 undefined"),
        ("-module(m). f() -> ?MACRO.", "syntax error before"),
        ("-module(m). f() -> 1", "syntax error"),
        ("%% nothing", "no module definition"),
        ("f() -> 1.", "no module definition"),
        ("-module(m). -export([f/0]). f() -> X. g( -> 2.", "syntax error before: '->'"),
    ];
    for (source, expected) in cases {
        let error = net.compile_erlang(slave.node(), source, LIMIT).await.expect_err("it is not correct");
        assert!(matches!(&error, CompileError::Erlang { errors } if !errors.is_empty()), "{error}");
        assert!(Chain(&error).to_string().contains(expected), "{source}: {error}");
    }
    // No Elixir there.
    let error = net.compile_elixir(slave.node(), "1", LIMIT).await.expect_err("no Elixir");
    assert!(matches!(error, CompileError::Rpc(RpcError::Error { .. })), "{error}");
    finish(net, [slave]).await;
}

#[tokio::test]
async fn exceptions_have_their_class_and_their_reason() {
    let net = up().await;
    let slave = of(&beam()).spawn(&net).await.expect("a slave");
    let greeter = net.compile_erlang(slave.node(), GREETER, LIMIT).await.expect("it is correct");
    net.load_module(slave.node(), &greeter, LIMIT).await.expect("it is loaded");
    let reason = (atom!("bad"), 1);
    for (name, class) in
        [("error", ExceptionClass::Error), ("exit", ExceptionClass::Exit), ("throw", ExceptionClass::Throw)]
    {
        let kind = Atom::new(name).unwrap();
        let error = net.rpc::<RawTerm>(slave.node(), "greeter", "fail", &[&kind, &reason], LIMIT).await.unwrap_err();
        let exception = error.exception().expect("an exception");
        assert_eq!((exception.class, exception.reason.to_string()), (class, "{bad,1}".to_owned()));
        assert_eq!(exception.stack.is_some(), class == ExceptionClass::Error);
    }
    let wrong = net.rpc::<i64>(slave.node(), "erlang", "node", &[], LIMIT).await.unwrap_err();
    assert_eq!(wrong.exception(), None);
    finish(net, [slave]).await;
}

async fn owner(net: &Distributed, node: &str) -> String {
    net.rpc::<RawTerm>(node, "shop", "owner", &[], LIMIT).await.expect("an owner").to_string()
}

#[tokio::test]
async fn code_paths_and_configuration_are_given_and_carried_over() {
    let shop = Shop::compiled("carried");
    let net = up().await;
    let mut environment = Environment::new();
    environment.set(atom!("shop"), atom!("owner"), (atom!("mrs"), "Smith")).expect("a term");
    // More than a pipe holds at once.
    environment.set(atom!("shop"), atom!("stock"), Binary(vec![7; 3 << 20])).expect("a term");
    // The BEAM that everything is carried over from is one like any other.
    let given = of(&beam()).code_path(&shop.0).environment(&environment).env("HOME", "/a/home").env("SHOP", "open");
    let given = given.spawn(&net).await.expect("a slave");
    assert_eq!(owner(&net, given.node()).await, "{mrs,<<\"Smith\">>}");
    let variable = async |name: &str| -> String {
        given.rpc::<Charlist>("os", "getenv", &[&Charlist::from(name)], LIMIT).await.expect("a variable").0
    };
    assert_eq!((variable("SHOP").await.as_str(), variable("HOME").await.as_str()), ("open", "/a/home"));
    let first: Vec<Charlist> = given.rpc("code", "get_path", &[], LIMIT).await.expect("its code path");
    assert_eq!(first[0].0, shop.0.to_str().unwrap());

    let loaded = (atom!("application"), atom!("shop"), Vec::<(Atom, Atom)>::new());
    let _: RawTerm = given.rpc("application", "load", &[&loaded], LIMIT).await.expect("it is loaded");
    let paths = within(60, "the code paths", net.code_paths(given.node(), LIMIT)).await.expect("the code paths");
    assert_eq!(paths, [&*shop.0]);
    let read = net.environment(given.node(), LIMIT).await.expect("the environment");
    assert!(read.get("shop", "owner").is_some() && read.get("stdlib", "no").is_none());
    assert!(!read.applications().any(|name| *name == "kernel"));

    let carried = of(&beam()).code_paths(paths).code_paths(["/no/such/folder"]).environment(&read);
    let carried = carried.spawn(&net).await.expect("a slave");
    assert_eq!(owner(&net, carried.node()).await, "{mrs,<<\"Smith\">>}");
    let size: usize = {
        let stock: (Atom, Binary) =
            carried.rpc("application", "get_env", &[&atom!("shop"), &atom!("stock")], LIMIT).await.expect("the stock");
        stock.1.len()
    };
    assert_eq!(size, 3 << 20);
    // Both see each other, and neither has left the folder of its first cookie behind.
    let visible: Vec<Atom> = carried.rpc("erlang", "nodes", &[], LIMIT).await.expect("nodes");
    assert!(visible.is_empty());
    for slave in [&given, &carried] {
        let mark = support::slaves::mark(slave.pid());
        let (_, value) = mark.split_once('=').unwrap();
        assert!(!std::env::temp_dir().join(format!("nodex-{value}")).exists());
    }
    finish(net, [given, carried]).await;
}

#[test]
fn the_example() {
    let output = Command::new(support::example("ship_code")).env("HOME", "/nowhere").output().expect("it starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed, "hello world from slave2@127.0.0.1\nslave1@127.0.0.1: Error undef\n", "{output:?}");
    assert!(output.status.success());
}
