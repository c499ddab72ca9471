defmodule NodexRs.LogTest do
  use ExUnit.Case
  import ExUnit.CaptureLog
  import NodexRs.World

  test "what a node prints goes to the log, at the level that is wanted" do
    env = [env: [{"NODEX_LOG", "info"}]]

    log =
      capture_log(fn ->
        child = start!("docs_calc", env ++ [log: :warning])
        stop_and_wait(child)
      end)

    assert log =~ ~r/\[warning\] \[t\d+@127\.0\.0\.1\] .*stopping/
  end

  test "or nowhere" do
    log =
      capture_log(fn ->
        child = start!("docs_calc", env: [{"NODEX_LOG", "info"}], log: false)
        stop_and_wait(child)
      end)

    # It is in the error that says how the node ended, and nowhere else.
    assert log =~ "[error]"
    refute log =~ ~r/\[(info|warning)\]/
  end

  test "casts that fail are in the log of the BEAM, as errors" do
    log =
      capture_log(fn ->
        child = start!("citizen_under_test", process: :orders)
        NodexRs.cast(child, {:crash, "nobody waits"})
        NodexRs.cast(child, {:refuse, :no})
        NodexRs.cast(child, {:sum, "no list"})
        # The lines come in another way than replies.
        assert eventually(fn -> printed?(child, "sum: argument 1") end)
      end)

    assert log =~ ~r/\[error\] .*a cast failed.*crash: nobody waits/
    assert log =~ ~r/\[error\] .*a cast failed.*\{error,no\}/
    assert log =~ ~r/\[error\] .*a cast failed.*sum: argument 1/
  end

  defp printed?(child, text), do: Enum.any?(NodexRs.Lines.last(:sys.get_state(child).lines), &(&1 =~ text))

  test "whoever prints without end does not fill it" do
    state = %NodexRs.Server{
      options: %{NodexRs.Options.new!(exec: "a") | log: :warning},
      node: :a@b,
      phase: :ready,
      process: %NodexRs.OsProcess{os_pid: 1, output: %NodexRs.Output{port: :port, mark: "the end"}}
    }

    log =
      capture_log(fn ->
        # All of this is in one second, or in two of them.
        many = String.duplicate("flood\n", 100_000)
        {:noreply, state} = NodexRs.Server.handle_info({:port, {:data, many}}, state)
        # As if it was a second later.
        state = %{state | logged: put_elem(state.logged, 0, elem(state.logged, 0) - 1)}
        {:noreply, _} = NodexRs.Server.handle_info({:port, {:data, "still there\n"}}, state)
      end)

    assert (length(String.split(log, "flood")) - 1) in 1_000..3_000
    assert log =~ ~r/\(\d+ lines left out, more than 1000 in a second\)/
    assert log =~ "[a@b] still there"
  end

  # SIGTERM has it log that it stops; then it is gone.
  defp stop_and_wait(child) do
    monitor = Process.monitor(child)
    signal(NodexRs.info(child).os_pid, "TERM")
    assert_receive {:DOWN, ^monitor, :process, ^child, {%NodexRs.NodeDown{}, _}}, deadline()
    true
  end
end
