ExUnit.start()
Code.require_file("started_node.exs", __DIR__)

# A person at iex looks around on a node with named services.
defmodule CitizenIntrospectTest do
  use ExUnit.Case
  import StartedNode

  setup do
    child = start!()
    {:ok, child: child, node: child.name}
  end

  defp ask(node, function, arguments \\ []), do: :rpc.call(node, :nodex, function, arguments)

  test "lists its functions with arities and texts", %{node: node} do
    all = ask(node, :functions)
    assert {:orders, :add, 2, "The sum, or nil if it is too large."} in all
    assert {:orders, :ping, 1, ""} in all
    assert {:workers, :spawn, 0, ""} in all
    assert {:workers, :spawn, 2, ""} in all
    assert all == Enum.sort(all)
    assert ask(node, :functions, [:orders]) == for({:orders, _, _, _} = function <- all, do: function)
    assert ask(node, :functions, [:nobody]) == []
    assert {:badrpc, {:EXIT, {:badarg, _}}} = ask(node, :functions, [1])
  end

  test "lists its services, those that come and go as well", %{node: node} do
    assert [{:orders, orders, count}, {:workers, _, _}] = ask(node, :services)
    assert ask(node, :whereis, [:orders]) == orders
    assert length(ask(node, :functions, [:orders])) == count
    {:ok, named} = GenServer.call({:workers, node}, {:register, :counter})
    {:ok, pid} = GenServer.call({:workers, node}, :spawn)
    assert [{:counter, ^named, n}, {:orders, _, _}, {:workers, _, _}, {nil, ^pid, n}] = ask(node, :services)
    assert [{^pid, :crash, 1, ""} | _] = ask(node, :functions, [pid])
    assert [{:counter, :crash, 1, ""} | _] = ask(node, :functions, [named])
    GenServer.call({:workers, node}, {:stop, named, :done})
    assert ask(node, :whereis, [:counter]) == nil
    assert length(ask(node, :services)) == 3
  end

  test "says what it is and what it has done", %{child: child, node: node} do
    info = ask(node, :info)
    assert %{node: ^node, services: 2, connections: 1, uptime: uptime, creation: creation} = info
    assert info.os_pid == child.os_pid
    assert info.nodex =~ ~r/^\d+\.\d+\.\d+/
    assert uptime in 0..60 and creation > 3
    before = info.counters
    for i <- 1..10, do: send({:orders, node}, {:ping, i})
    for i <- 1..10, do: assert_receive({:pong, ^i}, 30_000)
    for _ <- 1..3, do: GenServer.call({:orders, node}, {:add, 1, 2})
    GenServer.cast({:orders, node}, :nothing)
    send({:orders, node}, :nonsense)
    assert_receive {:error, :unknown_call}, 30_000
    :rpc.call(node, :orders, :crash, ["x"])
    :rpc.call(node, :nobody, :nothing, [])
    request = :erpc.send_request(node, :orders, :sleep, [500])
    now = ask(node, :info)
    assert now.spawned_calls == 2
    assert :erpc.receive_response(request) == 500
    difference = Map.new(now.counters, fn {name, count} -> {name, count - before[name]} end)
    expected = %{plain: 11, calls: 3, casts: 1, rpc: 3, unknown: 2, panics: 1, failed_casts: 0, refused: 0, dropped: 0}
    assert difference == expected
    assert ask(node, :info).spawned_calls == 1
  end

  test "lists its connections", %{node: node} do
    pid = ask(node, :whereis, [:orders])
    for _ <- 1..3, do: Process.monitor(pid)
    Process.link(pid)
    assert [connection] = ask(node, :connections)
    assert connection.node == node()
    assert connection.creation == :erts_internal.get_creation()
    assert %{monitors: 3, links: 1, waiting: 0, counters: %{plain: 0}} = connection
    assert connection.written > 0 and :SPAWN in connection.flags
    # Since OTP 24.
    assert (:UNLINK_ID in connection.flags) == String.to_integer(System.otp_release()) >= 24
    Process.unlink(pid)
    assert [%{links: 0}] = ask(node, :connections)
  end

  test "answers calls and messages to the name nodex as well", %{node: node} do
    assert GenServer.call({:nodex, node}, :services) == ask(node, :services)
    send({:nodex, node}, {:functions, :orders})
    functions = ask(node, :functions, [:orders])
    assert_receive ^functions, 30_000
    assert ask(node, :help) =~ "nodex:functions()"
    assert {:badrpc, {:EXIT, {:undef, _}}} = ask(node, :nope)
    monitor = Process.monitor({:nodex, node})
    refute_receive {:DOWN, ^monitor, _, _, _}, 50
  end
end
