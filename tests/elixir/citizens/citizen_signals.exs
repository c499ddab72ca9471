ExUnit.start()
Code.require_file("started_node.exs", __DIR__)

defmodule CitizenSignalsTest do
  use ExUnit.Case
  import StartedNode

  setup do
    child = start!()
    {:ok, child: child, node: child.name}
  end

  defp workers(node, request), do: GenServer.call({:workers, node}, request)

  defp worker!(node) do
    assert {:ok, pid} = workers(node, :spawn)
    assert node(pid) == node
    pid
  end

  defp worker!(node, trap_exit, stop_on_panic) do
    assert {:ok, pid} = workers(node, {:spawn, trap_exit, stop_on_panic})
    pid
  end

  # No message for so many milliseconds, those of the executable's port aside.
  defp nothing(time) do
    receive do
      message when not is_port(elem(message, 0)) -> flunk("got #{inspect(message)}")
    after
      time -> :ok
    end
  end

  # The next message, those of the executable's port aside.
  defp receive_any do
    receive do
      message when not is_port(elem(message, 0)) -> message
    after
      30_000 -> flunk("no message")
    end
  end

  # Waits for the message and then makes sure that it was the only one.
  defmacrop only(pattern) do
    quote do
      assert_receive unquote(pattern), 30_000
      nothing(50)
    end
  end

  # A process on this node that does what it is told.
  defp helper do
    spawn(fn ->
      Process.flag(:trap_exit, false)
      helper_loop()
    end)
  end

  defp helper_loop do
    receive do
      {:run, fun, to} ->
        send(to, {:ran, fun.()})
        helper_loop()

      {:exit, reason} ->
        exit(reason)
    end
  end

  defp run(helper, fun) do
    send(helper, {:run, fun, self()})
    assert_receive {:ran, result}, 30_000
    result
  end

  test "monitors of services hold until the node is gone", %{child: child, node: node} do
    pid = worker!(node)
    by_pid = Process.monitor(pid)
    by_name = Process.monitor({:orders, node})
    nothing(100)
    signal(child, "KILL")
    assert_receive {:DOWN, ^by_pid, :process, ^pid, :noconnection}, 30_000
    assert_receive {:DOWN, ^by_name, :process, {:orders, ^node}, :noconnection}, 30_000
    nothing(50)
  end

  test "says noproc at once for what is not there", %{node: node} do
    ref = Process.monitor({:nobody, node})
    only({:DOWN, ^ref, :process, {:nobody, ^node}, :noproc})
    pid = worker!(node)
    assert workers(node, {:stop, pid, :done}) == true
    assert workers(node, {:stop, pid, :again}) == false
    ref = Process.monitor(pid)
    only({:DOWN, ^ref, :process, ^pid, :noproc})
    Process.flag(:trap_exit, true)
    Process.link(pid)
    only({:EXIT, ^pid, :noproc})
    assert {:noproc, _} = catch_exit(GenServer.call(pid, :self))
    assert {:noproc, _} = catch_exit(GenServer.call({:nobody, node}, :self))
    # Exit signals, unlinks and demonitors of what is not there are no trouble.
    Process.exit(pid, :kill)
    Process.unlink(pid)
    Process.demonitor(ref)
    send(pid, :hello)
    send({:nobody, node}, :hello)
    assert GenServer.call({:orders, node}, {:add, 1, 2}) == 3
    nothing(50)
  end

  test "processes of an earlier incarnation are gone", %{child: child, node: node} do
    pid = worker!(node)
    [sname, _] = String.split(Atom.to_string(node), "@")
    Node.monitor(node, true)
    signal(child, "KILL")
    only({:nodedown, ^node})
    start!(sname: sname)
    new = worker!(node)
    assert new != pid
    ref = Process.monitor(pid)
    only({:DOWN, ^ref, :process, ^pid, :noproc})
    Process.flag(:trap_exit, true)
    Process.link(pid)
    only({:EXIT, ^pid, :noproc})
    # The old pid and the new one have the same numbers.
    send(pid, {:ping, 1})
    Process.exit(pid, :kill)
    assert GenServer.call(new, {:ping, 2}) == {:pong, 2}
    nothing(50)
  end

  test "tells all who watch a service that it has stopped, once, with the reason", %{node: node} do
    Process.flag(:trap_exit, true)
    {:ok, pid} = workers(node, {:register, :counter})
    assert workers(node, {:whereis, :counter}) == pid
    assert workers(node, {:register, :counter}) == {:error, "the name counter is registered twice"}
    assert workers(node, {:register, :orders}) == {:error, "the name orders is registered twice"}
    assert GenServer.call({:counter, node}, :self) == pid
    one = Process.monitor(pid)
    two = Process.monitor(pid)
    three = Process.monitor({:counter, node})
    gone = Process.monitor(pid)
    Process.demonitor(gone)
    Process.link(pid)
    Process.link(pid)
    nothing(50)
    reason = {:shutdown, %{why: "done", list: [1, 2, 3]}}
    assert workers(node, {:stop, pid, reason}) == true
    assert_receive {:DOWN, ^one, :process, ^pid, ^reason}, 30_000
    assert_receive {:DOWN, ^two, :process, ^pid, ^reason}, 30_000
    assert_receive {:DOWN, ^three, :process, {:counter, ^node}, ^reason}, 30_000
    assert_receive {:EXIT, ^pid, ^reason}, 30_000
    nothing(50)
    assert workers(node, {:whereis, :counter}) == nil
    ref = Process.monitor({:counter, node})
    only({:DOWN, ^ref, :process, {:counter, ^node}, :noproc})
    {:ok, again} = workers(node, {:register, :counter})
    assert again != pid
    assert GenServer.call({:counter, node}, :self) == again
  end

  test "a service that stops itself replies first", %{node: node} do
    for _ <- 1..50 do
      pid = worker!(node)
      ref = Process.monitor(pid)
      assert GenServer.call(pid, {:stop, :enough}) == :ok
      assert_receive {:DOWN, ^ref, :process, ^pid, :enough}, 30_000
      assert {:noproc, _} = catch_exit(GenServer.call(pid, :self))
    end

    nothing(50)
  end

  test "calls that run when their service stops end with its reason", %{node: node} do
    pid = worker!(node)
    tasks = for _ <- 1..5, do: Task.async(fn -> catch_exit(GenServer.call(pid, {:sleep, 60_000})) end)
    Process.sleep(100)
    assert workers(node, {:stop, pid, :gone}) == true
    for task <- tasks, do: assert({:gone, {GenServer, :call, _}} = Task.await(task, 10_000))
    # The reply to the second message waits for that to the first, whose sender has no monitor to tell it.
    pid = worker!(node)
    send(pid, {:sleep, 200})
    send(pid, {:ping, 1})
    assert workers(node, {:stop, pid, :gone}) == true
    given_up = {:error, {:no_reply, "sleep: the service has ended"}}
    assert [given_up, {:pong, 1}] == for(_ <- 1..2, do: receive_any())
    nothing(100)
    assert GenServer.call({:orders, node}, {:add, 1, 2}) == 3
  end

  test "demonitored and unlinked is not told", %{node: node} do
    Process.flag(:trap_exit, true)
    pid = worker!(node)
    for _ <- 1..100, do: Process.demonitor(Process.monitor(pid))
    Process.link(pid)
    Process.unlink(pid)
    Process.link(pid)
    Process.unlink(pid)
    assert workers(node, {:stop, pid, :done}) == true
    nothing(100)
  end

  test "services that a node is built with go on, whatever exit signals they get", %{node: node} do
    pid = workers(node, {:whereis, :orders})
    monitor = Process.monitor(pid)
    for reason <- [:normal, :shutdown, {:bad, "reason"}], do: Process.exit(pid, reason)
    helper = helper()
    run(helper, fn -> Process.link(pid) end)
    send(helper, {:exit, :crashed})
    nothing(100)
    assert GenServer.call(pid, {:add, 1, 2}) == 3
    Process.exit(pid, :kill)
    only({:DOWN, ^monitor, :process, ^pid, :killed})
    assert workers(node, {:whereis, :orders}) == nil
    assert {:noproc, _} = catch_exit(GenServer.call({:orders, node}, {:add, 1, 2}))
    assert {:badrpc, {:EXIT, {:undef, _}}} = :rpc.call(node, :orders, :add, [1, 2])
    {:ok, other} = workers(node, {:register, :orders})
    assert GenServer.call({:orders, node}, :self) == other
  end

  test "nothing ends the processes that every node has", %{node: node} do
    # They have the numbers after those of the services, of which there are two.
    pid = workers(node, {:whereis, :workers})
    encoded = :erlang.term_to_binary(pid)
    size = byte_size(encoded) - 13
    <<131, head::binary-size(size), 2::32, rest::binary>> = encoded

    for number <- 3..6 do
      system = :erlang.binary_to_term(<<131, head::binary, number::32, rest::binary>>)
      monitor = Process.monitor(system)
      Process.exit(system, :kill)
      nothing(50)
      Process.demonitor(monitor)
    end

    assert Node.ping(node) == :pong
    assert :rpc.call(node, :nodex, :whereis, [:workers]) == pid
  end

  test "spawned services heed exit signals as processes do", %{node: node} do
    for {reason, shown} <- [{:shutdown, :shutdown}, {{:bad, 1}, {:bad, 1}}, {:kill, :killed}] do
      pid = worker!(node)
      monitor = Process.monitor(pid)
      Process.exit(pid, :normal)
      nothing(20)
      Process.exit(pid, reason)
      only({:DOWN, ^monitor, :process, ^pid, ^shown})
    end

    trapping = worker!(node, true, false)
    monitor = Process.monitor(trapping)
    Process.exit(trapping, :shutdown)
    nothing(50)
    assert GenServer.call(trapping, {:ping, 1}) == {:pong, 1}
    Process.exit(trapping, :kill)
    only({:DOWN, ^monitor, :process, ^trapping, :killed})
  end

  test "the end of a linked process is an exit signal", %{node: node} do
    pid = worker!(node)
    monitor = Process.monitor(pid)
    helper = helper()
    run(helper, fn -> Process.link(pid) end)
    send(helper, {:exit, :normal})
    nothing(50)
    helper = helper()
    run(helper, fn -> Process.link(pid) end)
    run(helper, fn -> Process.unlink(pid) end)
    send(helper, {:exit, :crashed})
    nothing(50)
    helper = helper()
    run(helper, fn -> Process.link(pid) end)
    send(helper, {:exit, :crashed})
    only({:DOWN, ^monitor, :process, ^pid, :crashed})

    # The reason `kill` of a linked process can be trapped, and shows as it is.
    pid = worker!(node)
    monitor = Process.monitor(pid)
    helper = helper()
    run(helper, fn -> Process.link(pid) end)
    send(helper, {:exit, :kill})
    only({:DOWN, ^monitor, :process, ^pid, :kill})
  end

  test "services link themselves to processes of other nodes", %{node: node} do
    Process.flag(:trap_exit, true)
    pid = worker!(node)
    assert GenServer.call(pid, {:link, self()}) == :ok
    assert {:links, links} = Process.info(self(), :links)
    assert pid in links
    assert workers(node, {:stop, pid, :bye}) == true
    only({:EXIT, ^pid, :bye})

    pid = worker!(node)
    monitor = Process.monitor(pid)
    helper = helper()
    assert GenServer.call(pid, {:link, helper}) == :ok
    send(helper, {:exit, :crashed})
    only({:DOWN, ^monitor, :process, ^pid, :crashed})

    # To one that is gone.
    pid = worker!(node)
    monitor = Process.monitor(pid)
    GenServer.call(pid, {:link, helper})
    only({:DOWN, ^monitor, :process, ^pid, :noproc})

    pid = worker!(node)
    assert GenServer.call(pid, {:link, self()}) == :ok
    assert GenServer.call(pid, {:unlink, self()}) == :ok
    assert {:links, links} = Process.info(self(), :links)
    refute pid in links
    assert workers(node, {:stop, pid, :bye}) == true
    nothing(50)
  end

  test "a panic ends a service that wants it so, after its caller was told", %{node: node} do
    for message <- [{:crash, "oh no"}, {:crash_later, "oh no"}] do
      error = {:panic, "#{elem(message, 0)}: oh no"}
      pid = worker!(node, false, true)
      monitor = Process.monitor(pid)
      assert GenServer.call(pid, message) == {:error, error}
      only({:DOWN, ^monitor, :process, ^pid, ^error})

      pid = worker!(node, false, false)
      monitor = Process.monitor(pid)
      assert GenServer.call(pid, message) == {:error, error}
      nothing(50)
      assert GenServer.call(pid, {:ping, 1}) == {:pong, 1}
      Process.demonitor(monitor)
    end
  end

  test "many services, each with its own watchers", %{node: node} do
    pids = for _ <- 1..500, do: worker!(node)
    assert length(Enum.uniq(pids)) == 500
    monitors = Map.new(pids, &{Process.monitor(&1), &1})
    for pid <- Enum.shuffle(pids), do: assert(GenServer.call(pid, :self) == pid)

    for {pid, i} <- Enum.with_index(Enum.shuffle(pids)) do
      assert workers(node, {:stop, pid, i}) == true
      assert_receive {:DOWN, ref, :process, ^pid, ^i}, 30_000
      assert monitors[ref] == pid
    end

    nothing(50)
    again = for _ <- 1..500, do: worker!(node)
    assert MapSet.disjoint?(MapSet.new(pids), MapSet.new(again))
  end

  test "a crowd of watchers takes little memory and is forgotten when it goes", %{child: child, node: node} do
    pid = worker!(node)
    before = memory(child)

    for _ <- 1..10 do
      refs = for _ <- 1..10_000, do: Process.monitor(pid)
      for ref <- refs, do: Process.demonitor(ref)
    end

    assert GenServer.call(pid, {:ping, 1}) == {:pong, 1}
    assert memory(child) - before < 8_000
    for _ <- 1..100_000, do: Process.monitor(pid)
    assert GenServer.call(pid, {:ping, 1}) == {:pong, 1}
    assert memory(child) - before < 40_000
    assert workers(node, {:stop, pid, :done}) == true
    for _ <- 1..100_000, do: assert_receive({:DOWN, _, :process, ^pid, :done}, 30_000)
    nothing(50)
  end

  @tag :capture_log
  test "the connection of a peer that watches without bound is closed", %{child: child, node: node} do
    me = self()

    crowd =
      spawn(fn ->
        for _ <- 1..200_000, do: Process.monitor({:orders, node})
        send(me, :all)
        Process.sleep(:infinity)
      end)

    # Whoever has broken the rules is told on stderr, and by the status.
    assert {[], 3} = ending(child)
    assert_receive :all, 30_000
    Process.exit(crowd, :kill)
  end
end
