%% A BEAM as the host of node executables: one round of the rows local, remote, cnode and cnode direct.
%%
%% main(ObjectCode, Arguments) takes the object code of this module, for the remote node, and the number of small and of
%% big messages, then name=path for each executable. It prints one line for each measurement, in tab-separated columns:
%%
%%     beam <row> <node or -> <bytes> <p50 ns> <p99 ns> <mean ns>
%%
%% and before these `otp <release>`, and `left out <what>` where something is not there. `failed <node> <reason>` is a node
%% that cannot be measured.
-module(nodex_bench).
-behaviour(gen_server).
-export([main/2]).
-export([init/1, handle_call/3, handle_cast/2, terminate/2]).

%% Milliseconds. No healthy step takes a tenth of this.
-define(PATIENCE, 60000).

main(ObjectCode, [Small, Big | Executables]) ->
    Sizes = [{5, list_to_integer(Small)}, {1000000, list_to_integer(Big)}],
    io:format("otp\t~s~n", [erlang:system_info(otp_release)]),
    {ok, Local} = gen_server:start(?MODULE, ponger, []),
    row("local", "-", Sizes, fun(Message) -> gen_server:call(Local, Message, ?PATIENCE) end),
    case code:ensure_loaded(peer) of
        {module, peer} -> remote(ObjectCode, Sizes);
        _ -> io:format("left out\ta remote BEAM that a BEAM calls: needs OTP 25~n")
    end,
    lists:foreach(fun(Executable) -> attempt(string:split(Executable, "="), Sizes) end, Executables),
    halt(0).

remote(ObjectCode, Sizes) ->
    Loopback = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
    {ok, Peer, Node} = peer:start_link(#{
        name => remote,
        host => "127.0.0.1",
        longnames => true,
        connection => standard_io,
        args => ["-start_epmd", "false", "-setcookie", atom_to_list(erlang:get_cookie()) | Loopback]
    }),
    {module, ?MODULE} = peer:call(Peer, code, load_binary, [?MODULE, "nofile", ObjectCode]),
    {ok, Remote} = peer:call(Peer, gen_server, start, [?MODULE, ponger, []]),
    true = net_kernel:connect_node(Node),
    row("remote", "-", Sizes, fun(Message) -> gen_server:call(Remote, Message, ?PATIENCE) end),
    peer:stop(Peer).

%% Where one fails, the others go on.
attempt([Name, Path], Sizes) ->
    try
        executable(Name, Path, Sizes)
    catch
        _:Reason -> io:format("failed\t~s\t~0p~n", [Name, Reason])
    end.

executable(Name, Path, Sizes) ->
    {ok, Host} = gen_server:start(?MODULE, {host, Path}, [{timeout, ?PATIENCE}]),
    Node = gen_server:call(Host, node),
    row("cnode", Name, Sizes, fun(Message) ->
        {ok, Answer} = gen_server:call(Host, {call, Message}, infinity),
        Answer
    end),
    row("cnode direct", Name, Sizes, fun(Message) ->
        {nil, Node} ! Message,
        receive
            Answer -> Answer
        after ?PATIENCE -> exit(no_answer)
        end
    end),
    gen_server:stop(Host).

row(Row, Name, Sizes, Call) ->
    lists:foreach(
        fun({Bytes, Count}) ->
            Binary = binary:copy(<<"h">>, Bytes),
            Times = alone(fun() -> measure(Call, Binary, Count) end),
            Sorted = lists:sort(Times),
            P50 = lists:nth(Count div 2 + 1, Sorted),
            P99 = lists:nth(Count * 99 div 100 + 1, Sorted),
            Mean = lists:sum(Times) div Count,
            io:format("beam\t~s\t~s\t~b\t~b\t~b\t~b~n", [Row, Name, Bytes, P50, P99, Mean])
        end,
        Sizes
    ).

%% In a process of its own, so that no row pays for the garbage of another.
alone(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({done, Fun()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {done, Result}} -> Result;
        {'DOWN', Monitor, process, Pid, Reason} -> exit(Reason)
    end.

measure(Call, Binary, Count) ->
    lists:foreach(fun(_) -> {pong, Binary} = Call({ping, Binary}) end, lists:seq(1, Count div 10)),
    [trip(Call, Binary) || _ <- lists:seq(1, Count)].

trip(Call, Binary) ->
    Started = erlang:monotonic_time(nanosecond),
    {pong, Answer} = Call({ping, Binary}),
    Took = erlang:monotonic_time(nanosecond) - Started,
    true = byte_size(Answer) =:= byte_size(Binary),
    Took.

%% Two servers: `ponger`, the counterpart of a node executable, and the process that owns one. The latter sends it the
%% messages of others and gives them the answers, one call at a time, as its callers queue up in its mailbox.
init(ponger) ->
    {ok, ponger};
init({host, Path}) ->
    process_flag(trap_exit, true),
    [Alive, Host] = string:split(atom_to_list(node()), "@"),
    Name = "n" ++ integer_to_list(erlang:unique_integer([positive])),
    Node = list_to_atom(Name ++ "@" ++ Host),
    Arguments = [Name, Host, atom_to_list(erlang:get_cookie()), Alive],
    Port = open_port({spawn_executable, Path}, [binary, exit_status, {line, 4096}, {args, Arguments}]),
    ready(Port, list_to_binary([Name, "@", Host, " ready"])),
    true = net_kernel:connect_node(Node),
    monitor_node(Node, true),
    {ok, {Node, Port}}.

ready(Port, Line) ->
    receive
        {Port, {data, {eol, Line}}} -> ok;
        {Port, {data, _}} -> ready(Port, Line);
        {Port, {exit_status, Status}} -> exit({ended_with, Status})
    end.

handle_call({ping, Term}, _, ponger) ->
    {reply, {pong, Term}, ponger};
handle_call(node, _, {Node, _} = State) ->
    {reply, Node, State};
handle_call({call, Message}, _, {Node, _} = State) ->
    {nil, Node} ! Message,
    receive
        {nodedown, Node} -> {stop, nodedown, {error, nodedown}, State};
        {Tag, _} = Reply when Tag =:= pong; Tag =:= error -> {reply, {ok, Reply}, State}
    after ?PATIENCE -> {reply, {error, timeout}, State}
    end.

handle_cast(_, State) ->
    {noreply, State}.

%% A node executable ends with its link.
terminate(_, ponger) ->
    ok;
terminate(_, {Node, Port}) ->
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    erlang:disconnect_node(Node),
    receive
        {Port, {exit_status, _}} -> ok
    after ?PATIENCE -> os:cmd("kill -KILL " ++ integer_to_list(Pid))
    end.
