ExUnit.start()
Code.require_file("started_node.exs", __DIR__)

# The drop-in node: its services have no names, and answer under any.
defmodule CitizenDropInTest do
  use ExUnit.Case
  import StartedNode

  setup do
    {:ok, node: start!().name}
  end

  test "answers calls of a gen_server under any name", %{node: node} do
    for name <- [nil, :any, :rex, :net_kernel, :nodex] do
      assert GenServer.call({name, node}, {:ping, name}) == {:pong, name}
      GenServer.cast({name, node}, {:ping, name})
    end

    assert GenServer.multi_call([node], :any, {:ping, 1}) == {[{node, {:pong, 1}}], []}
    refute_receive _, 100
  end

  test "answers rpc under any module", %{node: node} do
    for module <- [nil, :any, Enum, :"größe", :nodex, :rex] do
      assert :rpc.call(node, module, :ping, [module]) == {:pong, module}
      assert :erpc.call(node, module, :ping, [module]) == {:pong, module}
      assert :rpc.block_call(node, module, :ping, [module]) == {:pong, module}
    end

    assert :rpc.call(node, :any, :nope, []) == {:badrpc, {:EXIT, {:undef, [{:any, :nope, [], []}]}}}
  end

  test "answers messages to the names of system processes as under any other name", %{node: node} do
    for name <- [:rex, :net_kernel, :nodex, :global_name_server] do
      send({name, node}, {:ping, name})
      assert_receive {:pong, ^name}, 30_000
      send({name, node}, {self(), :something})
      assert_receive {:error, :unknown_call}, 30_000
    end
  end

  test "says what it is, where its services do not answer", %{node: node} do
    assert %{node: ^node, services: 1} = :rpc.call(node, :nodex, :info, [])
    assert [{nil, pid, 2}] = :rpc.call(node, :nodex, :services, [])
    assert [{nil, :add, 2, _}, {nil, :ping, 1, _}] = :rpc.call(node, :nodex, :functions, [])
    assert :rpc.call(node, :nodex, :functions, [nil]) == :rpc.call(node, :nodex, :functions, [pid])
    assert GenServer.call({:nodex, node}, :services) == [{nil, pid, 2}]
    # A plain message reaches its services and nothing else.
    send({:nodex, node}, :info)
    assert_receive {:error, :unknown_call}, 30_000
  end

  test "holds monitors of any name", %{node: node} do
    for name <- [nil, :any, :rex], do: Process.monitor({name, node})
    refute_receive _, 100
  end
end
