defmodule NodexRs.RestartsTest do
  use ExUnit.Case
  import NodexRs.World

  # Atoms are never freed, so a child that makes one at each start ends the BEAM one day.
  @restarts 1_000
  @nodes 4
  @warm_up 10

  @tag timeout: 600_000
  test "a thousand restarts make no atoms, and leave no processes behind" do
    children = for _ <- 1..@nodes, do: {NodexRs, exec: executable("docs_calc"), sname: unique()}
    options = [strategy: :one_for_one, max_restarts: 2 * @restarts, max_seconds: 1]
    {:ok, supervisor} = Supervisor.start_link(children, options)
    ids = for {id, _, _, _} <- Supervisor.which_children(supervisor), do: id

    restart_each(supervisor, ids, @warm_up)
    atoms = :erlang.system_info(:atom_count)
    processes = length(Process.list())
    ports = length(Port.list())

    restart_each(supervisor, ids, div(@restarts, @nodes))
    # The BEAM itself makes one now and then; a leak would make one with each start.
    assert :erlang.system_info(:atom_count) - atoms < div(@restarts, 20)
    assert eventually(fn -> length(Process.list()) <= processes end)
    assert eventually(fn -> length(Port.list()) <= ports end)
    Supervisor.stop(supervisor)
  end

  defp restart_each(supervisor, ids, times) do
    ids
    |> Enum.map(fn id -> Task.async(fn -> restart(supervisor, id, times, nil) end) end)
    |> Task.await_many(:infinity)
  end

  # Half of the times the process is killed, the other half its child.
  defp restart(supervisor, id, left, before) do
    child = next(supervisor, id, before)

    if left > 0 do
      NodexRs.await_ready(child, deadline())
      monitor = Process.monitor(child)

      if rem(left, 2) == 0 do
        signal(NodexRs.info(child).os_pid, "KILL")
      else
        Process.exit(child, :kill)
      end

      assert_receive {:DOWN, ^monitor, :process, ^child, _}, deadline()
      restart(supervisor, id, left - 1, child)
    else
      NodexRs.await_ready(child, deadline())
    end
  end

  defp next(supervisor, id, before) do
    children = Supervisor.which_children(supervisor)

    case List.keyfind(children, id, 0) do
      {^id, child, _, _} when is_pid(child) and child != before ->
        child

      _ ->
        Process.sleep(1)
        next(supervisor, id, before)
    end
  end
end
