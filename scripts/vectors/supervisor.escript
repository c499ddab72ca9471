#!/usr/bin/env escript
%% What OTP's supervisor does with random children and random failures, for
%% nodex-host/src/supervisor/core/tests/otp.rs. Prints transcripts:
%%
%%     scripts/vectors/supervisor.escript > nodex-host/src/supervisor/core/tests/otp.txt
%%
%% A scenario begins with `scenario STRATEGY AUTO_SHUTDOWN MAX_RESTARTS CHILD ..`, a child being NAME=TYPE with a `!`
%% behind it if it is significant. Each further line is `REQUEST | STARTS AND STOPS | CHILDREN`; a child that is down has
%% a `-` before it, and `ended` says that the supervisor has ended.
-mode(compile).
-behaviour(supervisor).
-export([init/1, start_child/1]).

-define(SCENARIOS, 150).
-define(REQUESTS, 9).

main([]) ->
    process_flag(trap_exit, true),
    logger:set_primary_config(level, none),
    rand:seed(exsss, {4, 11, 2024}),
    register(driver, self()),
    ets:new(fails, [named_table, public]),
    [scenario() || _ <- lists:seq(1, ?SCENARIOS)].

pick(List) -> lists:nth(rand:uniform(length(List)), List).

scenario() ->
    ets:delete_all_objects(fails),
    Strategy = pick([one_for_one, one_for_all, rest_for_one]),
    Auto = pick([never, never, any_significant, all_significant]),
    Max = pick([0, 1, 2, 3, 5, 1000]),
    Specs = [spec(Name, Auto) || Name <- lists:sublist([a, b, c, d], rand:uniform(4))],
    io:format("scenario ~s ~s ~b~s~n", [Strategy, Auto, Max, [[" ", show(Spec)] || Spec <- Specs]]),
    Flags = #{strategy => Strategy, intensity => Max, period => 3600, auto_shutdown => Auto},
    {ok, Sup} = supervisor:start_link(?MODULE, {Flags, Specs}),
    done("up", Sup),
    requests(Sup, Auto, ?REQUESTS).

spec(Name, Auto) ->
    Type = pick([permanent, permanent, transient, temporary]),
    Significant = Type =/= permanent andalso Auto =/= never andalso pick([true, false]),
    #{id => Name, start => {?MODULE, start_child, [Name]}, restart => Type, significant => Significant}.

show(#{id := Name, restart := Type, significant := Significant}) ->
    [atom_to_list(Name), "=", atom_to_list(Type), ["!" || Significant]].

init(Arg) -> {ok, Arg}.

start_child(Name) ->
    case ets:lookup(fails, Name) of
        [{_, Count}] when Count > 0 ->
            ets:insert(fails, {Name, Count - 1}),
            driver ! {log, ["fail ", atom_to_list(Name)]},
            {error, told_to};
        _ ->
            driver ! {log, ["start ", atom_to_list(Name)]},
            Self = self(),
            Pid = spawn_link(fun() -> process_flag(trap_exit, true), Self ! {traps, self()}, child(Name) end),
            receive {traps, Pid} -> {ok, Pid} end
    end.

child(Name) ->
    receive
        {'EXIT', _, shutdown} -> driver ! {log, ["stop ", atom_to_list(Name)]};
        {exit, Reason} -> exit(Reason)
    end.

requests(_Sup, _Auto, 0) -> ok;
requests(Sup, Auto, Count) ->
    Children = supervisor:which_children(Sup),
    Running = [{Id, Pid} || {Id, Pid, _, _} <- Children, is_pid(Pid)],
    Known = [Id || {Id, _, _, _} <- Children],
    Request = case rand:uniform(20) of
        N when N =< 11, Running =/= [] ->
            {Id, Pid} = pick(Running),
            Reason = pick([normal, crash, crash, crash]),
            Monitor = monitor(process, Pid),
            Pid ! {exit, Reason},
            receive {'DOWN', Monitor, _, _, _} -> ok end,
            gone(Sup, Pid),
            io_lib:format("~s ~s", [Reason, Id]);
        N when N =< 13 ->
            Id = pick([a, b, c, d]),
            Fails = rand:uniform(2),
            ets:insert(fails, {Id, Fails}),
            io_lib:format("fails ~s ~b", [Id, Fails]);
        N when N =< 15, Known =/= [] ->
            Id = pick(Known),
            io_lib:format("terminate ~s ~s", [Id, result(supervisor:terminate_child(Sup, Id))]);
        N when N =< 17, Known =/= [] ->
            Id = pick(Known),
            io_lib:format("restart ~s ~s", [Id, result(supervisor:restart_child(Sup, Id))]);
        18 when Known =/= [] ->
            Id = pick(Known),
            io_lib:format("delete ~s ~s", [Id, result(supervisor:delete_child(Sup, Id))]);
        _ ->
            Spec = spec(pick([d, e, f]), Auto),
            io_lib:format("add ~s ~s", [show(Spec), result(supervisor:start_child(Sup, Spec))])
    end,
    case done(Request, Sup) of
        up -> requests(Sup, Auto, Count - 1);
        ended -> ok
    end.

result(ok) -> "ok";
result({ok, _}) -> "ok";
result({error, {told_to, _}}) -> "failed";
result({error, told_to}) -> "failed";
result({error, {already_started, _}}) -> "already_started";
result({error, Reason}) -> atom_to_list(Reason).

%% Waits until the supervisor has seen the end of this process.
gone(Sup, Pid) ->
    try lists:keymember(Pid, 2, supervisor:which_children(Sup)) of
        true -> gone(Sup, Pid);
        false -> ok
    catch exit:_ -> ok
    end.

%% Waits until nothing is being restarted any more.
done(Request, Sup) ->
    Children = try supervisor:which_children(Sup) catch exit:_ -> ended end,
    case is_list(Children) andalso lists:keymember(restarting, 2, Children) of
        true -> done(Request, Sup);
        false ->
            State = case Children of
                ended -> receive {'EXIT', Sup, shutdown} -> "ended" end;
                _ -> lists:join(" ", [[["-" || Pid =:= undefined], atom_to_list(Id)]
                                      || {Id, Pid, _, _} <- lists:reverse(Children)])
            end,
            io:format("~s | ~s | ~s~n", [Request, lists:join(", ", logged()), State]),
            case Children of ended -> ended; _ -> up end
    end.

logged() ->
    receive
        {log, Line} -> [Line | logged()]
    after 0 -> []
    end.
