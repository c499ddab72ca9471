defmodule NodexRs.TelemetryTest do
  # The module `:telemetry` is there for all tests while it is there for this one.
  use ExUnit.Case
  import NodexRs.World

  setup do
    test = self()
    # The function of the package that everybody uses, as far as it is called here.
    source = """
    defmodule :telemetry do
      def execute(event, measurements, metadata) do
        send(:erlang.list_to_pid(~c"#{:erlang.pid_to_list(test)}"), {event, measurements, metadata})
        :ok
      end
    end
    """

    [{:telemetry, _}] = Code.compile_string(source)

    on_exit(fn ->
      :code.purge(:telemetry)
      :code.delete(:telemetry)
      :code.purge(:telemetry)
    end)
  end

  test "events of a node and its calls" do
    child = start!("docs_calc")
    %{node: node, os_pid: os_pid} = NodexRs.info(child)
    assert_receive {[:nodex_rs, :node, :ready], %{duration: duration}, %{node: ^node, os_pid: ^os_pid}}
    assert duration > 0

    NodexRs.call(child, {:add, 1, 2})

    assert_receive {[:nodex_rs, :call, :stop], %{duration: duration},
                    %{server: ^child, request: {:add, 1, 2}}}

    assert duration > 0

    signal(os_pid, "KILL")
    assert_receive {[:nodex_rs, :node, :stop], %{uptime: uptime}, %{node: ^node, reason: reason}}, deadline()
    assert uptime > 0
    assert {%NodexRs.NodeDown{reason: {:exited, 137}}, _} = reason

    # Its last words, or noproc.
    {reason, _} = catch_exit(NodexRs.call(child, :hello))
    assert_receive {[:nodex_rs, :call, :exception], %{duration: _}, %{server: ^child, reason: {^reason, _}}}
  end
end
