#!/usr/bin/env escript
%% -*- erlang -*-
%%! +pc unicode
%% Writes known answers for the order of terms: usage
%%   scripts/vectors/order.escript > nodex-proto/tests/etf_vectors/order.tsv
%%
%% One line for each term, from the least to the greatest in the order of the keys of a map (erts_internal:cmp_term/2), with
%% a tab between the columns: term_to_binary(T, [{minor_version, 2}]) in hex without the leading 131, and the text of T.
%% Left out is what differs between BEAMs: pids, funs, and -0.0.
-mode(compile).

main(_) ->
    ok = io:setopts([{encoding, unicode}]),
    io:format("# OTP ~s\n", [erlang:system_info(otp_release)]),
    Simple = simple(),
    Terms = Simple ++ compound(Simple),
    Sorted = lists:sort(fun(A, B) -> erts_internal:cmp_term(A, B) =< 0 end, Terms),
    ok = distinct(Sorted),
    lists:foreach(fun line/1, Sorted).

distinct([A, B | Rest]) ->
    true = erts_internal:cmp_term(A, B) < 0,
    distinct([B | Rest]);
distinct(_) -> ok.

line(Term) ->
    <<131, Bytes/binary>> = term_to_binary(Term, [{minor_version, 2}]),
    Hex = [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes],
    io:format("~s\t~ts\n", [Hex, io_lib:format("~0tp", [Term])]).

simple() ->
    Powers = [31, 32, 53, 63, 64, 127, 128, 512, 1024, 2048],
    Big = [Sign * ((1 bsl P) + D) || P <- Powers, Sign <- [1, -1], D <- [-1, 0, 1]],
    Floats = [0.0, 1.0, -1.0, 1.5, 2.0, 255.0, 4294967296.0, 9007199254740992.0, -9007199254740992.0, 9223372036854775808.0,
              1.0e22, 1.0e100, -1.0e100, 1.7976931348623157e308, 5.0e-324],
    Binaries = [<<>>, <<0>>, <<1>>, <<0, 0>>, <<"a">>, <<"aa">>, <<"ab">>, <<255>>, <<1:1>>, <<0:1>>, <<1:7>>, <<2:7>>,
                <<"a", 1:1>>, <<"a", 0:3>>, <<"b", 0:1>>, <<255, 1:2>>, <<97:9>>],
    [0, 1, -1, 2, 255, 256, 1000] ++ Big ++ Floats
        ++ [a, b, aa, '', ab, true, false, nil, 'A', 'é', 'ü', '日本', zz, z]
        ++ Binaries ++ [[], {}, #{}].

compound(Simple) ->
    Some = [0, 1, 1.0, 256, 1 bsl 64, a, b, {}, #{}, [], <<>>, <<"a">>],
    Lists = [[X] || X <- Some] ++ [[X, Y] || X <- Some, Y <- [1, a, []]] ++ [[X | Y] || X <- [0, 1, a], Y <- [0, 1.5, a, {}, #{}, <<>>]]
        ++ ["text", "texts", [0, 255], [0, 256], [-1, 0], [1.0, 2], [$a, $b | c], [[], []], [[[]]], lists:seq(1, 300), lists:seq(1, 301)],
    Tuples = [{X} || X <- Some] ++ [{X, Y} || X <- Some, Y <- [0, z]] ++ [{1, 2, 3}, {a, {b, {c}}}, {a, {b, {d}}}, list_to_tuple(lists:seq(1, 300))],
    Maps = [#{X => Y} || X <- Some, Y <- [0, 0.5]]
        ++ [#{X => 1, Y => 2} || X <- [0, a, {}], Y <- [1, b, <<>>, #{}]]
        ++ [#{X => 2, Y => 1} || X <- [0, a, {}], Y <- [1, b, <<>>, #{}]]
        ++ [#{1 => a, 1.0 => b}, #{1 => b, 1.0 => a}, #{1 => a, 2.0 => b}, #{1.0 => a, 2 => b}],
    Keyed = [#{#{X => 1, Y => 2} => V} || X <- [0, a], Y <- [1, b], V <- [v, w]]
        ++ [#{#{#{X => 1, c => 2} => 1, d => 2} => 1, K => 2} || X <- [0, a, <<"x">>], K <- [1, k, {k}, #{}, #{k => #{k => k, l => l}}]],
    Wide = [maps:from_list([{N, N} || N <- lists:seq(1, 40)]),
            maps:from_list([{N, N} || N <- lists:seq(1, 39) ++ [41]]),
            maps:from_list([{{N, #{a => N, b => 1}}, N} || N <- lists:seq(1, 40)]),
            maps:from_list([{{N, #{a => N, b => 2}}, N} || N <- lists:seq(1, 40)])],
    uniq(Lists ++ Tuples ++ Maps ++ Keyed ++ Wide, Simple).

%% Those that are not among the others, each once.
uniq(Terms, Others) ->
    lists:foldl(fun(Term, Seen) ->
                    case lists:any(fun(Other) -> Other =:= Term end, Seen ++ Others) of
                        true -> Seen;
                        false -> [Term | Seen]
                    end
                end, [], Terms).
