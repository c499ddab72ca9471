#!/usr/bin/env escript
%% The BEAM's own codec, for benches/codec.rs: reads lines of a name and an encoded term in hexadecimal from a file, and
%% prints for each the nanoseconds that binary_to_term and term_to_binary take, the best of five times.
-mode(compile).

main([File]) ->
    {ok, Text} = file:read_file(File),
    [line(binary:split(Line, <<" ">>)) || Line <- binary:split(Text, <<"\n">>, [global, trim_all])].

line([Name, Hex]) ->
    Binary = binary:decode_hex(Hex),
    Term = binary_to_term(Binary),
    Decode = time(fun() -> binary_to_term(Binary) end),
    Encode = time(fun() -> term_to_binary(Term) end),
    io:format("~-44s time: [~w ns]~n~-44s time: [~w ns]~n", [<<Name/binary, "/decode/beam">>, Decode,
                                                              <<Name/binary, "/encode/beam">>, Encode]).

%% In a process of its own, so that nothing pays for the garbage of another.
time(Fun) ->
    Self = self(),
    spawn_link(fun() -> Self ! lists:min([round(Fun, 1) || _ <- lists:seq(1, 5)]) end),
    receive Best -> Best end.

%% As many calls as take 50 ms.
round(Fun, Count) ->
    Start = erlang:monotonic_time(nanosecond),
    repeat(Fun, Count),
    case erlang:monotonic_time(nanosecond) - Start of
        Short when Short < 50000000 -> round(Fun, Count * 2);
        Took -> Took div Count
    end.

repeat(_, 0) -> ok;
repeat(Fun, Count) -> Fun(), repeat(Fun, Count - 1).
