ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule DrainTest do
  @moduledoc """
  How a node ends that was asked to: what runs is finished, what is new is refused, and the rest of its `main` runs
  (`tests/nodes/drainer.rs`).
  """
  use ExUnit.Case
  import NodeUnderTest

  @long 60_000

  setup do
    notes = Path.join(System.user_home!(), "notes-" <> unique())
    %{notes: notes}
  end

  defp start_noting!(notes, options \\ []) do
    env = [{"NOTES", notes}, {"NODEX_LOG", "warn"}] ++ (options[:env] || [])
    start!(Keyword.put(options, :env, env))
  end

  defp count(notes, line), do: Enum.count(noted(notes), &(&1 == line))

  defp server(child, name \\ nil), do: {name, child.name}

  # What comes of a call: `{:ok, reply}`, or `{:exit, reason}`.
  defp outcome(child, request, name \\ nil) do
    {:ok, GenServer.call(server(child, name), request, @long)}
  catch
    :exit, {reason, _} -> {:exit, reason}
  end

  defp call_aside(child, request) do
    task = Task.async(fn -> outcome(child, request) end)
    task
  end

  # Waits until the node has begun with so many calls.
  defp begun(notes, count \\ 1), do: assert(eventually(fn -> count(notes, "begins") >= count end))

  test "ten callers that do not stop calling lose no call", %{notes: notes} do
    for handler <- [:sleep, :block, :work] do
      child = start_noting!(notes)
      # Enough time for any machine; it is not what ends the node.
      before = count(notes, "ends")
      callers = for _ <- 1..10, do: Task.async(fn -> call_on(child, handler, 0) end)
      assert eventually(fn -> count(notes, "ends") >= before + 30 end)
      signal(child, "TERM")
      ends = Task.await_many(callers, @long)
      assert {[_ | _], 0} = status_and_log(child)
      # Each of them got the replies to all calls that were begun, and then was told that it comes too late.
      answered = ends |> Enum.map(&elem(&1, 0)) |> Enum.sum()
      assert count(notes, "begins") == count(notes, "ends")
      assert count(notes, "ends") - before == answered
      assert for({_, reason} <- ends, uniq: true, do: reason) == [{:shutdown, :draining}]
      assert Enum.take(noted(notes), -2) == ["one dropped", "after the node"]
    end
  end

  # The log may be empty.
  defp status_and_log(child) do
    {lines, status} = ending(child)
    {[:log | lines], status}
  end

  defp call_on(child, handler, count) do
    case outcome(child, {handler, 100}) do
      {:ok, 100} -> call_on(child, handler, count + 1)
      {:exit, reason} -> {count, reason}
    end
  end

  test "what is new is refused in the form in which it came", %{notes: notes} do
    child = start_noting!(notes)
    Node.monitor(child.name, true)
    running = call_aside(child, {:sleep, 1_500})
    begun(notes)
    other = Process.monitor(server(child))
    signal(child, "TERM")
    assert eventually(fn -> call(child, {:ping, 1}) == {:error, :draining} end)
    # The monitor of the call fires, and no other one.
    assert outcome(child, {:ping, 1}) == {:exit, {:shutdown, :draining}}
    refute_received {:DOWN, ^other, _, _, _}
    assert {:badrpc, {:EXIT, {:draining, _}}} = :rpc.call(child.name, :anything, :ping, [1])
    assert {:error, {:exception, :draining, [{:anything, :ping, [1], _} | _]}} = caught_erpc(child)
    assert {:badrpc, {:EXIT, {:draining, _}}} = :rpc.block_call(child.name, :anything, :ping, [1])
    request = :gen_server.send_request(server(child), {:ping, 1})
    assert {:error, {{:shutdown, :draining}, _}} = :gen_server.receive_response(request, @long)
    # What calls nothing is refused as well, and an answer is not answered.
    assert call(child, {:no_such_function}) == {:error, :draining}
    send(server(child), {:error, :whatever})
    # Those that every node answers are answered.
    assert Node.ping(child.name) == :pong
    assert %{counters: %{refused: refused}} = :rpc.call(child.name, :nodex, :info, [])
    assert refused >= 6
    assert Task.await(running, @long) == {:ok, 1_500}
    assert_receive {:nodedown, _}, @long
    # The other monitor waited for the real end.
    assert_receive {:DOWN, ^other, :process, _, :noconnection}, @long
    refute_received {:error, _}
    assert {_, 0} = ending(child)
    assert Enum.take(noted(notes), -3) == ["ends", "one dropped", "after the node"]
  end

  defp caught_erpc(child) do
    :erpc.call(child.name, :anything, :ping, [1], @long)
  catch
    class, reason -> {class, reason}
  end

  test "refusals keep the order of plain replies", %{notes: notes} do
    child = start_noting!(notes)
    send(server(child), {:sleep, 300})
    begun(notes)
    signal(child, "TERM")
    assert eventually(fn -> match?({:exit, {:shutdown, _}}, outcome(child, {:ping, 1})) end)
    send(server(child), {:ping, 2})
    assert {reply(), reply()} == {300, {:error, :draining}}
    assert {_, 0} = ending(child)
  end

  test "casts that were there are handled, and later ones are counted and logged", %{notes: notes} do
    child = start_noting!(notes)
    # The thread of the connection is busy, so all of these wait in the socket.
    gate = notes <> "-gate"
    running = call_aside(child, {:block_until, gate})
    begun(notes)
    for n <- 1..500, do: GenServer.cast(server(child), {:note, "early #{n}"})
    :erpc.cast(child.name, :anything, :note, ["early 501"])
    assert eventually(fn -> all_in_the_socket?(child, 501 * 60) end)
    signal(child, "TERM")
    assert eventually(fn -> not signal_pending?(child) end)
    # The thread that hears it is free.
    Process.sleep(100)
    early = unread(child)
    for n <- 1..50, do: GenServer.cast(server(child), {:note, "late #{n}"})
    assert eventually(fn -> all_in_the_socket?(child, early + 50 * 60) end)
    File.touch!(gate)
    assert Task.await(running, @long) == {:ok, :there}
    {log, 0} = ending(child)
    early = for n <- 1..501, do: "early #{n}"
    assert Enum.filter(noted(notes), &String.starts_with?(&1, "early")) == early
    refute Enum.any?(noted(notes), &String.starts_with?(&1, "late"))
    assert Enum.any?(log, &(&1 =~ "casts came too late" and &1 =~ "dropped=50")), inspect(log)
  end

  # Whether so many bytes at least wait in the node's socket, and no more are coming.
  defp all_in_the_socket?(child, bytes) do
    before = unread(child)
    Process.sleep(20)
    before >= bytes and unread(child) == before
  end

  # proc(5), net/tcp: the queues are the fifth field, the inode is the tenth.
  defp unread(%{os_pid: os_pid}) do
    folder = "/proc/#{os_pid}/fd"

    sockets =
      for fd <- File.ls!(folder), {:ok, "socket:[" <> inode} <- [File.read_link(Path.join(folder, fd))] do
        String.trim_trailing(inode, "]")
      end

    "/proc/net/tcp"
    |> File.read!()
    |> String.split("\n", trim: true)
    |> Enum.map(&String.split/1)
    |> Enum.filter(&(Enum.at(&1, 9) in sockets))
    |> Enum.map(fn fields -> fields |> Enum.at(4) |> String.split(":") |> Enum.at(1) |> String.to_integer(16) end)
    |> Enum.sum()
  end

  defp signal_pending?(%{os_pid: os_pid}) do
    status = File.read!("/proc/#{os_pid}/status")
    [_, pending] = Regex.run(~r/^ShdPnd:\s*(\w+)$/m, status)
    String.to_integer(pending, 16) != 0
  end

  test "the end of stdin is a request with all the time, which the first SIGTERM does not shorten", %{notes: notes} do
    child = start_noting!(notes)
    running = call_aside(child, {:sleep, 1_500})
    begun(notes)
    Port.close(child.port)
    assert eventually(fn -> outcome(child, {:ping, 1}) == {:exit, {:shutdown, :draining}} end)
    signal(child, "TERM")
    assert Task.await(running, @long) == {:ok, 1_500}
    assert eventually(fn -> Enum.take(noted(notes), -2) == ["one dropped", "after the node"] end)
  end

  test "a second signal ends it at once", %{notes: notes} do
    for handler <- [:sleep, :block, :work] do
      child = start_noting!(notes, env: [{"NODEX_DRAIN", "10m"}])
      before = count(notes, "begins")
      running = call_aside(child, {handler, @long})
      begun(notes, before + 1)
      signal(child, "TERM")
      signal(child, "INT")
      assert {:exit, reason} = Task.await(running, @long)
      assert reason in [{:nodedown, child.name}, :noconnection]
      assert {_, 0} = ending(child)
    end
  end

  test "when its time is over, what runs is cut off, and the rest of main runs", %{notes: notes} do
    for {handler, dropped} <- [sleep: ["one dropped"], block: [], work: ["one dropped"]],
        env <- [[{"NODEX_DRAIN", "300ms"}], [{"DRAIN", "300"}], [{"DRAIN", "600000"}, {"NODEX_DRAIN", "300ms"}]] do
      File.rm(notes)
      child = start_noting!(notes, env: env)
      running = call_aside(child, {handler, @long})
      begun(notes)
      signal(child, "TERM")
      assert {:exit, reason} = Task.await(running, @long)
      assert reason in [{:nodedown, child.name}, :noconnection]
      {log, 0} = ending(child)
      assert Enum.any?(log, &(&1 =~ "the time to stop is over"))
      # The state belongs to a handler that holds up its thread, and to no other.
      assert noted(notes) == ["begins"] ++ dropped ++ ["after the node"]
    end
  end

  test "when the connection is lost there is a moment for what runs, and the rest of main runs", %{notes: notes} do
    child = start_noting!(notes, env: [{"NODEX_DRAIN", "10m"}])
    GenServer.cast(server(child), {:sleep, @long})
    begun(notes)
    GenServer.cast(server(child), {:sleep, 40})
    begun(notes, 2)
    Node.disconnect(child.name)
    assert {_, 0} = ending(child)
    assert noted(notes) == ["begins", "begins", "ends", "one dropped", "after the node"]
    # The same when the handler holds up its thread and the node is asked to stop meanwhile.
    File.rm(notes)
    child = start_noting!(notes, env: [{"NODEX_DRAIN", "10m"}])
    GenServer.cast(server(child), {:block, @long})
    begun(notes)
    Node.disconnect(child.name)
    signal(child, "TERM")
    assert {_, 0} = ending(child)
    assert noted(notes) == ["begins", "after the node"]
  end

  test "state may take its time to be dropped", %{notes: notes} do
    for ask <- [&signal(&1, "TERM"), &Node.disconnect(&1.name)] do
      File.rm(notes)
      child = start_noting!(notes, env: [{"DROP", "1500"}, {"NODEX_DRAIN", "300ms"}])
      ask.(child)
      assert {[], 0} = ending(child)
      assert noted(notes) == ["one dropped", "after the node"]
    end
  end

  test "what follows the node has its time, until a signal that is not the first", %{notes: notes} do
    child = start_noting!(notes, env: [{"AFTER", "700"}, {"NODEX_DRAIN", "100ms"}])
    signal(child, "TERM")
    assert {[], 0} = ending(child)
    assert noted(notes) == ["one dropped", "after the node", "at the end"]
    child = start_noting!(notes, env: [{"AFTER", "#{@long}"}])
    Node.disconnect(child.name)
    assert eventually(fn -> count(notes, "after the node") == 2 end)
    signal(child, "TERM")
    assert {[], 0} = ending(child)
  end

  test "a signal before there is a node ends the process", %{notes: notes} do
    child = spawn!(env: [{"NOTES", notes}, {"SERVICES", "slow_start"}])
    assert eventually(fn -> noted(notes) == ["starting"] end)
    signal(child, "TERM")
    assert {[], 0} = ending(child)
  end

  test "a time that cannot be read is told", %{notes: notes} do
    for text <- ["10", "1.5s", "ten", "-1s", "2d", "1441m"] do
      child = spawn!(env: [{"NOTES", notes}, {"NODEX_DRAIN", text}])
      assert {[line], 1} = ending(child)
      assert line =~ "error: the environment variable NODEX_DRAIN cannot be used: #{inspect(text)} "
    end
  end
end
