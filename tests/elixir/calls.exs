ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule CallsTest do
  use ExUnit.Case
  import NodeUnderTest

  setup do
    {:ok, child: start!()}
  end

  test "answers a ping to the name nil", %{child: child} do
    assert call(child, {:ping, "hello"}) == {:pong, "hello"}
  end

  test "answers under any registered name", %{child: child} do
    for name <- [nil, :any, :ping, :"two words", :größe, :"節点", :"", long_atom()] do
      assert call(child, {:ping, name}, name) == {:pong, name}
    end
  end

  test "brings back every kind of term as it was", %{child: child} do
    for term <- terms() do
      assert call(child, {:ping, term}) === {:pong, term}
    end
  end

  test "brings back terms nested a hundred thousand deep", %{child: child} do
    nested = Enum.reduce(1..100_000, [], fn _, inner -> [inner] end)
    assert call(child, {:ping, nested}) == {:pong, nested}
    nested = Enum.reduce(1..100_000, {}, fn _, inner -> {inner} end)
    assert call(child, {:ping, nested}) == {:pong, nested}
  end

  test "brings back megabytes", %{child: child} do
    for size <- [65_535, 65_536, 1_000_000, 1_048_576, 16_000_000] do
      binary = :crypto.strong_rand_bytes(size)
      assert call(child, {:ping, binary}) == {:pong, binary}
    end

    list = Enum.to_list(1..200_000)
    assert call(child, {:ping, list}) == {:pong, list}
    assert call(child, {:ping, "small again"}) == {:pong, "small again"}
  end

  test "answers 200 in a row, in the order sent", %{child: child} do
    for i <- 1..200, do: send({nil, child.name}, {:ping, i})
    assert Enum.map(1..200, fn _ -> reply() end) == Enum.map(1..200, &{:pong, &1})
  end

  test "answers 200 one after the other", %{child: child} do
    for i <- 1..200, do: assert(call(child, {:ping, i}) == {:pong, i})
  end

  test "answers big and small ones mixed, in the order sent", %{child: child} do
    terms = for i <- 1..60, do: {i, :binary.copy(<<i>>, if(rem(i, 3) == 0, do: 300_000, else: i))}
    for term <- terms, do: send({nil, child.name}, {:ping, term})
    for term <- terms, do: assert(reply() == {:pong, term})
  end

  test "answers the process that asked", %{child: child} do
    1..50
    |> Enum.map(fn i ->
      Task.async(fn -> for j <- 1..20, do: assert(call(child, {:ping, {i, j}}) == {:pong, {i, j}}) end)
    end)
    |> Task.await_many(60_000)

    refute_received {:pong, _}
  end

  test "answers a call that it does not know", %{child: child} do
    unknown =
      [:ping, :hello, "ping", 'ping', 42, 1.5, [], {}, %{}, nil, {:ping}, {:ping, 1, 2}] ++
        [{"ping", 1}, {:pong, 1}, {:pingg, 1}, {:pin, 1}, {:Ping, 1}, [:ping, 1], %{ping: 1}] ++
        [{{:ping, 1}}, {[], 1}, {:ping, 1, 2, 3}, self(), make_ref(), {1, :ping}]

    for message <- unknown do
      assert {message, call(child, message)} == {message, {:error, :unknown_call}}
    end

    assert call(child, {:ping, "still here"}) == {:pong, "still here"}
  end

  test "goes on when the process that asked is gone", %{child: child} do
    for _ <- 1..50 do
      {pid, monitor} = spawn_monitor(fn -> send({nil, child.name}, {:ping, "nobody waits"}) end)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :normal}, 30_000
    end

    assert call(child, {:ping, "hello"}) == {:pong, "hello"}
  end

  test "is not disturbed by links, exits and monitors of its names", %{child: child} do
    monitor = Process.monitor({:somebody, child.name})
    Process.demonitor(monitor, [:flush])
    assert call(child, {:ping, "hello"}) == {:pong, "hello"}
  end

  defp long_atom, do: String.to_atom(String.duplicate("ä", 255))

  defp terms do
    integers =
      for bits <- [0, 7, 8, 15, 16, 27, 28, 31, 32, 59, 60, 63, 64, 127, 2039, 2040, 4000],
          base = Integer.pow(2, bits),
          delta <- [-1, 0, 1],
          sign <- [1, -1],
          do: sign * (base + delta)

    atoms = [:a, :"", nil, true, :größe, :"節点", long_atom()]
    floats = [0.0, -0.0, 1.0e300, -1.5, 5.0e-324]
    binaries = ["", "hello", <<0, 255>>, <<1::1>>, <<5::7>>, <<1, 2, 3::4>>]

    lists = [
      [],
      [1, 2, 3],
      'chars',
      [-1],
      [256],
      [1 | 2],
      [[], [[]], [[[]]]],
      List.duplicate(7, 65_535),
      List.duplicate(7, 65_536)
    ]

    tuples = [{}, {1}, {1, {2, {3}}}, List.to_tuple(Enum.to_list(1..255)), List.to_tuple(Enum.to_list(1..256))]
    maps = [%{}, %{1 => 2}, %{a: %{b: %{}}}, Map.new(1..1000, &{&1, -&1}), URI.parse("http://localhost/")]
    identities = [self(), make_ref(), hd(Port.list()), &String.length/1, fn x -> x end]

    everything = integers ++ atoms ++ floats ++ binaries ++ lists ++ tuples ++ maps ++ identities
    everything ++ [everything]
  end
end
