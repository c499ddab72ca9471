#!/usr/bin/env escript
%% -*- erlang -*-
%%! +pc unicode
%% Writes known answers for the codec: usage  scripts/vectors/terms.escript > nodex-proto/tests/etf_vectors/terms.tsv
%%
%% One line for each term, with a tab between the columns:
%%   name, term_to_binary(T, [{minor_version, 2}]), the same with {minor_version, 0}, with {minor_version, 1},
%%   with deterministic, and io_lib:format("~0tp", [T]) of a BEAM with +pc unicode.
%% Bytes are in hex without the leading 131; `=` stands for the same bytes as in the second column.
%% Minor version 2 is what the distribution sends.
-mode(compile).

main(_) ->
    ok = io:setopts([{encoding, unicode}]),
    io:format("# OTP ~s\n", [erlang:system_info(otp_release)]),
    Terms = lists:flatten([integers(), floats(), atoms(), binaries(), bit_strings(), lists_(), tuples(), maps_(),
                           identifiers(), funs(), messages()]),
    Names = [N || {N, _} <- Terms],
    length(Names) =:= length(lists:usort(Names)) orelse error({twice, Names -- lists:usort(Names)}),
    lists:foreach(fun line/1, Terms).

line({Name, Term}) ->
    <<131, Default/binary>> = term_to_binary(Term, [{minor_version, 2}]),
    Other = fun(Options) ->
                <<131, Bytes/binary>> = term_to_binary(Term, Options),
                if Bytes =:= Default -> "="; true -> hex(Bytes) end
            end,
    io:format("~ts\t~s\t~s\t~s\t~s\t~ts\n",
              [Name, hex(Default), Other([{minor_version, 0}]), Other([{minor_version, 1}]), Other([deterministic, {minor_version, 2}]),
               io_lib:format("~0tp", [Term])]).

hex(Bytes) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes].

numbered(Name, Terms) -> [{n("~s ~b", [Name, I]), T} || {I, T} <- lists:zip(lists:seq(1, length(Terms)), Terms)].

n(Format, Args) -> lists:flatten(io_lib:format(Format, Args)).

integers() ->
    Powers = [7, 8, 15, 16, 23, 24, 27, 28, 31, 32, 59, 60, 63, 64, 127, 128, 255, 256, 1024, 2032, 2040, 2048],
    [[{n("int ~s2^~b~s", [S, P, D]), Sign * ((1 bsl P) + Delta)}
      || P <- Powers, {S, Sign} <- [{"", 1}, {"-", -1}], {D, Delta} <- [{"-1", -1}, {"", 0}, {"+1", 1}]],
     [{n("int ~b", [I]), I} || I <- [0, 1, 2, 10, -1, -2, -10, 100, 999, -999, 65535]]].

floats() ->
    [{n("float ~s", [S]), F} || {S, F} <- [
        {"0", 0.0}, {"1", 1.0}, {"-1", -1.0}, {"1.5", 1.5}, {"0.1", 0.1}, {"-0.1", -0.1}, {"third", 1/3}, {"ten thirds", 10/3},
        {"100", 100.0}, {"1000", 1000.0}, {"123456.789", 123456.789}, {"1e5", 1.0e5}, {"1.2e5", 1.2e5}, {"1e6", 1.0e6}, {"1e10", 1.0e10},
        {"1e15", 1.0e15}, {"1e16", 1.0e16}, {"1e17", 1.0e17}, {"1e20", 1.0e20}, {"1e21", 1.0e21}, {"1e22", 1.0e22}, {"1e23", 1.0e23}, {"1e100", 1.0e100},
        {"max", 1.7976931348623157e308}, {"min normal", 2.2250738585072014e-308}, {"min", 4.9406564584124654e-324}, {"-max", -1.7976931348623157e308},
        {"0.01", 0.01}, {"0.001", 0.001}, {"0.0001", 0.0001}, {"0.00001", 0.00001}, {"1e-7", 1.0e-7}, {"1.5e-7", 1.5e-7}, {"pi", 3.141592653589793},
        {"2^53", 9007199254740992.0}, {"2^53-1", 9007199254740991.0}, {"2^53+2", 9007199254740994.0}, {"-2^53", -9007199254740992.0}, {"2^52+.5", 4503599627370496.5},
        {"2^63", 9223372036854775808.0}, {"f32 0.1", 0.10000000149011612}, {"123456789012345680", 123456789012345680.0}, {"1.7e9", 1700000000.123},
        {"1234567890", 1234567890.0}, {"0.00012345", 0.00012345}, {"12345e-10", 1.2345e-6}, {"999999999999999", 999999999999999.0}, {"5e-324*3", 1.5e-323}]].

atoms() ->
    [[numbered("atom", [
        a, ok, error, undefined, nil, true, false, '', 'hello world', 'Hello', 'a-b', a@b, 'a@127.0.0.1', 'Elixir.Enum', a_b, a1, '1a', '_a', '@a', 'a.b',
        'a\'b', 'a\\b', 'a\nb', 'a\tb', 'a"b', 'and', 'end', 'fun', 'maybe', 'else', 'rem', 'a b', '[]', '{}', '$gen_call', 'a$', 'A', '\000', '\177', 'a\eb'])],
     [{"atom latin1", binary_to_atom(<<"é"/utf8>>)}, {"atom latin1 upper", binary_to_atom(<<"Égal"/utf8>>)}, {"atom latin1 word", binary_to_atom(<<"naïveté"/utf8>>)},
      {"atom division sign", binary_to_atom(<<"a÷b"/utf8>>)}, {"atom sharp s", binary_to_atom(<<"ß"/utf8>>)}, {"atom nbsp", binary_to_atom(<<"a", 160/utf8>>)},
      {"atom C1", binary_to_atom(<<"a", 133/utf8>>)}, {"atom 8 bytes of 2", binary_to_atom(<<"ÿÿÿÿ"/utf8>>)},
      {"atom cyrillic", binary_to_atom(<<"привет"/utf8>>)}, {"atom cjk", binary_to_atom(<<"日本"/utf8>>)}, {"atom emoji", binary_to_atom(<<"a🎉"/utf8>>)},
      {"atom greek upper", binary_to_atom(<<"Ωmega"/utf8>>)}, {"atom ideographic space", binary_to_atom(<<"a", 16#3000/utf8>>)},
      {"atom 255", list_to_atom(lists:duplicate(255, $a))}, {"atom 255 of two bytes", list_to_atom(lists:duplicate(255, 233))},
      {"atom 255 of four bytes", list_to_atom(lists:duplicate(255, 16#1F389))}, {"atom 128 of two bytes", list_to_atom(lists:duplicate(128, 233))}],
     [{n("reserved ~s", [W]), W} || W <- ['after', 'andalso', 'band', 'begin', 'bnot', 'bor', 'bsl', 'bsr', 'bxor', 'case', 'catch', 'cond', 'div', 'if',
                                          'let', 'not', 'of', 'or', 'orelse', 'receive', 'try', 'when', 'xor']]].

binaries() ->
    [numbered("binary", [
        <<>>, <<0>>, <<1, 2, 3>>, <<255>>, <<"hello">>, <<"hello world">>, <<"with \"quotes\"">>, <<"back\\slash">>, <<"line\nfeed\ttab\r\v\b\f\e">>, <<"a", 0>>,
        <<"é"/utf8>>, <<"привет"/utf8>>, <<"🎉"/utf8>>, <<233>>, <<"caf", 233>>, <<127>>, <<"日本語"/utf8, 0>>, <<200, 201, 202>>, <<160>>, <<"a", 194, 133>>,
        list_to_binary(lists:seq(0, 255))])].

bit_strings() ->
    [[{n("bits ~b of ~b", [B, V]), <<V:B>>} || B <- lists:seq(1, 7), V <- [0, 1, (1 bsl B) - 1]] -- [{"bits 1 of 1", <<1:1>>}],
     [{n("bytes and bits ~b", [B]), <<"ab", 5:B>>} || B <- lists:seq(1, 8)]].

lists_() ->
    [[numbered("list", [
        [], [1], [0], [255], [256], [-1], [1, -2, 3], [1, 2, 3], [1, 256], [256, 1], [a], [a, b], [a | b], [1 | 2], [1, 2 | 3], [a | <<"b">>], [1 | {a}],
        "hello", "hello world", "with \"quotes\"", "back\\slash", "line\nfeed\ttab\r\v\b\f\e", [0, 1], [127], [128], [160], [233], [255, 255], "a" ++ [0],
        [1087, 1088], [16#1F389], [16#D7FF], [16#10FFFF], [16#FFFE], [16#D800], [133], [97, 133], [1114112], [[]], [[], []], [[[]]], [[1], [2]], ["ab", "cd"],
        [1.0, 2.0], [[a | b] | c], [a, [b | [c]] | d], [1, a], [a, 1]])],
     {"list 300 bytes", [I rem 256 || I <- lists:seq(1, 300)]}, {"list 300 integers", lists:seq(1, 300)},
     {"list of big", [1 bsl 64, -(1 bsl 64)]}, {"list nested 100", lists:foldl(fun(_, A) -> [A] end, [], lists:seq(1, 100))},
     {"list proplist", [{a, 1}, {b, <<"two">>}, c]}, {"list of atoms and tail", [ok, error | undefined]},
     {"list [] is not ''", [[], '']}, {"iolist", [<<"a">>, "b", [99 | <<"d">>]]}].

tuples() ->
    [[numbered("tuple", [
        {}, {a}, {1}, {a, b}, {ok, 1}, {error, reason}, {a, {b, {c}}}, {{}}, {1, 2.0, <<"3">>, "4", [5], #{6 => 7}}, {[], <<>>, ''}, {{{{}}}}, {a, "b"}])],
     [{n("tuple of ~b", [N]), list_to_tuple(lists:duplicate(N, x))} || N <- [12, 13, 254, 255, 256, 300]],
     {"tuple nested 100", lists:foldl(fun(_, A) -> {A} end, {}, lists:seq(1, 100))}].

maps_() ->
    [[numbered("map", [
        #{}, #{a => 1}, #{1 => a}, #{a => 1, b => 2}, #{<<"k">> => <<"v">>}, #{"k" => v}, #{1 => i, 1.0 => f}, #{#{a => 1} => b}, #{#{a => 1, b => 2} => c},
        #{[] => nil}, #{{a, b} => [c]}, #{a => #{b => #{c => #{}}}}, #{'__struct__' => 'Elixir.Range', first => 1, last => 2, step => 1}, #{-1 => x, 0 => y},
        #{1 bsl 70 => big}, #{a => [], [] => a}, #{{} => {}}])],
     [{n("map of ~b", [N]), maps:from_list([{I, I * I} || I <- lists:seq(1, N)])} || N <- [3, 31, 32, 33, 40]],
     {"map of atoms", #{name => <<"n">>, id => 1, tags => [x, y], total => 1.5, 'Quoted key' => true}},
     {"map nested 100", lists:foldl(fun(_, A) -> #{k => A} end, #{}, lists:seq(1, 100))}].

identifiers() ->
    Node = fun(N) -> <<119, (byte_size(N)), N/binary>> end,
    Pid = fun(N, I, S, C) -> binary_to_term(<<131, 88, (Node(N))/binary, I:32, S:32, C:32>>) end,
    Port = fun(N, I, C) -> binary_to_term(<<131, 120, (Node(N))/binary, I:64, C:32>>) end,
    Ref = fun(N, C, Words) -> binary_to_term(<<131, 90, (length(Words)):16, (Node(N))/binary, C:32, (<< <<W:32>> || W <- Words >>)/binary>>) end,
    [[numbered("pid", [
        Pid(<<"a@b">>, 0, 0, 1), Pid(<<"a@b">>, 91, 0, 1), Pid(<<"a@127.0.0.1">>, 32767, 8191, 3), Pid(<<"n@h">>, 32768, 8192, 4), Pid(<<"n@h">>, 16#FFFFFFFF, 16#FFFFFFFF, 16#FFFFFFFF),
        Pid(<<"with-dash@host-1.example">>, 1, 2, 1700000000), Pid(<<"é@h"/utf8>>, 1, 1, 1)])],
     [numbered("port", [
        Port(<<"a@b">>, 0, 1), Port(<<"a@b">>, 6, 1), Port(<<"a@b">>, 16#FFFFFFF, 2), Port(<<"a@b">>, 16#FFFFFFFF, 5), Port(<<"a@b">>, 16#100000000, 5), Port(<<"a@b">>, 16#FFFFFFFFFFFFFFFF, 16#FFFFFFFF)])],
     [numbered("reference", [
        Ref(<<"a@b">>, 1, [1]), Ref(<<"a@b">>, 1, [1, 2]), Ref(<<"a@b">>, 1, [1, 2, 3]), Ref(<<"a@b">>, 1, [262143, 16#FFFFFFFF, 16#FFFFFFFF]), Ref(<<"a@b">>, 9, [1, 2, 3, 4]),
        Ref(<<"a@b">>, 9, [1, 2, 3, 4, 5]), Ref(<<"a@b">>, 16#FFFFFFFF, [16#FFFFFFFF, 16#FFFFFFFF, 16#FFFFFFFF, 16#FFFFFFFF, 16#FFFFFFFF])])]].

funs() ->
    Pid = list_to_pid("<0.1.0>"), A = {a, 1}, B = <<"bin">>,
    Evaluated = fun(Text) ->
                    {ok, Tokens, _} = erl_scan:string(Text), {ok, Exprs} = erl_parse:parse_exprs(Tokens),
                    {value, Fun, _} = erl_eval:exprs(Exprs, [{'X', 1}]), Fun
                end,
    [{"fun erlang:now/0", fun erlang:now/0}, {"fun m:f/255", fun m:f/255}, {"fun quoted", fun 'Elixir.Enum':'map!'/2}, {"fun list", [fun lists:map/2, x]},
     {"fun closure 0", fun() -> ok end}, {"fun closure 1", fun(X) -> {X, A} end}, {"fun closure 2", fun(X, _) -> {X, A, B, Pid} end},
     {"fun in tuple", {f, fun() -> A end, [fun() -> B end]}}, {"fun of fun", (fun(F) -> fun() -> F(A) end end)(fun(_) -> B end)},
     {"fun evaluated", Evaluated("fun(Y) -> X + Y end.")}].

messages() ->
    Ref = binary_to_term(<<131, 90, 3:16, 119, 3, "a@b", 1:32, 1:32, 2:32, 3:32>>),
    Pid = binary_to_term(<<131, 88, 119, 3, "a@b", 91:32, 0:32, 1:32>>),
    [{"message ping", {ping, <<"hello">>}}, {"message gen_call", {'$gen_call', {Pid, [alias | Ref]}, {is_auth, 'n@h'}}}, {"message gen_cast", {'$gen_cast', {put, k, v}}},
     {"message rpc", {Pid, {call, erlang, node, [], Pid}}}, {"message down", {'DOWN', Ref, process, Pid, noconnection}}, {"message badrpc", {badrpc, {'EXIT', {undef, [{m, f, [1], []}]}}}},
     {"message order", #{'__struct__' => 'Elixir.Shop.Order', id => 17, lines => [{<<"apple">>, 3, 1.25}, {<<"pear">>, 1, 0.75}], paid => false, note => nil}},
     {"message spawn", {29, Ref, Pid, Pid, {erpc, execute_call, 4}, [monitor]}}, {"message mixed", [1, 2.5, a, <<"b">>, "c", {d, [e | f]}, #{g => h}, Pid, Ref]},
     {"exception", {badmatch, {error, {already_started, Pid}}}}, {"stacktrace", [{gen_server, call, 3, [{file, "gen_server.erl"}, {line, 239}]}]}].
