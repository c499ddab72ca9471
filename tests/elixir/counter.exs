ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule CounterTest do
  use ExUnit.Case
  import NodeUnderTest

  setup do
    child = start!()
    {:ok, child: child, server: {:counter, child.name}}
  end

  test "keeps its state between calls and casts", %{server: server} do
    assert GenServer.call(server, {:add, 5}) == {:ok, 5}
    assert GenServer.cast(server, {:add, 1}) == :ok
    assert GenServer.call(server, :value) == 6
    assert GenServer.call(server, :reset) == :ok
    assert GenServer.call(server, :value) == 0
  end

  test "an overflow is an error and changes nothing", %{server: server} do
    assert GenServer.call(server, {:add, 0x7FFFFFFFFFFFFFFF}) == {:ok, 0x7FFFFFFFFFFFFFFF}
    assert GenServer.call(server, {:add, 1}) == {:error, :overflow}
    assert GenServer.call(server, :value) == 0x7FFFFFFFFFFFFFFF
  end

  test "no increment of many callers is lost", %{server: server} do
    1..20
    |> Enum.map(fn _ -> Task.async(fn -> for _ <- 1..100, do: GenServer.call(server, {:add, 1}) end) end)
    |> Task.await_many(60_000)

    assert GenServer.call(server, :value) == 2000
  end

  test "a waiting handler is alone with the state, and what came behind it comes after it", %{server: server} do
    counting = Task.async(fn -> GenServer.call(server, {:count_to, 100_000}, 60_000) end)
    # The call is under way, for it was sent before these.
    assert eventually(fn -> GenServer.call(server, :value, 60_000) == 100_000 end)
    assert Task.await(counting, 60_000) == 100_000
    assert GenServer.call(server, {:add, 1}) == {:ok, 100_001}
  end

  test "another registered name is nobody", %{child: child} do
    assert {:noproc, _} = catch_exit(GenServer.call({:nobody, child.name}, :value, 5_000))
    send({:nobody, child.name}, :value)
    assert GenServer.call({:counter, child.name}, :value) == 0
    refute_received _
  end
end
