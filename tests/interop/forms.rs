//! Requests in the forms of OTP's behaviours, and messages that nobody waits for an answer to: what a BEAM gets, and that
//! nothing is left in its mailbox.

use std::time::Duration;

use nodex_core::atom;
use nodex_core::node::{Call, Function, Functions, Handled, Lock, Node, NodeBuilder, Service, SystemState};
use nodex_core::term::RawTerm;

use nodex_testkit::erl::Beam;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, OURS, World};

for_each_release!(system_messages, stopped_by_others, requests_and_strays, asked_by_rpc);

/// Keeps its argument, returns it to `sys`, and panics there on request.
struct Shelf(Lock<Vec<RawTerm>>);

impl Service for Shelf {
    fn functions(&self) -> Vec<Function> {
        vec![Function::new("put", 1), Function::new("put_slowly", 1), Function::new("system", 2)]
    }

    fn call(&self, function: usize, mut call: Call<'_>) -> Handled {
        match (function, call.arg::<RawTerm>()) {
            (0, Ok(term)) => call.with_mut(&self.0, |shelf| shelf.push(term)),
            (1, Ok(term)) => {
                let shelf = self.0.clone();
                call.run(async move {
                    let mut shelf = shelf.write().await;
                    // So that the next request comes while it holds the state.
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    shelf.push(term);
                })
            }
            (_, Ok(term)) => call.reply((atom!("mine"), term)),
            (_, Err(rejection)) => call.reject(rejection),
        }
    }

    fn system_state(&self) -> Option<SystemState> {
        Some(SystemState::of(&self.0, |shelf| {
            assert!(shelf.len() < 4, "full");
            shelf.clone()
        }))
    }
}

fn functions() -> Functions {
    Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term))
}

/// A node with names, and one whose services answer any.
fn nodes(world: &World) -> [Node; 2] {
    let named = NodeBuilder::new().register("orders", functions()).register("shelf", Shelf(Lock::new(Vec::new())));
    [world.node(OURS, named), world.node("any@127.0.0.1", NodeBuilder::new().service(functions()))]
}

/// What is in the mailbox once everything that was sent before has been answered.
fn assert_nothing_is_left(beam: &mut Beam) {
    let marked = "[begin {orders, N} ! {ping, N}, receive {pong, N} -> ok end end
        || N <- ['ours@127.0.0.1', 'any@127.0.0.1']]";
    assert_eq!(beam.eval(marked), "[ok,ok]");
    assert_eq!(beam.eval("receive Left -> Left after 0 -> nothing end"), "nothing");
}

/// What `sys` asks.
fn system_messages(otp: &Otp) {
    let world = World::new();
    let _nodes = nodes(&world);
    let mut beam = world.beam(otp, BEAM, &[]);
    beam.eval("O = {orders, 'ours@127.0.0.1'}, S = {shelf, 'ours@127.0.0.1'}, A = {orders, 'any@127.0.0.1'}");
    beam.eval("Caught = fun(F) -> try F() catch C:R -> {C, R} end end");

    // The state is that of the time of the question, whatever runs meanwhile.
    assert_eq!(beam.eval("sys:get_state(S)"), "[]");
    assert_eq!(beam.eval("ok = gen_server:call(S, {put, a}), sys:get_state(S, 60000)"), "[a]");
    beam.eval("gen_server:cast(S, {put_slowly, {error, b}})");
    assert_eq!(beam.eval("sys:get_state(S, 60000)"), "[a,{error,b}]");
    assert_eq!(beam.eval("sys:get_state(rpc:call('ours@127.0.0.1', nodex, whereis, [shelf]), 60000)"), "[a,{error,b}]");
    // What is no system message reaches a function of that name.
    assert_eq!(beam.eval("gen_server:call(S, {system, 1, 2})"), "{mine,1}");
    assert_eq!(beam.eval("S ! {system, 1, 2}, receive {mine, _} = Mine -> Mine end"), "{mine,1}");

    let failed = |function: &str| format!("{{error,{{callback_failed,{{nodex,{function}}},{{error,undef}}}}}}");
    for process in ["O", "A", "{net_kernel, 'ours@127.0.0.1'}"] {
        let caught = |call: &str| format!("Caught(fun() -> sys:{call} end)");
        assert_eq!(beam.eval(&caught(&format!("get_state({process}, 60000)"))), failed("system_get_state"));
        let replace = format!("replace_state({process}, fun(X) -> X end, 60000)");
        assert_eq!(beam.eval(&caught(&replace)), failed("system_replace_state"));
        for (call, answer) in [
            ("suspend(", "{error,{unknown_system_msg,suspend}}"),
            ("resume(", "ok"),
            ("trace(, true", "unknown_debug"),
            ("trace(, false", "ok"),
            ("log(, true", "unknown_debug"),
            ("log(, get", "{ok,[]}"),
            ("statistics(, true", "unknown_debug"),
            ("statistics(, get", "{ok,no_statistics}"),
            ("log_to_file(, \"nowhere\"", "{error,open_file}"),
            ("no_debug(", "ok"),
            ("install(, {fun(X, _, _) -> X end, 1}", "unknown_debug"),
            ("remove(, some", "ok"),
            ("change_code(, m, 1, 2", "{error,{unknown_system_msg,{change_code,m,1,2}}}"),
        ] {
            let call = call.replacen('(', &format!("({process}"), 1);
            assert_eq!(beam.eval(&format!("sys:{call}, 60000)")), answer, "{call}");
        }
    }
    // As `gen_server` shows it, for tools that look into it.
    let status =
        "{status, P, {module, nodex}, [[], running, P, [], [{header, H}, {data, [{\"Status\", running} | _]}, State]]}
        = sys:get_status(S, 60000), {H, is_pid(P), State}";
    assert_eq!(beam.eval(status), r#"{"Status for service shelf",true,{data,[{"State",[a,{error,b}]}]}}"#);
    assert_eq!(beam.eval("{status, _, _, [_, _, _, _, M]} = sys:get_status(A, 60000), length(M)"), "2");
    // A state that cannot be shown costs nothing but its question.
    beam.eval("[ok = gen_server:call(S, {put, N}) || N <- [1, 2]]");
    let panicked = beam.eval("Caught(fun() -> sys:get_state(S, 60000) end)");
    assert!(panicked.starts_with("{error,{callback_failed,{nodex,system_get_state},{error,{panic,"), "{panicked}");
    assert_eq!(beam.eval("{status, _, _, [_, _, _, _, M2]} = sys:get_status(S, 60000), length(M2)"), "2");
    assert_eq!(beam.eval("gen_server:call(S, {put, 3})"), "ok");
    assert_nothing_is_left(&mut beam);
}

/// `GenServer.stop/3` and the messages that it sends.
fn stopped_by_others(otp: &Otp) {
    let world = World::new();
    let [node, any] = nodes(&world);
    let mut beam = world.beam(otp, BEAM, &[]);
    beam.eval("N = 'ours@127.0.0.1', true = net_kernel:connect_node(N)");
    beam.eval("Caught = fun(F) -> try F() catch C:R -> {C, R} end end");
    let worker = |node: &Node| node.register("worker", functions()).expect("a service");
    for (stop, reason) in [
        ("gen_server:stop({worker, N})", "normal"),
        ("gen_server:stop({worker, N}, shutdown, 60000)", "shutdown"),
        ("proc_lib:stop(P, {shutdown, because}, 60000)", "{shutdown,because}"),
        ("gen_event:stop({worker, N})", "normal"),
        ("sys:terminate({worker, N}, bye, 60000)", "bye"),
    ] {
        worker(&node);
        beam.forget();
        beam.eval("N = 'ours@127.0.0.1', P = rpc:call(N, erlang, whereis, [worker]), true = is_pid(P)");
        beam.eval("ByPid = monitor(process, P), ByName = monitor(process, {worker, N})");
        assert_eq!(beam.eval(stop), "ok", "{stop}");
        let downs = "[receive {'DOWN', M, process, _, Why} -> Why end || M <- [ByPid, ByName]]";
        assert_eq!(beam.eval(downs), format!("[{reason},{reason}]"), "{stop}");
        assert_eq!(beam.eval("rpc:call(N, erlang, whereis, [worker])"), "undefined");
    }
    beam.eval("Caught = fun(F) -> try F() catch C:R -> {C, R} end end");
    assert_eq!(beam.eval("Caught(fun() -> gen_server:stop({worker, N}, normal, 60000) end)"), "{exit,noproc}");
    // What every node has is no service that anybody may stop, and says so.
    let refused = "{error,{unknown_system_msg,{terminate,normal}}}";
    assert_eq!(beam.eval("sys:terminate({net_kernel, N}, normal, 60000)"), refused);
    let not_stopped = beam.eval("Caught(fun() -> gen_server:stop({rex, N}, normal, 60000) end)");
    // The class is another one in OTP 23.
    assert!(["{error,", "{exit,"].iter().any(|class| not_stopped.starts_with(class)), "{not_stopped}");
    assert_eq!(beam.eval("net_adm:ping(N)"), "pong");
    assert_nothing_is_left(&mut beam);
    // One that answers any name does not do so for those.
    assert_eq!(beam.eval("sys:terminate({net_kernel, 'any@127.0.0.1'}, normal, 60000)"), refused);
    assert_nothing_is_left(&mut beam);
    assert_eq!(beam.eval("gen_server:stop({whatever, 'any@127.0.0.1'}, normal, 60000)"), "ok");
    assert_eq!(
        beam.eval("Caught(fun() -> gen_server:call({orders, 'any@127.0.0.1'}, x) end), net_adm:ping(N)"),
        "pong"
    );
    drop(any);
}

/// Other forms.
fn requests_and_strays(otp: &Otp) {
    let world = World::new();
    let _nodes = nodes(&world);
    let mut beam = world.beam(otp, BEAM, &[]);
    beam.eval("Caught = fun(F) -> try F() catch C:R -> {C, R} end end");
    for node in [OURS, "any@127.0.0.1"] {
        beam.eval(&format!("put(o, {{orders, '{node}'}}), true = net_kernel:connect_node('{node}')"));
        beam.eval(&format!("put(pid, element(2, hd(rpc:call('{node}', nodex, services, []))))"));
        for (call, answer) in [
            ("gen_event:call(get(o), handler, question, 60000)", "{error,bad_module}"),
            ("gen_event:sync_notify(get(o), event)", "ok"),
            ("gen_event:notify(get(o), event)", "ok"),
            ("gen_event:which_handlers(get(o))", "[]"),
            ("gen_event:add_handler(get(o), handler, [])", "{error,bad_module}"),
            ("gen_event:delete_handler(get(o), handler, [])", "{error,module_not_found}"),
            ("gen_statem:call(get(o), question, 60000)", "{error,unknown_call}"),
            ("gen_statem:cast(get(o), event)", "ok"),
            ("supervisor:which_children(get(o))", "{error,unknown_call}"),
            ("gen:call(get(o), '$gen_sync_event', question, 60000)", "{ok,{error,unknown_call}}"),
            ("io:get_line(get(pid), prompt)", "{error,enotsup}"),
            ("io:request(get(pid), getopts)", "{error,enotsup}"),
            ("io:setopts(get(pid), [])", "{error,enotsup}"),
            ("file:position(get(pid), 5)", "{error,enotsup}"),
            ("element(1, Caught(fun() -> io:put_chars(get(pid), \"text\") end))", "error"),
        ] {
            assert_eq!(beam.eval(call), answer, "{node}: {call}");
        }
        beam.eval(
            "P = hd(erlang:ports()), T = get(o), R = make_ref(), [T ! M || M <- [timeout, {timeout, R, x}, {R, reply},
                {[alias | R], reply}, {{R, node()}, reply}, {'EXIT', self(), normal}, {notify, x}, {system, 1, 2},
                {'DOWN', R, process, self(), normal}, {nodeup, node()}, {nodedown, node(), []}, {P, {data, x}},
                {tcp, P, <<1>>}, {tcp_closed, P}, {udp, P, {127,0,0,1}, 1, x}, {inet_reply, P, ok}, {'$gen_event', x},
                {'$gen_all_state_event', x}, {ssl, {sslsocket, x, y}, z}, {trace, self(), call, {m, f, []}},
                {monitor, self(), long_gc, []}, {io_reply, R, ok}, {'$gen_producer', {self(), R}, {ask, 1}},
                {'$gen_call', x, y}, {'$gen_cast', x}, {io_request, x, y, z}, {error, x},
                {log, info, \"~p\", [x], #{}}, {log, info, #{}, #{}}]], ok",
        );
        // To parts of a BEAM only others of their kind send such things.
        if node == OURS {
            beam.eval(
                "[{Name, 'ours@127.0.0.1'} ! M || Name <- [rex, net_kernel, user], M <- [x, {x, 1}, {self(), x}]]",
            );
        }
        assert_nothing_is_left(&mut beam);
        // A process whose group leader is there: what it prints and logs goes there, and nothing comes back.
        beam.eval(
            "{Q, M} = spawn_monitor(fun() ->
                group_leader(get(pid), self()), catch io:format(\"text\"), logger:error(\"an error\"),
                {orders, node(get(pid))} ! {ping, 1}, receive {pong, 1} -> ok end,
                receive Other -> exit({stray, Other}) after 0 -> ok end
            end)"
                .replace("get(pid)", "Leader")
                .replacen("{Q, M}", "Leader = get(pid), {Q, M}", 1)
                .as_str(),
        );
        assert_eq!(beam.eval("receive {'DOWN', M, process, Q, Why} -> Why end"), "normal");
        beam.forget();
        beam.eval("Caught = fun(F) -> try F() catch C:R -> {C, R} end end");
    }
    // The group leader of what our node calls elsewhere takes what is printed. The answer goes to whoever is named.
    let user = "Self = self(), [begin
            spawn(fun() -> {user, 'ours@127.0.0.1'} ! {io_request, Self, X, X} end), receive {io_reply, X, A} -> A end
        end || X <- [{put_chars, unicode, <<1>>}, getopts]]";
    assert_eq!(beam.eval(user), "[ok,{error,enotsup}]");
    // Broadcasts say where there is somebody of that name.
    assert_eq!(beam.eval("rpc:sbcast(['ours@127.0.0.1'], orders, {ping, 1})"), "{['ours@127.0.0.1'],[]}");
    assert_eq!(beam.eval("rpc:sbcast(['ours@127.0.0.1'], nobody, {ping, 1})"), "{[],['ours@127.0.0.1']}");
    let both = "rpc:sbcast(['ours@127.0.0.1', 'any@127.0.0.1', node()], orders, {ping, 1})";
    assert_eq!(
        beam.eval(&format!("{{G, B}} = {both}, {{lists:sort(G), B}}")),
        "{['any@127.0.0.1','ours@127.0.0.1'],['beam@127.0.0.1']}"
    );
    assert_eq!(beam.eval("rpc:abcast(['ours@127.0.0.1'], orders, {'$gen_cast', {ping, 1}})"), "abcast");
    assert_nothing_is_left(&mut beam);
}

/// Functions that nodes of a cluster call on every other node.
fn asked_by_rpc(otp: &Otp) {
    let world = World::new();
    let _nodes = nodes(&world);
    let mut beam = world.beam(otp, BEAM, &[]);
    for node in [OURS, "any@127.0.0.1"] {
        let ask = |call: &str| format!("rpc:call('{node}', {call}, 60000)");
        assert_eq!(beam.eval(&ask("net_kernel, get_net_ticktime, []")), "60");
        assert_eq!(beam.eval(&ask("erlang, node, []")), format!("'{node}'"));
        assert_eq!(beam.eval(&ask("erlang, whereis, [nobody]")), "undefined");
        assert_eq!(beam.eval(&format!("is_pid({})", ask("erlang, whereis, [rex]"))), "true");
        assert_eq!(beam.eval(&format!("is_integer({})", ask("erlang, system_info, [creation]"))), "true");
        let applications = format!("[{{nodex, _, V}}] = {}, V", ask("application, which_applications, [5000]"));
        assert_eq!(beam.eval(&applications), format!("{:?}", env!("CARGO_PKG_VERSION")));
        for wrong in ["erlang, system_info, [schedulers]", "erlang, is_process_alive, [self()]"] {
            let reason = format!("{{badrpc, {{'EXIT', {{Reason, _}}}}}} = {}, Reason", ask(wrong));
            assert_eq!(beam.eval(&reason), "badarg", "{wrong}");
            beam.forget();
        }
        for unknown in ["mnesia, system_info, [running_db_nodes]", "rabbit, is_running, []", "erlang, halt, []"] {
            let reason = format!("{{badrpc, {{'EXIT', {{Reason, _}}}}}} = {}, Reason", ask(unknown));
            assert_eq!(beam.eval(&reason), "undef", "{unknown}");
            beam.forget();
        }
    }
    let alive =
        "rpc:call('ours@127.0.0.1', erlang, is_process_alive, [rpc:call('ours@127.0.0.1', erlang, whereis, [orders])])";
    assert_eq!(beam.eval(alive), "true");
    // A service that is registered under the name of a module answers for it; one that answers any name does for the rest.
    assert_eq!(beam.eval("rpc:call('any@127.0.0.1', erlang, ping, [1])"), "{pong,1}");
    assert_nothing_is_left(&mut beam);
}
