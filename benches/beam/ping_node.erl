%% A BEAM as a node executable: {ping, Term}, sent to the name nil, is answered with {pong, Term}.
%%
%%     erl -noinput -run ping_node main <sname> <hostname> <cookie> <tname>
%%
%% A process does not learn who has sent it a message by name. So this one answers one process only, that of the raw
%% generator (benches/wire/src/generator/frames.rs).
-module(ping_node).
-export([main/1]).

main([Name, Host, Cookie, Peer]) ->
    Node = list_to_atom(Name ++ "@" ++ Host),
    Target = list_to_atom(Peer ++ "@" ++ Host),
    io:format("initialising ~s~n", [Node]),
    {ok, _} = net_kernel:start([Node, longnames]),
    erlang:set_cookie(list_to_atom(Cookie)),
    register(nil, self()),
    io:format("connecting to ~s~n", [Target]),
    case net_kernel:connect_node(Target) of
        true ->
            monitor_node(Target, true),
            io:format("~s ready~n", [Node]),
            serve(generator(Target));
        _ ->
            io:format(standard_error, "~s: cannot connect to ~s~n", [Node, Target]),
            halt(1)
    end.

serve(Caller) ->
    receive
        {ping, Term} ->
            Caller ! {pong, Term},
            serve(Caller);
        {nodedown, _} ->
            halt(0, [{flush, false}])
    end.

generator(Node) ->
    Name = atom_to_binary(Node, utf8),
    binary_to_term(<<131, 88, 119, (byte_size(Name)), Name/binary, 77:32, 0:32, 16#0BADCAFE:32>>).
