defmodule NodexRs.DistributionTest do
  # Each test has a BEAM of its own, which is no node when it starts.
  use ExUnit.Case, async: true
  import NodexRs.World

  defp run(script, env \\ []) do
    {output, status} =
      System.cmd("elixir", ["-pa", Application.app_dir(:nodex_rs, "ebin"), "-e", script],
        env: env,
        stderr_to_stdout: true
      )

    assert status == 0, output
    output
  end

  test "a BEAM that is no node is told what to do" do
    output =
      run("""
      {:ok, child} = GenServer.start(NodexRs.Server, NodexRs.Options.new!(exec: "#{executable("docs_calc")}"))
      monitor = Process.monitor(child)
      receive do {:DOWN, ^monitor, _, _, {error, _}} -> IO.puts(Exception.message(error)) end
      """)

    assert output =~ "this BEAM is not a node"
    assert output =~ "distribute: true"
  end

  test "it becomes a node that only this machine can reach" do
    output =
      run("""
      options = [exec: "#{executable("docs_calc")}", sname: "#{unique()}", process: :calc, distribute: true]
      {:ok, _} = Supervisor.start_link([{NodexRs, [name: Calc] ++ options}], strategy: :one_for_one)
      {:ok, 5} = NodexRs.call(Calc, {:add, 2, 3}, 60_000)
      true = Atom.to_string(node()) =~ ~r/\\Anodex-\#{System.pid()}-[0-9a-z]+@127\\.0\\.0\\.1\\z/
      sockets = for port <- Port.list(), {:ok, {address, _}} <- [:inet.sockname(port)], do: address
      IO.inspect(Enum.uniq(sockets))
      """)

    assert output == "[{127, 0, 0, 1}]\n"
  end

  test "and has another name each time, because process ids are the same in other containers" do
    names = for _ <- 1..2, do: run(":ok = NodexRs.Distribution.ensure(true); IO.puts(node())")
    [first, second] = for name <- names, do: name |> String.split(["-", "@"]) |> Enum.at(2)
    assert first != second
  end

  test "the environment is told in UTF-8 whatever the locale is" do
    output =
      run(
        """
        shown = <<230, 151, 165, 230, 156, 172>>
        script = "printf '%s\\n' \\"$SHOWN\\"; exit 3"
        options = [exec: "/bin/sh", args: ["-c", script, "sh"], env: [{"SHOWN", shown}], sname: "#{unique()}", distribute: true]
        Logger.configure(level: :emergency)
        {:ok, child} = GenServer.start(NodexRs.Server, NodexRs.Options.new!(options))
        monitor = Process.monitor(child)
        receive do {:DOWN, ^monitor, _, _, {error, _}} -> IO.inspect({error.reason, error.printed == [shown]}) end
        """,
        [{"LC_ALL", "C"}]
      )

    assert output =~ "{{:exited, 3}, true}"
  end

  @tag :tmp_dir
  test "the cookie is where the BEAM has it", %{tmp_dir: home} do
    file = Path.join(home, ".config/erlang/.erlang.cookie")
    File.mkdir_p!(Path.dirname(file))
    File.write!(file, "cookie_of_the_user")
    File.chmod!(file, 0o400)

    output =
      run(
        """
        {:ok, child} = NodexRs.start_link(exec: "#{executable("docs_calc")}", sname: "#{unique()}", distribute: true)
        {:ok, 5} = NodexRs.call(child, {:add, 2, 3}, 60_000)
        IO.puts(Node.get_cookie())
        """,
        [{"HOME", home}, {"XDG_CONFIG_HOME", nil}]
      )

    assert output == "cookie_of_the_user\n"
  end

  test "or one of another name" do
    name = "#{unique()}-#{System.pid()}@127.0.0.1"

    output =
      run("""
      options = [exec: "#{executable("docs_calc")}", distribute: :"#{name}"]
      {:ok, child} = NodexRs.start_link(options)
      {:ok, 5} = NodexRs.call(child, {:add, 2, 3}, 60_000)
      IO.puts(node())
      """)

    assert output == name <> "\n"
  end

  test "a name that is in use is an error" do
    output =
      run("""
      Logger.configure(level: :emergency)
      options = [exec: "#{executable("docs_calc")}", distribute: :"#{node()}"]
      {:ok, child} = GenServer.start(NodexRs.Server, NodexRs.Options.new!(options))
      monitor = Process.monitor(child)
      receive do {:DOWN, ^monitor, _, _, {error, _}} -> IO.puts(Exception.message(error)) end
      """)

    assert output =~ "this BEAM cannot become a node: "
  end

  test "one port for all nodes, and no epmd" do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :gen_tcp.close(socket)

    script = """
    {:ok, child} = NodexRs.start_link(exec: "#{executable("docs_calc")}")
    IO.inspect(NodexRs.call(child, {:add, 2, 3}, 60_000))
    """

    erl = "-start_epmd false -erl_epmd_port #{port} -kernel inet_dist_use_interface {127,0,0,1}"
    args = ["--name", "alone@127.0.0.1", "--cookie", "secret", "--erl", erl]
    ebin = Application.app_dir(:nodex_rs, "ebin")
    # Nothing listens there.
    env = [{"ERL_EPMD_PORT", "1"}]
    {output, 0} = System.cmd("elixir", args ++ ["-pa", ebin, "-e", script], env: env, stderr_to_stdout: true)
    assert output == "{:ok, 5}\n"
  end
end
