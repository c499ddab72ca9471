%% What a slave evaluates when it has booted, as the value of -eval; lines that begin like these are taken out.
%%
%% Its stdin brings one packet with all that it has to know, so that nothing of it stands in its arguments, which every
%% user of the machine can read. The end of its stdin is the end of the host, and so its own.
spawn(fun() ->
    Stdin = open_port({fd, 0, 0}, [in, binary, eof, {packet, 4}]),
    Fail = fun(Format, Arguments) ->
        io:format(Format ++ "~n", Arguments),
        catch logger_std_h:filesync(default),
        halt(1)
    end,
    Text = fun(Bytes) ->
        case unicode:characters_to_list(Bytes) of
            Characters when is_list(Characters) -> Characters;
            _ -> binary_to_list(Bytes)
        end
    end,
    {Name, Domain, Cookie, Secret, Home, Grace, First, More, Environment, Applications, Mark, Guard} =
        receive
            {Stdin, {data, Order}} -> binary_to_term(Order);
            {Stdin, eof} -> halt(1)
        end,
    try
        %% Outlives this node by a moment, and ends what it has started and left behind.
        open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", Guard, "nodex-guard", Mark, os:getpid()]}]),
        [case code:add_patha(Path) of
            true -> ok;
            {error, Why} -> Fail("the code path ~ts cannot be used: ~ts", [Path, Why])
        end || Path <- lists:reverse(lists:map(Text, First))],
        ok = code:add_pathsz(lists:map(Text, More)),
        [ok = application:set_env(Application, Key, Value, [{persistent, true}]) ||
            {Application, Parameters} <- Environment, {Key, Value} <- Parameters],

        %% A node is given its first cookie in an argument or in a file of its home. So its home is a folder that only
        %% its user can open, with a cookie that nobody knows, until it has the right one.
        {ok, [[Folder]]} = init:get_argument(home),
        File = filename:join(Folder, ".erlang.cookie"),
        case file:make_dir(Folder) of
            ok -> ok;
            {error, NoFolder} -> Fail("the folder ~ts cannot be made: ~ts", [Folder, NoFolder])
        end,
        ok = file:change_mode(Folder, 8#700),
        ok = file:write_file(File, Secret),
        ok = file:change_mode(File, 8#400),
        Started = net_kernel:start([Name, Domain]),
        file:delete(File),
        file:del_dir(Folder),
        case Home of
            nil -> os:unsetenv("HOME");
            _ -> os:putenv("HOME", Text(Home))
        end,
        case Started of
            {ok, _} -> true = erlang:set_cookie(node(), Cookie);
            {error, NotStarted} -> Fail("~ts cannot be distributed: ~0tp", [Name, NotStarted])
        end,
        [case application:ensure_all_started(Application) of
            {ok, _} -> ok;
            {error, Reason} -> Fail("the application ~ts does not start: ~0tp", [Application, Reason])
        end || Application <- Applications],
        io:format("~ts ready~n", [Name])
    catch
        Class:What:Stack -> Fail("~ts cannot start: ~0tp", [Name, {Class, What, Stack}])
    end,
    receive {Stdin, eof} -> init:stop() end,
    receive after Grace -> halt(0, [{flush, false}]) end
end).
