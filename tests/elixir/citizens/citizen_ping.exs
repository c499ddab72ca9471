ExUnit.start()
Code.require_file("started_node.exs", __DIR__)

defmodule CitizenPingTest do
  use ExUnit.Case
  import StartedNode

  setup do
    {:ok, child: start!()}
  end

  test "answers Node.ping", %{child: child} do
    assert Node.ping(child.name) == :pong
    assert :net_adm.ping(child.name) == :pong
    assert for(_ <- 1..100, do: Node.ping(child.name)) |> Enum.uniq() == [:pong]
    assert child.name in Node.list(:hidden)
  end

  test "holds a monitor of net_kernel, and leaves nothing behind when pinged", %{child: child} do
    monitor = Process.monitor({:net_kernel, child.name})
    assert Node.ping(child.name) == :pong
    refute_receive _, 100
    signal(child, "KILL")
    name = child.name
    assert_receive {:DOWN, ^monitor, :process, {:net_kernel, ^name}, :noconnection}, 30_000
  end

  test "tells a call of net_kernel that it does not know", %{child: child} do
    assert GenServer.call({:net_kernel, child.name}, :what) == {:error, :unknown_call}
    assert GenServer.call({:net_kernel, child.name}, {:is_auth, 1}) |> elem(0) == :error
    assert Node.ping(child.name) == :pong
  end
end
