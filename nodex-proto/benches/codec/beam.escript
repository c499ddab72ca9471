#!/usr/bin/env escript
%% The BEAM's own codec, for this benchmark: reads lines of a name and an encoded term in hexadecimal from a file, and
%% prints for each the nanoseconds that binary_to_term and term_to_binary take.
-mode(compile).

main([File]) ->
    {ok, Text} = file:read_file(File),
    [line(binary:split(Line, <<" ">>)) || Line <- binary:split(Text, <<"\n">>, [global, trim_all])].

line([Name, Hex]) ->
    Binary = binary:decode_hex(Hex),
    Term = binary_to_term(Binary),
    io:format("~s decode ~.1f~n", [Name, best(fun() -> binary_to_term(Binary) end)]),
    io:format("~s encode ~.1f~n", [Name, best(fun() -> term_to_binary(Term) end)]).

%% The best of 15 rounds of as many calls as take 20 ms, in a process of its own, so that nothing pays for the garbage of
%% another.
best(Fun) ->
    Self = self(),
    spawn_link(fun() ->
        Count = count(Fun, 1),
        Self ! lists:min([nanoseconds(Fun, Count) / Count || _ <- lists:seq(1, 15)])
    end),
    receive Best -> Best end.

count(Fun, Count) ->
    case nanoseconds(Fun, Count) of
        Short when Short < 20000000 -> count(Fun, Count * 2);
        _ -> Count
    end.

nanoseconds(Fun, Count) ->
    Start = erlang:monotonic_time(nanosecond),
    repeat(Fun, Count),
    erlang:monotonic_time(nanosecond) - Start.

repeat(_, 0) -> ok;
repeat(Fun, Count) -> Fun(), repeat(Fun, Count - 1).
