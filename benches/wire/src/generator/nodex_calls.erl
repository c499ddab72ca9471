%% A BEAM that calls a node, from one process or from many, and beside transfers of big binaries. Lines on its stdin tell it
%% what to do, one line on its stdout is the answer to each, in columns that a tab separates:
%%
%%     join <node>                                       joined <whether the node answers a gen_server:call>
%%     calls <node> <form> <callers> <ms>                done <calls> <ns>, when all callers have ended; then
%%     times                                             times <p50 ns> <p99 ns> <p99.9 ns>
%%     beside <node> <form> <way> <transfers> <bytes> <ms>   beside <p50 ns> <p99 ns> <p99.9 ns> <max ns> <bytes> <ns>
%%     leave <node>                                      left
%%
%% `failed <reason>` is the answer to what did not work. main(["remote", Peer]) is the node to compare with: a BEAM.
%%
%% The forms: `plain` and `call` (gen_server:call) for a node whose answers go to the process that has sent the request,
%% `beam` and `beam_call` for a remote BEAM, where a process learns from the message only whom to answer.
%%
%% Compiled from its text, without a preprocessor: no macros.
-module(nodex_calls).
-behaviour(gen_server).
-export([main/1]).
-export([init/1, handle_call/3, handle_cast/2]).

main(["remote", Peer]) ->
    remote(list_to_atom(Peer));
main([]) ->
    say(["up", erlang:system_info(otp_release)]),
    listen().

say(Fields) ->
    io:put_chars([lists:join("\t", Fields), "\n"]).

number(Number) ->
    integer_to_list(Number).

%% Milliseconds. No healthy step takes a tenth of this.
patience() ->
    60000.

listen() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            try
                answer(string:lexemes(Line, " \n"))
            catch
                _:Reason -> say(["failed", io_lib:format("~0p", [Reason])])
            end,
            listen();
        _ ->
            halt(0)
    end.

answer(["join", Name]) ->
    Node = list_to_atom(Name),
    true = net_kernel:connect_node(Node),
    say(["joined", atom_to_list(in_process(fun() -> answers_calls(Node) end))]);
answer(["calls", Node, Form, Callers, Time]) ->
    calls(list_to_atom(Node), list_to_atom(Form), list_to_integer(Callers), list_to_integer(Time));
answer(["beside", Node, Form, Way, Transfers, Bytes, Time]) ->
    [Count, Size, Least] = [list_to_integer(Text) || Text <- [Transfers, Bytes, Time]],
    beside(list_to_atom(Node), list_to_atom(Form), list_to_atom(Way), Count, Size, Least);
answer(["leave", Name]) ->
    Node = list_to_atom(Name),
    erlang:disconnect_node(Node),
    say(["left"]).

%% What it gives, or the reason for which it ended.
in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({done, Fun()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {done, Result}} -> Result;
        {'DOWN', Monitor, process, Pid, Reason} -> exit(Reason)
    after patience() ->
        exit(Pid, kill),
        exit(no_answer)
    end.

%% A plain message behind the call: messages of one process are answered in order, so that its answer comes first only
%% from a node that does not answer calls. A BEAM has no process with this name and says so at once.
answers_calls(Node) ->
    Request = gen_server:send_request({nil, Node}, {ping, <<"hello">>}),
    {nil, Node} ! {ping, <<"behind">>},
    answers_calls_in(Request).

answers_calls_in(Request) ->
    receive
        {pong, <<"behind">>} ->
            false;
        Message ->
            case gen_server:check_response(Message, Request) of
                {reply, {pong, <<"hello">>}} -> true;
                {error, _} -> false;
                _ -> answers_calls_in(Request)
            end
    end.

%% ---------------------------------------------------------------------------------------------------------------------
%% Many callers

calls(Node, Form, Callers, Time) ->
    Main = self(),
    Began = erlang:monotonic_time(),
    Until = Began + erlang:convert_time_unit(Time, millisecond, native),
    All = [spawn_monitor(fun() -> caller(Main, Node, Form, Until) end) || _ <- lists:seq(1, Callers)],
    try
        Calls = lists:sum([from_caller(Caller) || Caller <- All]),
        Took = erlang:monotonic_time() - Began,
        say(["done", number(Calls), number(nanoseconds(Took))]),
        %% Whoever counts what this has cost has done so when the line comes.
        "times" ++ _ = io:get_line(""),
        [Pid ! {times, Main} || {Pid, _} <- All],
        Times = lists:append([from_caller(Caller) || Caller <- All]),
        say(["times" | ranks(Times, [0.5, 0.99, 0.999])])
    after
        [exit(Pid, kill) || {Pid, _} <- All],
        [erlang:demonitor(Monitor, [flush]) || {_, Monitor} <- All]
    end.

from_caller({Pid, Monitor}) ->
    receive
        {Pid, What} -> What;
        {'DOWN', Monitor, process, Pid, Reason} -> exit(Reason)
    after patience() -> exit(no_answer)
    end.

nanoseconds(Time) ->
    erlang:convert_time_unit(Time, native, nanosecond).

ranks([], _) ->
    exit(no_times);
ranks(Times, Ranks) ->
    Sorted = lists:sort(Times),
    Count = length(Sorted),
    [number(nanoseconds(lists:nth(min(Count, trunc(Count * Rank) + 1), Sorted))) || Rank <- Ranks].

caller(Main, Node, Form, Until) ->
    Times = caller_loop(Node, Form, Until, erlang:monotonic_time(), []),
    Main ! {self(), length(Times)},
    receive
        {times, Main} -> Main ! {self(), Times}
    end,
    %% Whoever has started it ends it.
    receive never -> ok end.

caller_loop(Node, Form, Until, Began, Times) ->
    call(Form, Node),
    case erlang:monotonic_time() of
        Now when Now < Until -> caller_loop(Node, Form, Until, Now, [Now - Began | Times]);
        Now -> [Now - Began | Times]
    end.

%% Without a time limit, as one has to be paid for: the process that waits for all has one.
call(plain, Node) ->
    {nil, Node} ! {ping, <<"hello">>},
    pong();
call(beam, Node) ->
    {echo, Node} ! {ping, self(), <<"hello">>},
    pong();
call(beam_beside, Node) ->
    {echo, Node} ! {ping_beside, self(), <<"hello">>},
    pong();
call(call, Node) ->
    {pong, <<"hello">>} = gen_server:call({nil, Node}, {ping, <<"hello">>}, patience());
call(beam_call, Node) ->
    {pong, <<"hello">>} = gen_server:call({server, Node}, {ping, <<"hello">>}, patience()).

pong() ->
    receive
        {pong, <<"hello">>} -> ok;
        Other -> exit({wrong_answer, Other})
    end.

%% ---------------------------------------------------------------------------------------------------------------------
%% Small calls beside big binaries

%% For `Time`, and until each transfer is done once.
beside(Node, Form, Way, Transfers, Bytes, Time) ->
    Main = self(),
    Binary = if Way =:= to -> binary:copy(<<0>>, Bytes); true -> Bytes end,
    %% A BEAM would make the binary while it is asked for it.
    [begin {echo, Node} ! {make, Main, Bytes}, receive made -> ok end end || Form =:= beam, Way =:= from],
    Small = case Form of beam -> beam_beside; plain -> plain end,
    Pinger = spawn_monitor(fun() -> pinger(Main, Node, Small) end),
    ready = from_caller(Pinger),
    Began = erlang:monotonic_time(),
    Until = Began + erlang:convert_time_unit(Time, millisecond, native),
    Start = fun(_) -> spawn_monitor(fun() -> Main ! {self(), transfers(Node, Form, Way, Binary, Until, 0)} end) end,
    All = [Start(Number) || Number <- lists:seq(1, Transfers)],
    {First, _} = Pinger,
    First ! begin_now,
    try
        %% Alone, they go on for that time.
        [timer:sleep(Time) || Transfers =:= 0],
        Done = lists:sum([from_caller(Transfer) || Transfer <- All]),
        Took = erlang:monotonic_time() - Began,
        First ! enough,
        Times = from_caller(Pinger),
        Longest = lists:max([0 | Times]),
        Moved = [number(Done * Bytes), number(nanoseconds(Took))],
        say(["beside" | ranks(Times, [0.5, 0.99, 0.999]) ++ [number(nanoseconds(Longest)) | Moved]])
    after
        [exit(Pid, kill) || {Pid, _} <- [Pinger | All]],
        [erlang:demonitor(Monitor, [flush]) || {_, Monitor} <- [Pinger | All]]
    end.

transfers(Node, Form, Way, What, Until, Done) ->
    transfer(Form, Way, Node, What),
    %% A binary that has come is given back now and not some time later.
    erlang:garbage_collect(),
    case erlang:monotonic_time() < Until of
        true -> transfers(Node, Form, Way, What, Until, Done + 1);
        false -> Done + 1
    end.

transfer(plain, to, Node, Binary) ->
    {nil, Node} ! {put, Binary},
    %% Whatever the answer: it has come, and was read.
    receive _ -> ok end;
transfer(beam, to, Node, Binary) ->
    {echo, Node} ! {put, self(), Binary},
    receive _ -> ok end;
transfer(plain, from, Node, Bytes) ->
    {nil, Node} ! {get, Bytes},
    got(Bytes);
transfer(beam, from, Node, Bytes) ->
    {echo, Node} ! {get, self(), Bytes},
    got(Bytes).

got(Bytes) ->
    receive
        {got, Binary} when byte_size(Binary) =:= Bytes -> ok;
        {error, Reason} -> exit({no_get, Reason})
    end.

%% One each two milliseconds, whether or not the ones before are answered, and each from a process of its own: a BEAM
%% suspends a process that sends while much waits to be sent, and other callers would not be kept from calling by that.
pinger(Main, Node, Form) ->
    [pinged(Node, Form, erlang:monotonic_time()) || _ <- lists:seq(1, 20)],
    Main ! {self(), ready},
    receive begin_now -> ok end,
    Main ! {self(), pings(Node, Form, erlang:monotonic_time(), 0, [])},
    receive never -> ok end.

pings(Node, Form, Due, Open, Times) ->
    Left = erlang:convert_time_unit(Due - erlang:monotonic_time(), native, millisecond),
    receive
        {took, Time} ->
            pings(Node, Form, Due, Open - 1, [Time | Times]);
        enough ->
            last_pings(Open, Times)
    after max(0, Left) ->
        Pinger = self(),
        spawn_link(fun() -> Pinger ! {took, pinged(Node, Form, Due)} end),
        pings(Node, Form, Due + step(), Open + 1, Times)
    end.

last_pings(0, Times) ->
    Times;
last_pings(Open, Times) ->
    receive
        {took, Time} -> last_pings(Open - 1, [Time | Times])
    end.

step() ->
    erlang:convert_time_unit(2, millisecond, native).

pinged(Node, Form, Due) ->
    Now = erlang:monotonic_time(),
    call(Form, Node),
    %% One that begins late, by more than what a timer may be off, counts from when it was due.
    Began = case Now - Due > step() of true -> Due; false -> Now end,
    erlang:monotonic_time() - Began.

%% ---------------------------------------------------------------------------------------------------------------------
%% A BEAM as the node

remote(Peer) ->
    {ok, _} = gen_server:start({local, server}, nodex_calls, [], []),
    Main = self(),
    Echo = spawn(fun() -> register(echo, self()), Main ! {self(), registered}, echo(<<>>) end),
    receive {Echo, registered} -> ok end,
    true = net_kernel:connect_node(Peer),
    monitor_node(Peer, true),
    io:put_chars([atom_to_list(node()), " ready\n"]),
    receive {nodedown, _} -> halt(0, [{flush, false}]) end.

echo(Binary) ->
    receive
        {ping, From, Term} ->
            From ! {pong, Term},
            echo(Binary);
        {ping_beside, From, Term} ->
            %% Suspended while much waits to be sent, this process would answer nobody.
            spawn(fun() -> From ! {pong, Term} end),
            echo(Binary);
        {put, From, _} ->
            From ! ok,
            echo(Binary);
        {get, From, _} ->
            %% Whoever sends much has to wait for the line; this process has others to answer.
            spawn(fun() -> From ! {got, Binary} end),
            echo(Binary);
        {make, From, Bytes} ->
            From ! made,
            echo(binary:copy(<<0>>, Bytes))
    end.

init([]) ->
    {ok, nothing}.

handle_call({ping, Term}, _, State) ->
    {reply, {pong, Term}, State}.

handle_cast(_, State) ->
    {noreply, State}.
