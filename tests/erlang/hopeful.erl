%% Messages that are sent while the connection comes up: the node is not connected, and several processes send to it at
%% once. What the two can do is not known then, so the terms are of kinds that not every node takes.
-module(hopeful).
-export([run/4]).

%% So many processes send so many random terms each to `{ping, Node}`, which answers `{pong, Term}`. Gives what went wrong.
%% The last argument is `all`, or `no_bit_strings` if there are to be none in the terms.
run(Node, Processes, Messages, Kinds) ->
    Run = fun() -> exit({sent, send(Node, [term(Kinds, 3) || _ <- lists:seq(1, Messages)])}) end,
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

term(Kinds, 0) -> leaf(Kinds);
term(Kinds, Depth) ->
    Some = fun() -> [term(Kinds, Depth - 1) || _ <- lists:seq(1, rand:uniform(4))] end,
    case rand:uniform(6) of
        1 -> Some();
        2 -> list_to_tuple(Some());
        3 -> maps:from_list(lists:zip(lists:seq(1, 3), [term(Kinds, Depth - 1) || _ <- lists:seq(1, 3)]));
        4 -> Some() ++ leaf(Kinds);
        5 -> fun() -> {Depth, self()} end;
        6 -> leaf(Kinds)
    end.

leaf(all) -> any(rand:uniform(14));
leaf(no_bit_strings) -> any(rand:uniform(13)).

any(1) -> rand:uniform(300) - 20;
any(2) -> rand:uniform(1 bsl 90);
any(3) -> -rand:uniform(1 bsl 40);
any(4) -> rand:uniform() * 1.0e10;
any(5) -> list_to_atom([rand:uniform(26) + 96 || _ <- lists:seq(1, rand:uniform(20))]);
any(6) -> 'größe';
any(7) -> binary:copy(<<"x">>, rand:uniform(2000));
any(8) -> self();
any(9) -> make_ref();
any(10) -> hd(erlang:ports());
any(11) -> fun lists:map/2;
any(12) -> erlang:make_tuple(250 + rand:uniform(20), a);
any(13) -> lists:duplicate(rand:uniform(300), rand:uniform(255));
any(14) -> Bits = rand:uniform(100), <<17:Bits>>.
