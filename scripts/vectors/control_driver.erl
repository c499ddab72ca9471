%% Makes a BEAM send every control message it can: does what the node on the other side asks for.
-module(control_driver).
-export([start/0, child/0]).

start() ->
    register(driver, self()),
    loop(undefined).

%% Peer: a pid of the node that listens; Ref: a reference of it. Each request is answered with its
%% own name, so that whatever came before the answer belongs to it.
loop(Peer) ->
    receive
        {peer, Pid} ->
            loop(Pid);
        {traced, Action} ->
            seq_trace:set_token(label, 17),
            seq_trace:set_token(send, true),
            act(Action, Peer),
            seq_trace:set_token([]),
            loop(Peer);
        {plain, Action} ->
            act(Action, Peer),
            loop(Peer)
    end.

act(send, Pid) -> Pid ! {hello, <<"bin">>, [1, 2, 3], 1.5};
act(reg_send, Pid) -> {somebody, node(Pid)} ! {hello, self()};
act({alias_send, Ref}, _) -> Ref ! {hello, alias};
act(link, Pid) -> link(Pid);
act(unlink, Pid) -> unlink(Pid);
act(exit2, Pid) -> exit(Pid, {why, "not"});
act(group_leader, Pid) -> catch group_leader(whereis(driver), Pid);
act(monitor, Pid) ->
    put(monitor, monitor(process, Pid));
act(monitor_name, Pid) ->
    put(monitor, monitor(process, {somebody, node(Pid)}));
act(demonitor, _) ->
    demonitor(get(monitor));
act(spawn_request, Pid) ->
    spawn_request(node(Pid), some_module, some_function, [one, {two}], [monitor]);
act(spawn_request_small, Pid) ->
    spawn_request(node(Pid), m, f, [1, 2], [link]);
%% A child, to be linked to or monitored from outside; its pid is the message.
act(child, Pid) ->
    Child = spawn(?MODULE, child, []),
    put(child, Child),
    catch unregister(child),
    register(child, Child),
    Pid ! Child;
%% A child that is linked from here, so that a link breaks.
act(linked_child_dies, Pid) ->
    {_, Ref} = spawn_monitor(fun() -> link(Pid), exit({broken, 17}) end),
    receive {'DOWN', Ref, _, _, _} -> ok end;
act(child_dies, _) ->
    exit(get(child), {killed, by, driver}).

child() ->
    receive nothing -> ok end.
