%% Terms of every kind, sent to a node that echoes them. Compiled by each release for itself, so it keeps to
%% what OTP 23 knows; `records.erl` has what only the newest one knows.
-module(terms).
-export([all/0, deep/0, echo/3, big/3]).

%% Sends {Function, Term} and gives the names of the terms that did not come back as they were.
echo(Node, Function, Terms) ->
    Check = fun({_, Term}) -> round_trip(Node, Function, Term) =/= {pong, Term} end,
    [Name || {Name, _} = Named <- Terms, Check(Named)].

round_trip(Node, Function, Term) ->
    {echo, Node} ! {Function, Term},
    receive Reply -> Reply after 60000 -> no_reply end.

%% A binary of so many bytes there and back, compared where it is.
big(Node, Function, Size) ->
    Binary = binary:copy(<<"0123456789abcdef">>, Size div 16),
    {pong, Binary} =:= round_trip(Node, Function, Binary).

all() ->
    integers() ++ floats() ++ atoms() ++ identifiers() ++ funs() ++ binaries() ++ lists() ++ tuples() ++ maps().

%% A hundred thousand levels of each kind.
deep() ->
    Nest = fun(Wrap, Core) -> lists:foldl(fun(_, Inner) -> Wrap(Inner) end, Core, lists:seq(1, 100000)) end,
    [
        {lists, Nest(fun(Inner) -> [Inner] end, [])},
        {tails, Nest(fun(Inner) -> [[] | {Inner}] end, x)},
        {tuples, Nest(fun(Inner) -> {Inner} end, {})},
        {values, Nest(fun(Inner) -> #{k => Inner} end, #{})},
        {keys, Nest(fun(Inner) -> #{Inner => v} end, #{})}
    ].

integers() ->
    Bits = [7, 8, 15, 16, 27, 28, 31, 32, 59, 60, 63, 64, 127, 128, 1000, 8 * 255, 8 * 256, 100000],
    Around = [Sign * ((1 bsl Bit) + Off) || Bit <- Bits, Sign <- [1, -1], Off <- [-1, 0, 1]],
    [{{integer, N rem 1000000007}, N} || N <- [0, 1, -1 | Around]].

floats() ->
    <<Smallest/float>> = <<1:64>>,
    <<Largest/float>> = <<16#7FEFFFFFFFFFFFFF:64>>,
    [{{float, F}, F} || F <- [0.0, -0.0, 1.0, -1.5, 3.141592653589793, 1.0e-300, 1.0e300, Smallest, Largest]].

atoms() ->
    Atoms = ['', a, nil, true, 'two words', 'größe', '節点', 'Elixir.Shop.Order'],
    Long = [list_to_atom(lists:duplicate(255, C)) || C <- [$a, 16#E9, 16#7BC0, 16#1F600]],
    [{{atom, A}, A} || A <- Atoms ++ Long].

identifiers() ->
    Other = <<119, 11, "other@a.b.c">>,
    External = fun(Tag, Rest) -> binary_to_term(<<131, Tag, Rest/binary>>) end,
    Own = [self(), spawn(fun() -> ok end), whereis(kernel_sup), make_ref() | erlang:ports()],
    Monitor = case has_aliases() of
        true -> erlang:monitor(process, self(), [{alias, explicit_unalias}]);
        false -> erlang:monitor(process, self())
    end,
    Others = [
        External(88, <<Other/binary, 3:32, 4:32, 77:32>>),
        External(89, <<Other/binary, 9:32, 77:32>>),
        External(90, <<3:16, Other/binary, 77:32, 1:32, 2:32, 3:32>>),
        External(90, <<1:16, Other/binary, 77:32, 1:32>>)
    ],
    %% What 64-bit ports and references of five words look like is known since OTP 24.
    New = case has_aliases() of
        true -> [
            External(88, <<Other/binary, 16#FFFFFFFF:32, 16#FFFFFFFF:32, 77:32>>),
            External(120, <<Other/binary, 16#FFFFFFFFFF:64, 77:32>>),
            External(90, <<5:16, Other/binary, 77:32, 1:32, 2:32, 3:32, 4:32, 5:32>>)
        ];
        false -> []
    end,
    [{{identifier, I}, I} || I <- Own ++ [Monitor] ++ Others ++ New].

has_aliases() ->
    erlang:function_exported(erlang, alias, 0).

funs() ->
    X = make_ref(),
    Env = {X, [self()], <<"abc">>},
    Local = fun(Y) -> {X, Y} end,
    Funs = [Local, fun() -> Env end, fun() -> Local end, fun lists:map/2, fun erlang:'+'/2, fun other:none/255, fun round_trip/3],
    [{{function, F}, F} || F <- Funs].

binaries() ->
    Bytes = [binary:copy(<<170>>, Size) || Size <- [0, 1, 31, 32, 33, 63, 64, 65, 255, 256, 65535, 65536, 1000000]],
    Bits = [<<16#ABCDEF0123456789:Size>> || Size <- lists:seq(1, 63)] ++ [<<(binary:copy(<<"x">>, 1000))/binary, 5:3>>],
    <<_:3, Slice:100/bitstring, _/bitstring>> = binary:copy(<<"slice">>, 10),
    [{{binary, bit_size(B)}, B} || B <- [Slice | Bytes ++ Bits]].

lists() ->
    Sizes = [1, 2, 255, 256, 65534, 65535, 65536, 70000],
    Strings = [lists:duplicate(Size, $s) || Size <- Sizes],
    Wide = [lists:duplicate(Size, 256) || Size <- Sizes],
    Others = [[], [0], [255], [256], [-1], [1, -2, 3], [1, a], [[]], [[], []], [1.0, 1], "größe", [97 | 98],
        [1, 2 | <<"tail">>], [a | {b, [c | d]}], lists:seq(1, 1000) ++ improper, [[[1, 2] | 3] | [4 | 5]]],
    [{{list, Place}, L} || {Place, L} <- numbered(Strings ++ Wide ++ Others)].

tuples() ->
    [{{tuple, Size}, erlang:make_tuple(Size, size)} || Size <- [0, 1, 2, 3, 254, 255, 256, 257, 65536, 100000]].

maps() ->
    Sizes = lists:seq(0, 40) ++ [64, 100, 255, 256, 257, 1000, 65535, 65536],
    BySize = [maps:from_list([{K, -K} || K <- lists:seq(1, Size)]) || Size <- Sizes],
    Others = [#{1 => a, 1.0 => b}, #{#{} => #{}, [] => [], {} => {}}, #{self() => make_ref(), <<1:1>> => fun lists:map/2},
        #{#{a => 1, b => #{c => 2}} => #{#{d => 3} => 4}}, #{"list" => 1, <<"binary">> => 2, atom => 3, 4.0 => 5}],
    [{{map, Place}, M} || {Place, M} <- numbered(BySize ++ Others)].

numbered(List) ->
    lists:zip(lists:seq(1, length(List)), List).
