%% Messages that are sent while the connection comes up: the node is not connected, and several processes send to it at
%% once. What the two can do is not known then, so the terms are of kinds that not every node takes.
-module(hopeful).
-export([run/3]).

%% So many processes send so many random terms each to `{ping, Node}`, which answers `{pong, Term}`. Gives what went wrong.
run(Node, Processes, Messages) ->
    Run = fun() -> exit({sent, send(Node, [term(3) || _ <- lists:seq(1, Messages)])}) end,
    Started = [spawn_monitor(Run) || _ <- lists:seq(1, Processes)],
    Await = fun({Pid, Monitor}) -> receive {'DOWN', Monitor, process, Pid, {sent, Result}} -> Result end end,
    [Wrong || Wrong <- [Await(One) || One <- Started], Wrong =/= ok].

send(Node, Terms) ->
    [{ping, Node} ! {ping, Term} || Term <- Terms],
    answers(Terms).

answers([]) ->
    receive Left -> {too_many, Left} after 0 -> ok end;
answers([Term | Terms]) ->
    receive
        {pong, Term} -> answers(Terms);
        Other -> {wrong, Term, Other}
    after 60000 -> {lost, Term}
    end.

term(0) -> leaf(rand:uniform(14));
term(Depth) ->
    Some = fun() -> [term(Depth - 1) || _ <- lists:seq(1, rand:uniform(4))] end,
    case rand:uniform(6) of
        1 -> Some();
        2 -> list_to_tuple(Some());
        3 -> maps:from_list(lists:zip(lists:seq(1, 3), [term(Depth - 1) || _ <- lists:seq(1, 3)]));
        4 -> Some() ++ leaf(rand:uniform(14));
        5 -> fun() -> {Depth, self()} end;
        6 -> leaf(rand:uniform(14))
    end.

leaf(1) -> rand:uniform(300) - 20;
leaf(2) -> rand:uniform(1 bsl 90);
leaf(3) -> -rand:uniform(1 bsl 40);
leaf(4) -> rand:uniform() * 1.0e10;
leaf(5) -> list_to_atom([rand:uniform(26) + 96 || _ <- lists:seq(1, rand:uniform(20))]);
leaf(6) -> 'größe';
leaf(7) -> binary:copy(<<"x">>, rand:uniform(2000));
leaf(8) -> Bits = rand:uniform(100), <<17:Bits>>;
leaf(9) -> self();
leaf(10) -> make_ref();
leaf(11) -> hd(erlang:ports());
leaf(12) -> fun lists:map/2;
leaf(13) -> erlang:make_tuple(250 + rand:uniform(20), a);
leaf(14) -> lists:duplicate(rand:uniform(300), rand:uniform(255)).
