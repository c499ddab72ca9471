#!/usr/bin/env escript
%% -*- erlang -*-
%%! +pc unicode
%% What a real BEAM says about encoded terms. One question a line, one answer a line; terms in hex, without the 131.
%%   accept TERM      yes | no     is it a term
%%   same TERM TERM   yes | no     are both terms, and equal (=:=)
%%   text TERM        hex of the UTF-8 of io_lib:format("~0tp", [Term])
%%   encode TERM      hex of term_to_binary(Term, [{minor_version, 2}])
-mode(compile).

main(_) ->
    ok = io:setopts([{encoding, latin1}, binary]),
    loop().

loop() ->
    case io:get_line("") of
        eof -> ok;
        Line ->
            Words = binary:split(Line, [<<" ">>, <<"\n">>], [global, trim_all]),
            io:put_chars([answer(Words), $\n]),
            loop()
    end.

answer([<<"accept">>]) -> "no";
answer([<<"accept">>, A]) -> yes(term(A) =/= none);
answer([<<"same">>, A, B]) -> X = term(A), yes(X =/= none andalso X =:= term(B));
answer([<<"text">>, A]) -> {term, T} = term(A), hex(unicode:characters_to_binary(io_lib:format("~0tp", [T])));
answer([<<"encode">>, A]) -> {term, T} = term(A), <<131, B/binary>> = term_to_binary(T, [{minor_version, 2}]), hex(B).

yes(true) -> "yes";
yes(false) -> "no".

term(Hex) ->
    Bytes = binary:decode_hex(Hex),
    Size = byte_size(Bytes) + 1,
    try binary_to_term(<<131, Bytes/binary>>, [used]) of
        {Term, Size} -> {term, Term};
        _ -> none
    catch
        error:badarg -> none;
        error:system_limit -> none
    end.

hex(Bytes) -> binary:encode_hex(Bytes).
