#!/usr/bin/env escript
%% -*- erlang -*-
%%! +pc unicode
%% Writes known answers for native records, which OTP 29 and later have and send even to nodes that did not say that
%% they understand them: usage, with the escript of such a release,
%%   scripts/vectors/records_term.escript > nodex-proto/tests/etf_vectors/records.tsv
%% Columns as in terms.tsv: name, bytes in hex without the 131, io_lib:format("~0tp", [Term]).
-mode(compile).
-export_record([exported]).
-record #pair{x = 1, y}.
-record #exported{id, name = <<"n">>}.
-record #none{}.
-record #'Quoted name'{'Field' = [], other = {}}.
-record #one{only}.

main(_) ->
    ok = io:setopts([{encoding, unicode}]),
    io:format("# OTP ~s\n", [erlang:system_info(otp_release)]),
    lists:foreach(fun({Name, Term}) ->
                      <<131, Bytes/binary>> = term_to_binary(Term),
                      io:format("~s\t~s\t~ts\n", [Name, binary:encode_hex(Bytes, lowercase), io_lib:format("~0tp", [Term])])
                  end,
                  [{"pair", #pair{y = 2}}, {"exported", #exported{id = 7}}, {"none", #none{}}, {"quoted", #'Quoted name'{other = {a, "b"}}},
                   {"in a list", [#one{only = 1}, #one{only = <<"two">>}]}, {"in a record", #pair{x = #one{only = #none{}}, y = [a | b]}},
                   {"in a map", #{#one{only = k} => #one{only = v}}}, {"in a tuple", {reply, #pair{x = 1.5, y = #{}}, ok}}]).
