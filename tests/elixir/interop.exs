# What every Rust node is to every BEAM, whether it was started as a drop-in and connected to this one,
# or listens and is connected to: arguments are its name and `drop_in` or `listens`. Keeps to what
# Elixir 1.10 knows. In the order written: the last test ends the connection.
ExUnit.start(seed: 0)
Code.require_file("eventually.ex", __DIR__)

defmodule InteropTest do
  use ExUnit.Case
  import NodexRs.Eventually
  [name, kind] = System.argv()
  @name String.to_atom(name)
  @kind String.to_atom(kind)
  @service {:orders, @name}

  setup_all do
    if @kind == :listens, do: true = Node.connect(@name)
    assert eventually(fn -> @name in Node.list(:hidden) end)
    :ok
  end

  test "answers plain messages, in the order sent" do
    for i <- 1..200, do: send(@service, {:ping, i})
    assert Enum.map(1..200, fn _ -> reply() end) == Enum.map(1..200, &{:pong, &1})
  end

  test "answers GenServer.call" do
    assert GenServer.call(@service, {:ping, "hello"}) == {:pong, "hello"}
    assert for(i <- 1..200, do: GenServer.call(@service, {:ping, i})) == for(i <- 1..200, do: {:pong, i})
    assert [] == mailbox()
  end

  test "answers processes that call at the same time" do
    tasks = for i <- 1..50, do: Task.async(fn -> for j <- 1..20, do: GenServer.call(@service, {:ping, {i, j}}) end)
    assert Enum.map(tasks, &Task.await(&1, 60_000)) == for(i <- 1..50, do: for(j <- 1..20, do: {:pong, {i, j}}))
  end

  test "takes GenServer.cast and answers nothing" do
    assert GenServer.cast(@service, {:ping, 1}) == :ok
    assert GenServer.cast(@service, {:no, :such, :function}) == :ok
    assert GenServer.call(@service, {:ping, 2}) == {:pong, 2}
    assert [] == mailbox()
  end

  test "answers GenServer.multi_call" do
    assert GenServer.multi_call([@name], :orders, {:ping, 1}, 60_000) == {[{@name, {:pong, 1}}], []}
    nobody = :"nobody@127.0.0.1"
    assert GenServer.multi_call([@name, nobody], :orders, {:ping, 2}, 60_000) == {[{@name, {:pong, 2}}], [nobody]}
    assert GenServer.multi_call([@name], :orders, {:ping, 3}) == {[{@name, {:pong, 3}}], []}
    assert [] == mailbox()
  end

  test "answers calls that it does not know" do
    assert GenServer.call(@service, {:no, :such, :function}) == {:error, :unknown_call}
    assert GenServer.call(@service, "ping") == {:error, :unknown_call}
    send(@service, {:no, :such, :function})
    assert reply() == {:error, :unknown_call}
  end

  test "answers Node.ping" do
    assert for(_ <- 1..20, do: Node.ping(@name)) |> Enum.uniq() == [:pong]
    assert :net_adm.ping(@name) == :pong
    assert @name in Node.list(:hidden)
    refute @name in Node.list()
    assert [] == mailbox()
  end

  test "monitors hold until the node goes, and then say so once" do
    :ok = :net_kernel.monitor_nodes(true, [:nodedown_reason, node_type: :hidden])
    Node.monitor(@name, true)
    by_name = Process.monitor(@service)
    kernel = Process.monitor({:net_kernel, @name})
    released = Process.monitor(@service)
    assert Process.demonitor(released)
    assert GenServer.call(@service, {:ping, 1}) == {:pong, 1}
    assert [] == mailbox()

    assert Node.disconnect(@name)
    assert_receive {:DOWN, ^by_name, :process, @service, :noconnection}, 30_000
    assert_receive {:DOWN, ^kernel, :process, {:net_kernel, @name}, :noconnection}, 30_000
    assert_receive {:nodedown, @name}, 30_000
    assert_receive {:nodedown, @name, why}, 30_000
    assert Enum.sort(why) == [node_type: :hidden, nodedown_reason: :disconnect]
    assert [] == mailbox()

    if @kind == :listens do
      assert Node.connect(@name)
      assert_receive {:nodeup, @name, [node_type: :hidden]}, 30_000
      assert GenServer.call(@service, {:ping, 1}) == {:pong, 1}
    else
      # It has ended with its connection.
      refute Node.connect(@name)
    end

    assert [] == mailbox()
  end

  defp reply do
    receive do
      message -> message
    after
      10_000 -> flunk("no reply")
    end
  end

  # What is there, and what comes within a moment.
  defp mailbox do
    receive do
      message -> [message | mailbox()]
    after
      50 -> []
    end
  end
end
