defmodule {{module}}Test do
  use ExUnit.Case

  test "the node answers" do
    assert {{module}}.hello("Ada") == "Hello, Ada!"
    assert {{module}}.divide(7, 2) == {:ok, 3}
    assert {{module}}.divide(7, 0) == {:error, :division_by_zero}
  end

  @tag :capture_log
  test "the node is there again after it was killed" do
    {{module}}.hello("Ada")
    child = Process.whereis({{module}}.Node)
    monitor = Process.monitor(child)
    os_pid = NodexRs.info(child).os_pid
    {_, 0} = System.cmd("kill", ["-KILL", Integer.to_string(os_pid)])
    assert_receive {:DOWN, ^monitor, :process, ^child, {%NodexRs.NodeDown{}, _}}, 30_000

    assert await_child().os_pid != os_pid
    # Its state is new, its name is not.
    assert {{module}}.greeted() == 0
  end

  # Until the supervisor has started the next one, there is no process of this name.
  defp await_child do
    case Process.whereis({{module}}.Node) do
      nil ->
        Process.sleep(1)
        await_child()

      child ->
        NodexRs.await_ready(child)
        NodexRs.info(child)
    end
  end
end
