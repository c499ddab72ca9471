%% Calls without a pause, and what became of each.
-module(soak).
-export([start/2, stop/1]).

%% So many processes that call `echo` on a node until they are stopped.
start(Node, Count) ->
    [spawn(fun() -> loop(Node, 0, 0, []) end) || _ <- lists:seq(1, Count)].

%% What all of them have sent, what was answered, and the causes of what was not, each as often as it was heard of.
stop(Callers) ->
    [Caller ! {stop, self()} || Caller <- Callers],
    lists:foldl(fun(Caller, {Sent, Answered, Failed}) ->
        receive {Caller, S, A, F} -> {Sent + S, Answered + A, lists:foldl(fun add/2, Failed, F)} end
    end, {0, 0, []}, Callers).

loop(Node, Sent, Answered, Failed) ->
    receive
        {stop, From} -> From ! {self(), Sent, Answered, Failed}
    after 0 ->
        try gen_server:call({soak, Node}, {echo, Sent}, 60000) of
            Sent -> loop(Node, Sent + 1, Answered + 1, Failed);
            _ -> loop(Node, Sent + 1, Answered, add({wrong_answer, 1}, Failed))
        catch
            exit:{Reason, _} ->
                timer:sleep(20),
                loop(Node, Sent + 1, Answered, add({cause(Reason), 1}, Failed))
        end
    end.

cause({nodedown, _}) -> nodedown;
cause(Reason) when is_atom(Reason) -> Reason;
cause(_) -> other.

add({Cause, Count}, Failed) ->
    orddict:update_counter(Cause, Count, Failed).
