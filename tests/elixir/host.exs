ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)
Code.require_file("cnode_host.exs", __DIR__)

defmodule HostTest do
  use ExUnit.Case
  import NodeUnderTest, only: [start!: 1, unique: 0, executable: 0, alive?: 1, eventually: 1, signal: 2]

  test "starts the executable, knows its node and gives its answers" do
    host = host!(sname: sname = unique())
    assert CnodeHost.cnode(host) == {:ok, :"#{sname}@127.0.0.1"}
    assert CnodeHost.call(host, {:ping, "hello"}) == {:ok, {:pong, "hello"}}
    assert CnodeHost.call(host, :what) == {:ok, {:error, :unknown_call}}
  end

  test "adopts a node that runs already" do
    child = start!(sname: sname = unique())
    host = host!(sname: sname)
    assert CnodeHost.os_pid(host) == nil
    assert CnodeHost.call(host, {:ping, "adopted"}) == {:ok, {:pong, "adopted"}}
    GenServer.stop(host)
    assert alive?(child.os_pid)
  end

  test "serves many callers, each with its own answer" do
    host = host!([])

    1..200
    |> Enum.map(fn i -> Task.async(fn -> {i, CnodeHost.call(host, {:ping, i})} end) end)
    |> Task.await_many(60_000)
    |> Enum.each(fn {i, answer} -> assert answer == {:ok, {:pong, i}} end)
  end

  test "notices when the executable dies, and starts it again under its name" do
    host = host!(sname: sname = unique())
    monitor = Process.monitor(host)
    signal(%{os_pid: CnodeHost.os_pid(host)}, "KILL")
    assert_receive {:DOWN, ^monitor, :process, ^host, :nodedown}, 30_000
    host = host!(sname: sname)
    assert CnodeHost.call(host, {:ping, "again"}) == {:ok, {:pong, "again"}}
  end

  test "stops the executable when it stops" do
    host = host!([])
    os_pid = CnodeHost.os_pid(host)
    assert alive?(os_pid)
    GenServer.stop(host)
    assert eventually(fn -> not alive?(os_pid) end)
  end

  test "several hosts, several nodes" do
    hosts = for _ <- 1..5, do: host!([])

    for {host, i} <- Enum.with_index(hosts) do
      assert CnodeHost.call(host, {:ping, i}) == {:ok, {:pong, i}}
    end
  end

  # A host for the executable under test; both are gone when the test has ended.
  defp host!(options) do
    {:ok, host} = CnodeHost.start([exec_path: executable()] ++ options)
    os_pid = CnodeHost.os_pid(host)

    on_exit(fn ->
      if Process.alive?(host), do: GenServer.stop(host)
      if os_pid, do: assert(eventually(fn -> not alive?(os_pid) end))
    end)

    host
  end
end
