defmodule NodexRs.OutputTest do
  use ExUnit.Case
  import ExUnit.CaptureLog
  import NodexRs.World
  alias NodexRs.Output

  @moduletag :tmp_dir

  # Much more than the portions that are under way, and much less than what comes in a moment if nobody holds it back.
  @room 64 * 1024 * 1024

  # Prints without end once it is ready and there is a file `go`; it tells its process id.
  defp flooding(folder, flood) do
    script = """
    ( while [ ! -e "$GO/go" ]; do sleep 0.01; done; exec #{flood} ) &
    echo $! >"$GO/pid"
    exec "$CALC" "$@"
    """

    env = [{"CALC", executable("docs_calc")}, {"GO", folder}]

    options = [
      exec: "/bin/sh",
      sname: unique(),
      args: ["-c", script, "sh"],
      env: env,
      grace: 10,
      kill_after: 100
    ]

    child = start_supervised!({NodexRs, options}, restart: :temporary)
    NodexRs.await_ready(child, deadline())
    gone_with_the_test(NodexRs.info(child).os_pid)
    flooder = String.trim(File.read!(Path.join(folder, "pid")))
    gone_with_the_test(flooder)
    {child, fn -> File.touch!(Path.join(folder, "go")) end, fn -> written(flooder) end}
  end

  # The bytes that a process has written.
  defp written(os_pid) do
    [_, count] = Regex.run(~r/^wchar: (\d+)$/m, File.read!("/proc/#{os_pid}/io"))
    String.to_integer(count)
  end

  for {name, flood} <- [
        {"stdout", "yes"},
        {"stderr", "yes >&2"},
        {"without a line end", "cat /dev/zero"},
        {"long lines", "yes " <> String.duplicate("x", 20_000)}
      ] do
    test "a node that prints without end is held back (#{name})", %{tmp_dir: folder} do
      log =
        capture_log(fn ->
          {child, go, written} = flooding(folder, unquote(flood))
          before = :erlang.memory(:total)
          go.()
          # Longer than it takes without a bound to fill all there is.
          assert eventually(fn -> written.() > 4 * 1024 * 1024 end)

          for i <- 1..20 do
            assert NodexRs.call(child, {:add, i, 1}, deadline()) == {:ok, i + 1}
            assert :erlang.memory(:total) - before < @room
            assert {:message_queue_len, waiting} = Process.info(child, :message_queue_len)
            assert waiting < 1_000
            Process.sleep(100)
          end

          :ok = stop_supervised(id(child))
        end)

      if unquote(name) =~ "std", do: assert(log =~ ~r/\(\d+ lines left out, more than 1000 in a second\)/)
      if unquote(name) == "long lines", do: assert(log =~ "xxx (12320 bytes left out)")
    end
  end

  test "nothing is left when the BEAM is killed, whatever is being printed" do
    for flood <- ["", "yes &"] do
      mark = "NODEX_RS_TEST_#{System.unique_integer([:positive])}"
      script = flood <> ~S( sleep 0.1; exec "$CALC" "$@")

      code = """
      env = [{"CALC", #{inspect(executable("docs_calc"))}}]
      options = [exec: "/bin/sh", sname: "#{unique()}", distribute: true, args: ["-c", #{inspect(script)}, "sh"], env: env]
      # Between the lines of the flood it may be overlooked.
      {:ok, _} = NodexRs.start_link(options ++ [ready_line: "never", log: false])
      Process.sleep(100)
      IO.puts("up \#{System.pid()}")
      Process.sleep(:infinity)
      """

      args = ["-pa", Application.app_dir(:nodex_rs, "ebin"), "-e", code]
      settings = [:binary, line: 1000, args: args, env: [{String.to_charlist(mark), ~c"1"}]]
      port = Port.open({:spawn_executable, System.find_executable("elixir")}, settings)
      assert_receive {^port, {:data, {:eol, "up " <> os_pid}}}, deadline()
      assert length(marked(mark)) > 3
      signal(String.to_integer(os_pid), "KILL")
      assert eventually(fn -> marked(mark) == [] end)
    end
  end

  test "the ready line is found behind much", %{tmp_dir: _} do
    script = ~S(yes line | head -c 5000000; head -c 1000000 /dev/zero >&2; echo; exec "$CALC" "$@")
    env = [{"CALC", executable("docs_calc")}]

    child =
      start_supervised!({NodexRs, exec: "/bin/sh", sname: unique(), args: ["-c", script, "sh"], env: env})

    assert NodexRs.call(child, {:add, 1, 2}, deadline()) == {:ok, 3}
  end

  test "what was left out is told when it is over" do
    script = ~S{( sleep 1; yes flood | head -n 5000; echo done ) & exec "$CALC" "$@"}
    env = [{"CALC", executable("docs_calc")}]

    log =
      capture_log(fn ->
        child =
          start_supervised!({NodexRs, exec: "/bin/sh", sname: unique(), args: ["-c", script, "sh"], env: env})

        NodexRs.await_ready(child, deadline())
        count = fn -> :sys.get_state(child).logged end
        assert eventually(fn -> elem(count.(), 1) > 1_000 end)
        assert eventually(fn -> elem(count.(), 1) <= 1_000 end)
      end)

    assert log =~ ~r/\(\d+ lines left out, more than 1000 in a second\)/
  end

  test "an output that is closed before the process ends" do
    error = fail!({:path, "/bin/sh"}, args: ["-c", "echo bye; exec >/dev/null 2>&1; sleep 0.3; exit 4", "sh"])
    assert {error.reason, error.printed} == {{:exited, 4}, ["bye"]}
  end

  test "what was printed last is there, however it ends" do
    for i <- 1..20 do
      error = fail!({:path, "/bin/sh"}, args: ["-c", "echo one; printf 'two #{i}' >&2; kill -9 $$", "sh"])
      assert {error.reason, error.printed} == {{:exited, 137}, ["one", "two #{i}"]}
    end
  end

  test "portions end with a mark, in whatever pieces it comes" do
    output = %Output{port: :port, mark: "\x01end\x01\n"}
    pieces = ["abc\x01en", "c\x01e", "nd", "\x01\n"]

    {printed, next, output} =
      Enum.reduce(pieces, {"", nil, output}, fn piece, {all, _, output} ->
        {printed, next, output} = Output.take(output, piece)
        {all <> printed, next, output}
      end)

    assert {printed, next} == {"abc\x01enc", :next}
    assert {"", :end, _} = Output.take(%{output | portion: 0}, "\x01end\x01\n")

    assert {_, :next_big, _} =
             Output.take(%{output | portion: 0}, String.duplicate("a", 100_000) <> "\x01end\x01\n")
  end

  defp id(child), do: {NodexRs, NodexRs.node(child) |> Atom.to_string() |> String.split("@") |> hd()}
end
