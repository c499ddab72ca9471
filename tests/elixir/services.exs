ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule ServicesTest do
  @moduledoc "What the end of a service means for its node, and what is told of handlers that fail (`tests/nodes/drainer.rs`)."
  use ExUnit.Case
  import NodeUnderTest

  @long 60_000

  setup do
    %{notes: Path.join(System.user_home!(), "notes-" <> unique())}
  end

  defp start_with!(notes, services, env \\ []) do
    start!(env: [{"NOTES", notes}, {"SERVICES", services}] ++ env)
  end

  defp pid(child, name \\ nil), do: GenServer.call({name, child.name}, :pid, @long)

  defp kill(pid, reason \\ :kill) do
    monitor = Process.monitor(pid)
    Process.exit(pid, reason)
    assert_receive {:DOWN, ^monitor, :process, ^pid, reason}, @long
    reason
  end

  test "the only service takes the node along, which finishes what runs", %{notes: notes} do
    for services <- ["one", "only_factory"], reason <- [:kill] do
      child = start_with!(notes, services)
      # Of the former one; a factory stops making others when it has to do so too often.
      reasons = if services == "one", do: [kill(pid(child), reason)], else: for(_ <- 1..4, do: kill(pid(child)))
      assert Enum.uniq(reasons) == [:killed]
      assert {[line], 4} = ending(child)
      assert line == "error: the service has ended: killed"
      assert List.last(noted(notes)) == "after the node"
    end
  end

  test "a service that ends itself takes the node along as well", %{notes: notes} do
    child = start_with!(notes, "one")
    assert GenServer.call({nil, child.name}, {:stop, :normal}) == true
    assert {["error: the service has ended: normal"], 4} = ending(child)
    child = start_with!(notes, "one")
    pid = pid(child)
    assert GenServer.call(pid, {:stop, {:a, "reason\n\e[2J"}}) == true
    assert {[line], 4} = ending(child)
    # Escaped as a term.
    assert line =~ "error: the service has ended: {a,<<" and String.printable?(line) and line =~ ~S(\e[2J)
  end

  test "one of several ends alone, and the others go on", %{notes: notes} do
    child = start_with!(notes, "two", [{"NODEX_LOG", "error"}])
    a = pid(child, :a)
    assert kill(a) == :killed
    assert line(child) =~ ~r/ERROR .*a service has ended.*name="?a"?/
    assert GenServer.call({:b, child.name}, {:ping, 1}) == {:pong, 1}
    assert {:noproc, _} = catch_exit(GenServer.call({:a, child.name}, {:ping, 1}))
    signal(child, "TERM")
    assert {_, 0} = ending(child)
  end

  test "a permanent one of several takes the node along", %{notes: notes} do
    child = start_with!(notes, "permanent")
    running = Task.async(fn -> GenServer.call({:b, child.name}, {:sleep, 500}, @long) end)
    assert eventually(fn -> "begins" in noted(notes) end)
    assert kill(pid(child, :a)) == :killed
    assert catch_exit(GenServer.call({:b, child.name}, {:ping, 1})) |> elem(0) == {:shutdown, :draining}
    assert Task.await(running, @long) == 500
    assert {["error: the service a has ended: killed"], 4} = ending(child)
  end

  test "a transient one takes the node along if it fails", %{notes: notes} do
    for reason <- [:normal, :shutdown, {:shutdown, :done}] do
      child = start_with!(notes, "transient")
      assert GenServer.call({nil, child.name}, {:stop, reason}) == true
      assert Node.ping(child.name) == :pong
      signal(child, "TERM")
      assert {[], 0} = ending(child)
    end

    child = start_with!(notes, "transient")
    assert GenServer.call({nil, child.name}, {:stop, :oops}) == true
    assert {["error: the service has ended: oops"], 4} = ending(child)
  end

  test "a temporary one never does", %{notes: notes} do
    child = start_with!(notes, "temporary")
    assert kill(pid(child)) == :killed
    assert Node.ping(child.name) == :pong
    Node.disconnect(child.name)
    assert {[], 0} = ending(child)
  end

  test "a factory makes a service anew that has failed, under its name", %{notes: notes} do
    child = start_with!(notes, "factory")
    first = pid(child, :a)
    assert [0, 1] == for(_ <- 1..2, do: GenServer.call({:a, child.name}, :next))
    assert kill(first) == :killed
    second = pid(child, :a)
    assert second != first
    # With a state of its own.
    assert GenServer.call({:a, child.name}, :next) == 0
    assert GenServer.call(second, :next) == 1
    assert {:a, 8, ^second} = child |> services() |> Enum.find_value(fn {n, p, _} -> n == :a && {:a, 8, p} end)
    # Normal ends are ends.
    assert GenServer.call({:a, child.name}, {:stop, :normal}) == true
    assert {:noproc, _} = catch_exit(GenServer.call({:a, child.name}, {:ping, 1}))
    assert GenServer.call({:b, child.name}, {:ping, 1}) == {:pong, 1}
    signal(child, "TERM")
    assert {[], 0} = ending(child)
  end

  defp services(child), do: :rpc.call(child.name, :nodex, :services, [])

  test "a factory's only service answers every name again, also after a panic", %{notes: notes} do
    child = start_with!(notes, "only_factory")
    assert call(child, :next, :any_name) == 0
    assert {:error, {:panic, "crash: oops"}} = call(child, {:crash, "oops"}, :any_name)
    assert eventually(fn -> call(child, :next, :another_name) == 0 end)
    assert GenServer.call(pid(child), :next) == 1
    assert :rpc.call(child.name, :whatever, :next, []) == 2
    # What comes after it is watched like the first one.
    assert kill(pid(child)) == :killed
    assert call(child, :next) == 0
    signal(child, "TERM")
    assert {[], 0} = ending(child)
  end

  test "casts that fail are in the log, and counted", %{notes: notes} do
    child = start_with!(notes, "one", [{"NODEX_LOG", "error"}])
    to = {nil, child.name}

    for {request, reason} <- [
          {{:crash, "one\ntwo"}, ~S(crash: one\ntwo)},
          {{:crash_later, "later"}, "crash_later: later"},
          {{:refuse, :no}, "{error,no}"},
          {{:refuse_later, :not_now}, "{error,not_now}"},
          {{:block, "text"}, "block: argument 1: expected"},
          {{:no_such, 1}, "unknown_call"}
        ] do
      GenServer.cast(to, request)
      name = request |> elem(0) |> Atom.to_string()
      line = failed_cast(child)
      assert line =~ name and line =~ reason, line
    end

    assert %{counters: %{failed_casts: 6, panics: 2}} = :rpc.call(child.name, :nodex, :info, [])
    # By rpc as well, where nobody waits.
    :erpc.cast(child.name, :any, :crash, ["alone"])
    assert failed_cast(child, "a function failed that nobody waits for") =~
             ~S(module=any function=crash class=Error reason={panic,<<"crash: alone">>})
    # Those that do not fail are not told, nor are calls, whose callers know.
    GenServer.cast(to, {:ping, 1})
    GenServer.cast(to, {:note, "x"})
    assert GenServer.call(to, {:refuse, :no}) == {:error, :no}
    signal(child, "TERM")
    assert {[], 0} = ending(child)
  end

  # Panics have a line of their own beside it.
  defp failed_cast(child, words \\ "a cast failed") do
    line = line(child)
    if line =~ words, do: line, else: failed_cast(child, words)
  end

  test "without a hook of the program's own, panics of handlers are silent, and others are not", %{notes: notes} do
    child = start_with!(notes, "one")
    assert {:error, {:panic, _}} = call(child, {:crash, "one"})
    assert {:error, {:panic, _}} = call(child, {:crash_later, "two"})
    signal(child, "TERM")
    assert {[], 0} = ending(child)
  end

  test "a panic hook of the program's own gets every panic", %{notes: notes} do
    child = start_with!(notes, "one", [{"HOOK", "1"}])
    assert {:error, {:panic, "crash: one"}} = call(child, {:crash, "one"})
    assert {:error, {:panic, "crash_later: two"}} = call(child, {:crash_later, "two"})
    signal(child, "TERM")
    assert {[], 0} = ending(child)
    assert Enum.filter(noted(notes), &(&1 =~ "hook")) == ["hook: one", "hook: two", "hook: in a thread"]
  end
end
