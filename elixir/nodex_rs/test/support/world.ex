defmodule NodexRs.World do
  @moduledoc """
  What the tests share: executables, children that are gone with their test, and a way to wait.
  """
  import ExUnit.Assertions
  import ExUnit.Callbacks

  # Generous: what is waited for takes milliseconds, but the machine may be busy with others.
  @deadline 60_000

  @doc """
  A node executable of the repository: in the folder `NODEX_RS_TEST_NODES`, else where cargo and make put them.
  """
  def executable(name) do
    target = Path.expand("../../../../target", __DIR__)
    folder = System.get_env("NODEX_RS_TEST_NODES")

    paths =
      cond do
        folder -> [Path.join(folder, name)]
        # It is called as the Rust node that it is compared with.
        name == "c_node" -> [Path.join(target, "c_src/example_client")]
        true -> for part <- ["debug/examples", "c_src/children"], do: Path.join([target, part, name])
      end

    Enum.find(paths, &File.regular?/1) ||
      flunk("none of #{inspect(paths)} is there: cargo build --examples, make -C c_src")
  end

  @doc "A name that no other test has."
  def unique, do: "t#{System.unique_integer([:positive])}"

  @doc "Starts a child whose process has to be gone when the test has ended; gives its pid."
  def start!(executable, options \\ []) do
    options = Keyword.merge([exec: path(executable), sname: unique()], options)
    child = start_supervised!({NodexRs, options}, restart: :temporary)
    NodexRs.await_ready(child, @deadline)
    gone_with_the_test(NodexRs.info(child).os_pid)
    child
  end

  @doc "Starts a child that fails; gives the error."
  def fail!(executable, options \\ []) do
    options = NodexRs.Options.new!(Keyword.merge([exec: path(executable), sname: unique()], options))
    # Linked, because it may have ended before it could be monitored.
    trapped = Process.flag(:trap_exit, true)
    {:ok, child} = GenServer.start_link(NodexRs.Server, options)
    assert_receive {:EXIT, ^child, {error, [_]}}, @deadline
    Process.flag(:trap_exit, trapped)
    error
  end

  defp path({:path, path}), do: path
  defp path(name) when is_binary(name), do: executable(name)
  defp path(in_app), do: in_app

  @doc "Starts a child without a supervisor."
  def start_unlinked(options) do
    GenServer.start(NodexRs.Server, NodexRs.Options.new!(options))
  end

  @doc "Checks after the test that a process of the operating system is gone."
  def gone_with_the_test(os_pid) do
    on_exit(fn ->
      unless eventually(fn -> not alive?(os_pid) end), do: flunk("the process #{os_pid} is left")
    end)
  end

  @doc "Whether a process of the operating system is there. One that its parent has not yet asked about is not."
  def alive?(os_pid) do
    case File.read("/proc/#{os_pid}/stat") do
      {:ok, stat} -> not (stat =~ ~r/\) [ZX] /)
      {:error, _} -> false
    end
  end

  @doc "The processes with a variable of this name that is 1."
  def marked(mark) do
    for os_pid <- File.ls!("/proc"),
        {:ok, environment} <- [File.read("/proc/#{os_pid}/environ")],
        environment =~ mark <> "=1\0",
        do: os_pid
  end

  def signal(os_pid, signal) do
    {_, 0} = System.cmd("kill", ["-" <> signal, Integer.to_string(os_pid)])
  end

  defdelegate eventually(condition), to: NodexRs.Eventually

  def deadline, do: @deadline
end
