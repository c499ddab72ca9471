%% Native records, which came with OTP 29.
-module(records).
-export([all/0]).
-export_record([order]).
-record #order{id = 0, items = [], note = none}.
-record #empty{}.

all() ->
    Order = #order{id = 1 bsl 70, items = [#empty{}, {#empty{}, <<5:3>>}]},
    [{order, Order}, {empty, #empty{}}, {nested, #{Order => [Order | Order]}}].
