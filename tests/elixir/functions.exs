ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule FunctionsTest do
  use ExUnit.Case
  import NodeUnderTest

  setup do
    child = start!()
    {:ok, child: child, server: {:math, child.name}}
  end

  test "the same function answers a plain message and a GenServer call", %{child: child, server: server} do
    assert call(child, {:add, 1, 2}) == 3
    assert GenServer.call(server, {:add, 1, 2}) == 3
    assert GenServer.call(server, {:add, 0x7FFFFFFFFFFFFFFF, 1}) == nil
  end

  test "a Result is an ok or error tuple", %{server: server} do
    assert GenServer.call(server, {:divide, 7, 2}) == {:ok, 3}
    assert GenServer.call(server, {:divide, 7, 0}) == {:error, :division_by_zero}
  end

  test "a map comes back as a map", %{server: server} do
    assert GenServer.call(server, {:word_count, "Eins zwei eins größe"}) == %{"eins" => 2, "zwei" => 1, "größe" => 1}
    assert GenServer.call(server, {:word_count, ""}) == %{}
  end

  test "bad arguments are named", %{server: server} do
    {:error, {:badarg, message}} = GenServer.call(server, {:add, 1, :two})
    assert message =~ "add: argument 2: expected integer, got atom"
    {:error, {:badarg, message}} = GenServer.call(server, {:add, 1, 0x8000000000000000})
    assert message =~ "add: argument 2"
    {:error, {:badarg, message}} = GenServer.call(server, {:word_count, 'a charlist'})
    assert message =~ "word_count: argument 1"
    {:error, {:badarg, message}} = GenServer.call(server, {:word_count, <<255, 254>>})
    assert message =~ "UTF-8"
  end

  test "arity counts", %{server: server} do
    assert GenServer.call(server, {:add, 1}) == {:error, :unknown_call}
    assert GenServer.call(server, {:add, 1, 2, 3}) == {:error, :unknown_call}
  end

  test "a handler that waits holds up nobody", %{server: server} do
    slow = Task.async(fn -> GenServer.call(server, {:after, 500, :slow}, 30_000) end)
    fast = for i <- 1..50, do: GenServer.call(server, {:after, 0, i})
    assert fast == Enum.to_list(1..50)
    assert Task.yield(slow, 0) == nil
    assert Task.await(slow, 30_000) == :slow
  end

  test "plain replies to one process keep the order of its messages", %{child: child} do
    send({nil, child.name}, {:after, 300, :first})
    send({nil, child.name}, {:add, 1, 1})
    send({nil, child.name}, {:after, 10, :third})
    send({nil, child.name}, :unknown)
    assert [reply(), reply(), reply(), reply()] == [:first, 2, :third, {:error, :unknown_call}]
  end

  test "a computation on its own thread holds up nobody", %{server: server} do
    slow = Task.async(fn -> GenServer.call(server, {:primes_below, 3_000_000}, 120_000) end)
    assert GenServer.call(server, {:add, 2, 3}) == 5
    assert Task.await(slow, 120_000) == 216_816
  end

  test "the caller is known", %{child: child, server: server} do
    assert GenServer.call(server, :who_am_i?) == {:ok, {self(), "GenCall"}}
    assert call(child, :who_am_i?) == {:ok, {self(), "Plain"}}
  end

  test "a message without a reply", %{child: child} do
    send({nil, child.name}, {:swallow, :this})
    assert call(child, {:add, 1, 1}) == 2
    refute_received _
  end

  test "a panic costs its own call, on the same connection as all others", %{child: child, server: server} do
    assert GenServer.call(server, {:crash, "on purpose"}) == {:error, {:panic, "crash: on purpose"}}
    assert call(child, {:crash, "again"}) == {:error, {:panic, "crash: again"}}
    assert GenServer.call(server, {:add, 1, 1}) == 2
    refute_received {_, {:data, _}}
  end

  test "a cast is handled and not answered", %{child: child, server: server} do
    assert GenServer.cast(server, {:add, 1, 2}) == :ok
    assert GenServer.cast(server, :nothing_like_this) == :ok
    assert call(child, {:add, 1, 1}) == 2
    refute_received _
  end
end
