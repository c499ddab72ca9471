# What a BEAM hears when a message of its own is longer than a Rust node takes: the service `orders` with `size/1`, which
# gives the length of a binary. The arguments are the name of the node and its limit. Keeps to what Elixir 1.10 knows.
ExUnit.start()

defmodule InteropTooLongTest do
  use ExUnit.Case
  [name, limit] = System.argv()
  @name String.to_atom(name)
  @limit String.to_integer(limit)
  @orders {:orders, @name}

  setup_all do
    true = Node.connect(@name)
    Node.monitor(@name, true)
    :ok
  end

  # The node is connected as before, and answers what it takes.
  setup do
    on_exit(fn ->
      assert GenServer.call(@orders, {:size, "fits"}, 30_000) == 4
      refute_received {:nodedown, _}
    end)
  end

  defp long, do: String.duplicate("x", @limit)

  defp too_big?({:message_too_big, text}), do: text =~ ~r/^a message of \d+ bytes is over the limit of #{@limit}$/
  defp too_big?(_), do: false

  test "GenServer.call" do
    assert {:error, reason} = GenServer.call(@orders, {:size, long()}, 30_000)
    assert too_big?(reason)
  end

  test "plain messages, to a name and to a pid" do
    pid = :rpc.call(@name, :nodex, :whereis, [:orders])
    for to <- [@orders, pid] do
      send(to, {:size, long()})
      assert_receive {:error, reason}, 30_000
      assert too_big?(reason)
    end
  end

  test "rpc and erpc" do
    assert {:badrpc, {:EXIT, :message_too_big}} = :rpc.call(@name, :orders, :size, [long()])
    assert {:badrpc, {:EXIT, reason}} = :rpc.block_call(@name, :orders, :size, [long()])
    assert too_big?(reason)
    assert catch_error(:erpc.call(@name, :orders, :size, [long()])) == {:erpc, :message_too_big}
    assert :erpc.call(@name, :orders, :size, ["fits"]) == 4
  end

  test "what nobody waits for is not answered" do
    GenServer.cast(@orders, {:size, long()})
    send({:nobody, @name}, {:size, long()})
    send(@orders, {:error, long()})
    :erpc.cast(@name, :orders, :size, [long()])
    assert GenServer.call(@orders, {:size, "fits"}, 30_000) == 4
    assert Process.info(self(), :messages) == {:messages, []}
  end
end
