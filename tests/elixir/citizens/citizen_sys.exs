ExUnit.start()
Code.require_file("started_node.exs", __DIR__)

# What `sys`, `GenServer.stop` and the like make of services in a node executable.
defmodule CitizenSysTest do
  use ExUnit.Case
  import StartedNode

  setup do
    {:ok, node: start!().name}
  end

  defp shelf!(node) do
    {:ok, shelf} = GenServer.call({:workers, node}, :shelf)
    shelf
  end

  test "shows the state of a service that shows it, at the time of the question", %{node: node} do
    shelf = shelf!(node)
    assert :sys.get_state(shelf, 30_000) == []
    assert GenServer.call(shelf, {:put, {:ok, 1}}) == 1
    GenServer.cast(shelf, {:put_slowly, :later, 300})
    assert :sys.get_state(shelf, 30_000) == [{:ok, 1}, :later]
    assert {:status, ^shelf, {:module, :nodex}, [[], :running, _, [], misc]} = :sys.get_status(shelf, 30_000)
    assert {:data, [{'State', [{:ok, 1}, :later]}]} = List.last(misc)

    # Many at once, the first of which have their release asked for.
    tasks = for _ <- 1..20, do: Task.async(fn -> :sys.get_state(shelf, 30_000) end)
    assert tasks |> Enum.map(&Task.await(&1, 60_000)) |> Enum.uniq() == [[{:ok, 1}, :later]]
    refute_received _
  end

  test "says of the others that they do not show it", %{node: node} do
    for process <- [{:orders, node}, {:workers, node}, {:net_kernel, node}] do
      assert {:callback_failed, {:nodex, :system_get_state}, {:error, :undef}} ==
               catch_error(:sys.get_state(process, 30_000)) |> reason()

      assert {:callback_failed, {:nodex, :system_replace_state}, _} =
               catch_error(:sys.replace_state(process, & &1, 30_000)) |> reason()

      assert :sys.suspend(process, 30_000) == {:error, {:unknown_system_msg, :suspend}}
      assert :sys.resume(process, 30_000) == :ok
      assert :sys.statistics(process, :get, 30_000) == {:ok, :no_statistics}
    end

    assert GenServer.call({:orders, node}, {:ping, 1}) == {:pong, 1}
    refute_received _
  end

  test "stops", %{node: node} do
    shelf = shelf!(node)
    monitor = Process.monitor(shelf)
    assert GenServer.stop(shelf, :shutdown, 30_000) == :ok
    assert_receive {:DOWN, ^monitor, :process, ^shelf, :shutdown}, 30_000
    assert {:noproc, _} = catch_exit(GenServer.stop(shelf, :normal, 30_000))

    {:ok, worker} = GenServer.call({:workers, node}, {:register, :helper})
    assert GenServer.stop({:helper, node}, :normal, 30_000) == :ok
    assert {:noproc, _} = catch_exit(GenServer.call({:helper, node}, :self))
    refute Process.alive?(self()) == :rpc.call(node, :erlang, :is_process_alive, [worker])
    refute_received _
  end

  # Elixir gives some reasons in exceptions of its own.
  defp reason(%ErlangError{original: reason}), do: reason
  defp reason(reason), do: reason
end
