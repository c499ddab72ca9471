defmodule NodexRs.StopTest do
  use ExUnit.Case
  import NodexRs.World

  # Ends neither at the end of stdin nor at SIGTERM. It has no connection, so the child is told that a line is enough.
  @stubborn ~S(trap "" TERM; echo "$1@$2 ready"; while :; do sleep 1; done)

  test "a stop ends the process, and is done when it is gone" do
    {:ok, supervisor} = Supervisor.start_link([spec("docs_calc")], strategy: :one_for_one)
    child = child_of(supervisor)
    NodexRs.await_ready(child)
    %{os_pid: os_pid, node: node} = NodexRs.info(child)
    assert alive?(os_pid)
    Supervisor.stop(supervisor)
    refute alive?(os_pid)
    assert eventually(fn -> node not in Node.list(:connected) end)
  end

  test "a stop lets calls finish that run, also beyond the time of SIGTERM" do
    {:ok, supervisor} =
      Supervisor.start_link([spec("citizen_under_test", grace: 200, process: :orders)], strategy: :one_for_one)

    child = child_of(supervisor)
    NodexRs.await_ready(child)
    %{os_pid: os_pid, node: node} = NodexRs.info(child)
    running = Task.async(fn -> GenServer.call({:orders, node}, {:sleep, 1_500}, deadline()) end)
    assert eventually(fn -> :rpc.call(node, :nodex, :info, []).counters.calls >= 1 end)
    Supervisor.stop(supervisor)
    assert Task.await(running, deadline()) == 1_500
    refute alive?(os_pid)
  end

  test "a C node that does not look at stdin gets SIGTERM" do
    {:ok, supervisor} =
      Supervisor.start_link([spec("c_node", cookie: :argument, grace: 20)], strategy: :one_for_one)

    child = child_of(supervisor)
    NodexRs.await_ready(child)
    os_pid = NodexRs.info(child).os_pid
    Supervisor.stop(supervisor)
    refute alive?(os_pid)
  end

  test "a process that ignores SIGTERM is killed" do
    os_pid = stubborn(fn child -> GenServer.stop(child) end)
    refute alive?(os_pid)
  end

  test "a child that is killed leaves no process" do
    os_pid = stubborn(fn child -> Process.exit(child, :kill) end)
    assert eventually(fn -> not alive?(os_pid) end)
  end

  test "a node whose child is killed is started again under its name" do
    {:ok, supervisor} = Supervisor.start_link([spec("docs_calc")], strategy: :one_for_one)
    child = child_of(supervisor)
    NodexRs.await_ready(child)
    before = NodexRs.info(child)
    monitor = Process.monitor(child)
    Process.exit(child, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^child, :killed}, deadline()
    after_it = again(supervisor, before)
    assert after_it.node == before.node
    refute alive?(before.os_pid)
    Supervisor.stop(supervisor)
  end

  test "a node that is killed is started again under its name" do
    {:ok, supervisor} = Supervisor.start_link([spec("docs_calc")], strategy: :one_for_one)
    child = child_of(supervisor)
    NodexRs.await_ready(child)
    before = NodexRs.info(child)
    monitor = Process.monitor(child)
    signal(before.os_pid, "KILL")
    assert_receive {:DOWN, ^monitor, :process, ^child, {%NodexRs.NodeDown{} = error, _}}, deadline()
    assert error.reason == {:exited, 128 + 9}
    assert Exception.message(error) == "#{before.node} is gone: it was ended by signal 9"
    after_it = again(supervisor, before)
    assert after_it.node == before.node
    assert NodexRs.call(child_of(supervisor), {:add, 1, 2}, deadline()) == {:ok, 3}
    Supervisor.stop(supervisor)
  end

  test "a node that is killed and has left behind who holds its output" do
    script = ~S(sleep 1000 & exec "$CALC" "$@")

    options = [
      exec: "/bin/sh",
      sname: unique(),
      args: ["-c", script, "sh"],
      env: [{"CALC", executable("docs_calc")}]
    ]

    {:ok, child} = start_unlinked(options)
    NodexRs.await_ready(child, deadline())
    %{os_pid: os_pid} = NodexRs.info(child)
    monitor = Process.monitor(child)
    signal(os_pid, "KILL")

    assert_receive {:DOWN, ^monitor, :process, ^child, {%NodexRs.NodeDown{reason: {:exited, 137}}, _}},
                   deadline()

    assert eventually(fn -> group(os_pid) == [] end)
  end

  test "a lost connection ends the process" do
    {:ok, child} = start_unlinked(exec: executable("docs_calc"), sname: unique(), grace: 50, kill_after: 50)
    NodexRs.await_ready(child)
    %{os_pid: os_pid, node: node} = NodexRs.info(child)
    monitor = Process.monitor(child)
    # It is stopped, so it cannot exit when its connection is gone.
    signal(os_pid, "STOP")
    Node.disconnect(node)

    assert_receive {:DOWN, ^monitor, :process, ^child, {%NodexRs.NodeDown{reason: :link_lost}, _}},
                   deadline()

    refute alive?(os_pid)
  end

  test "what a process has started ends with it" do
    # The children of this one outlive it, and are in its group.
    script = ~S(sleep 1000 & sleep 1000 & echo "$1@$2 ready"; read line)

    {:ok, child} =
      start_unlinked(
        exec: "/bin/sh",
        sname: unique(),
        args: ["-c", script, "sh"],
        ready_line: "never",
        kill_after: 200
      )

    os_pid = NodexRs.info(child).os_pid
    assert eventually(fn -> length(group(os_pid)) >= 3 end)
    GenServer.stop(child)
    assert eventually(fn -> group(os_pid) == [] end)
  end

  # Starts a process that does not want to end, and ends its child in some way.
  defp stubborn(stop) do
    {:ok, child} =
      start_unlinked(
        exec: "/bin/sh",
        sname: unique(),
        args: ["-c", @stubborn, "sh"],
        ready_line: "never",
        grace: 50,
        kill_after: 100
      )

    os_pid = NodexRs.info(child).os_pid
    gone_with_the_test(os_pid)
    # The trap is set when the shell has started a process of its own.
    assert eventually(fn -> length(group(os_pid)) >= 2 end)
    stop.(child)
    os_pid
  end

  defp spec(executable, options \\ []) do
    {NodexRs, Keyword.merge([exec: executable(executable), sname: unique()], options)}
  end

  defp child_of(supervisor) do
    [{_, child, _, _}] = Supervisor.which_children(supervisor)
    child
  end

  # What the next child of the supervisor says of itself when it is ready.
  defp again(supervisor, before) do
    assert eventually(fn -> is_pid(child_of(supervisor)) end)
    child = child_of(supervisor)
    NodexRs.await_ready(child, deadline())
    info = NodexRs.info(child)
    assert info.os_pid != before.os_pid
    info
  end

  # The living processes of a group.
  defp group(os_pid) do
    for pid <- File.ls!("/proc"),
        {:ok, stat} <- [File.read("/proc/#{pid}/stat")],
        [state, _, group | _] <- [stat |> String.split(")") |> List.last() |> String.split()],
        state not in ["Z", "X"] and group == "#{os_pid}",
        do: pid
  end
end
