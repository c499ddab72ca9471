%% One side of much traffic with a node that answers `{ping, Term}` with `{pong, Term, Peer}`, where Peer is
%% the node that it takes for the sender's, and that itself calls `echo` and casts to `sink` here.
-module(traffic).
-export([start/0, run/3, sunk/0]).

start() ->
    true = register(echo, spawn(fun echo/0)),
    true = register(sink, spawn(fun() -> sink(#{}, 0) end)),
    ok.

echo() ->
    receive {'$gen_call', From, Term} -> gen_server:reply(From, {node(), Term}) end,
    echo().

%% Each sender counts from 1 without a gap.
sink(Last, Count) ->
    receive
        {'$gen_cast', {Sender, Number, Binary}} when is_binary(Binary) ->
            Number = maps:get(Sender, Last, 0) + 1,
            sink(Last#{Sender => Number}, Count + 1);
        {count, From} ->
            From ! {count, Count},
            sink(Last, Count)
    end.

sunk() ->
    sink ! {count, self()},
    receive {count, Count} -> Count after 60000 -> no_sink end.

%% So many processes send so many messages each, half of them all at once and half of them by calls. Gives
%% the number of messages that were answered, each with what was sent, in the order sent.
run(Node, Processes, Messages) ->
    Run = fun(Process) -> exit({done, send_all({pong, Node}, Process, Messages)}) end,
    Started = [spawn_monitor(fun() -> Run(Process) end) || Process <- lists:seq(1, Processes)],
    Await = fun({Pid, Monitor}) ->
        receive {'DOWN', Monitor, process, Pid, {done, Count}} -> Count end
    end,
    lists:sum([Await(One) || One <- Started]).

send_all({pong, Node}, Process, Messages) when Process rem 2 =:= 0 ->
    Terms = terms(Process, Messages),
    [{ping, Node} ! {ping, Term} || Term <- Terms],
    Here = node(),
    [receive {pong, Term, Here} -> ok; {pong, _, _} = Other -> exit({misrouted, Term, Other}) end || Term <- Terms],
    receive Left -> exit({too_many, Left}) after 0 -> Messages end;
send_all({pong, Node}, Process, Messages) ->
    Here = node(),
    [{pong, Term, Here} = gen_server:call({ping, Node}, {ping, Term}, 60000) || Term <- terms(Process, Messages)],
    receive Left -> exit({too_many, Left}) after 0 -> Messages end.

%% Small and large ones mixed.
terms(Process, Messages) ->
    [{node(), Process, Number, binary:copy(<<Number>>, size_of(Number))} || Number <- lists:seq(1, Messages)].

size_of(Number) when Number rem 100 =:= 0 -> 100000;
size_of(Number) -> Number rem 300.
