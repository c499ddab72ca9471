#!/usr/bin/env escript
%% Fills the last column of tests/macros/derive_vectors.tsv: the terms of its second column as this BEAM encodes them,
%% atoms as UTF-8 (what nodes send to each other), or as Latin-1 if the name ends in `latin1`.
%%
%%   scripts/vectors/derive.escript tests/macros/derive_vectors.tsv

main([File]) ->
    {ok, Text} = file:read_file(File),
    Lines = string:split(string:trim(unicode:characters_to_list(Text), trailing, "\n"), "\n", all),
    ok = file:write_file(File, unicode:characters_to_binary([[line(Line), $\n] || Line <- Lines])).

line("#" ++ _ = Comment) ->
    Comment;
line(Line) ->
    [Name, Source | _] = string:split(Line, "\t", all),
    {ok, Tokens, _} = erl_scan:string(Source ++ "."),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Term, _} = erl_eval:exprs(Expressions, []),
    Version = case lists:suffix("latin1", Name) of true -> 1; false -> 2 end,
    [Name, $\t, Source, $\t, string:lowercase(binary:encode_hex(term_to_binary(Term, [{minor_version, Version}])))].
