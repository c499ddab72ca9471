# The service `orders` of a Rust node, called as a module and watched as a process. The argument is the name of the
# node. Keeps to what Elixir 1.10 and OTP 23 know.
ExUnit.start(seed: 0)

defmodule InteropRpcTest do
  use ExUnit.Case
  @name String.to_atom(hd(System.argv()))

  setup_all do
    true = Node.connect(@name)
    :ok
  end

  defp outcome(fun) do
    {:ok, fun.()}
  catch
    class, reason -> {class, reason}
  end

  defp erpc(f, a, m \\ :orders), do: outcome(fn -> :erpc.call(@name, m, f, a) end)

  test "rpc, in all its forms" do
    assert :rpc.call(@name, :orders, :add, [1, 2]) == 3
    assert :rpc.call(@name, :orders, :add, [1000, -1]) == 999
    assert :rpc.call(@name, :orders, :add, [1, 2], 5000) == 3
    assert :rpc.call(@name, :orders, :later, [20, :done]) == :done
    assert :rpc.call(@name, :orders, :later, [1000, :done], 20) == {:badrpc, :timeout}
    assert :rpc.block_call(@name, :orders, :add, [1, 2]) == 3
    assert :rpc.yield(:rpc.async_call(@name, :orders, :add, [1, 2])) == 3
    assert :rpc.multicall([@name, @name], :orders, :add, [1, 2]) == {[3, 3], []}
    assert :rpc.cast(@name, :orders, :add, [1, 2]) == true
    assert :rpc.call(@name, :orders, :nope, [1]) == {:badrpc, {:EXIT, {:undef, [{:orders, :nope, [1], []}]}}}
    assert :rpc.block_call(@name, :orders, :nope, [1]) == {:badrpc, {:EXIT, {:undef, [{:orders, :nope, [1], []}]}}}
    assert {:badrpc, {:EXIT, {:badarg, [{:orders, :add, [1, :x], _}]}}} = :rpc.call(@name, :orders, :add, [1, :x])
    assert {:badrpc, {:EXIT, {{:panic, "panic: on purpose"}, _}}} = :rpc.call(@name, :orders, :panic, [])
    # What OTP 23 does when erpc is not there.
    assert GenServer.call({:rex, @name}, {:call, :orders, :add, [1, 2], Process.group_leader()}) == 3
  end

  test "erpc, in all its forms" do
    assert erpc(:add, [1, 2]) == {:ok, 3}
    assert erpc(:nope, []) == {:error, {:exception, :undef, [{:orders, :nope, [], []}]}}
    assert erpc(:add, [1, 2], :nobody) == {:error, {:exception, :undef, [{:nobody, :add, [1, 2], []}]}}
    assert {:error, {:exception, :badarg, [{:orders, :add, [1, :x], _}]}} = erpc(:add, [1, :x])
    assert :erpc.cast(@name, :orders, :add, [1, 2]) == :ok
    requests = for i <- 1..50, do: :erpc.send_request(@name, :orders, :add, [i, i])
    assert Enum.map(requests, &:erpc.receive_response/1) == for(i <- 1..50, do: 2 * i)
    assert :erpc.multicall([@name, @name], :orders, :add, [1, 2]) == [{:ok, 3}, {:ok, 3}]
    assert :erpc.multicall([@name], :orders, :nope, []) == [{:error, {:exception, :undef, [{:orders, :nope, [], []}]}}]
    assert outcome(fn -> :erpc.call(@name, :orders, :later, [1000, 1], 20) end) == {:error, {:erpc, :timeout}}
  end

  test "spawns with links and monitors" do
    Process.flag(:trap_exit, true)
    pid = Node.spawn_link(@name, :orders, :later, [50, 1])
    assert node(pid) == @name
    assert_receive {:EXIT, ^pid, :normal}, 30_000
    pid = Node.spawn_link(@name, :orders, :later, [60_000, 1])
    monitor = Process.monitor(pid)
    Process.exit(pid, :stop)
    assert_receive {:EXIT, ^pid, :stop}, 30_000
    assert_receive {:DOWN, ^monitor, :process, ^pid, :stop}, 30_000
    pid = Node.spawn_link(@name, :orders, :later, [60_000, 1])
    Process.unlink(pid)
    Process.exit(pid, :kill)
    id = :erlang.spawn_request(@name, :orders, :later, [20, 1], [:monitor])
    assert_receive {:spawn_reply, ^id, :ok, pid}, 30_000
    assert_receive {:DOWN, ^id, :process, ^pid, :normal}, 30_000
    refute_receive _, 100
  end

  test "monitors and links of services" do
    Process.flag(:trap_exit, true)
    [{:counter, counter, 2}, {:orders, orders, _}] = :rpc.call(@name, :nodex, :services, [])
    monitor = Process.monitor(orders)
    Process.link(orders)
    Process.unlink(orders)
    Process.link(orders)
    Process.exit(orders, :shutdown)
    assert GenServer.call(orders, {:add, 1, 2}) == 3
    refute_receive _, 50
    for _ <- 1..10, do: Process.demonitor(Process.monitor(counter))
    named = Process.monitor({:orders, @name})
    Process.exit(orders, :kill)
    assert_receive {:EXIT, ^orders, :killed}, 30_000
    assert_receive {:DOWN, ^monitor, :process, ^orders, :killed}, 30_000
    assert_receive {:DOWN, ^named, :process, {:orders, @name}, :killed}, 30_000
    monitor = Process.monitor({:orders, @name})
    assert_receive {:DOWN, ^monitor, :process, {:orders, @name}, :noproc}, 30_000
    Process.link(orders)
    assert_receive {:EXIT, ^orders, :noproc}, 30_000
    assert {:noproc, _} = catch_exit(GenServer.call({:orders, @name}, {:add, 1, 2}))
    assert GenServer.call({:counter, @name}, :get) == 0
    assert Node.ping(@name) == :pong
    refute_receive _, 50
  end
end
