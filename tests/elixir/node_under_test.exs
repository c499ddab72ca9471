Code.require_file("../../elixir/nodex_rs/test/support/eventually.ex", __DIR__)

defmodule NodeUnderTest do
  @moduledoc """
  Starts the executable that the script got as its argument, the way a host does: a port, four
  arguments, three lines. Whatever a test does with it, the process has to be gone afterwards.
  """
  import ExUnit.Assertions
  import ExUnit.Callbacks

  defstruct [:port, :os_pid, :name]

  @deadline 30_000

  def executable, do: hd(System.argv())

  @doc "The lines that the node has written to a file, which is not there before the first."
  def noted(notes) do
    case File.read(notes) do
      {:ok, text} -> String.split(text, "\n", trim: true)
      {:error, :enoent} -> []
    end
  end

  @doc """
  Starts the executable and takes its three lines. Options: `sname`, `tname`, `cookie` (the
  argument), `env` and `stdin` (a file for it; a pipe otherwise).
  """
  def start!(options \\ []) do
    child = spawn!(options)
    target = "#{options[:tname] || "host"}@127.0.0.1"
    assert line(child) == "initialising #{child.name}"
    assert line(child) == "connecting to #{target}"
    assert line(child) == "#{child.name} ready"
    child
  end

  @doc "Only starts it. `on_exit` checks that the process is gone."
  def spawn!(options \\ []) do
    sname = options[:sname] || unique()
    cookie = options[:cookie] || Atom.to_string(Node.get_cookie())
    arguments = [sname, "127.0.0.1", cookie, options[:tname] || "host"]

    {program, arguments} =
      case options[:stdin] do
        nil -> {executable(), arguments}
        # The shell becomes the executable, so the process is the same.
        file -> {"/bin/sh", ["-c", "exec \"$0\" \"$@\" <#{file}", executable() | arguments]}
      end

    settings = [:binary, :exit_status, :stderr_to_stdout, line: 4096, args: arguments]
    env = for {name, value} <- options[:env] || [], do: {to_charlist(name), to_charlist(value)}
    port = Port.open({:spawn_executable, program}, [{:env, env} | settings])

    # Without one if it has ended already.
    os_pid =
      case Port.info(port, :os_pid) do
        {:os_pid, os_pid} -> os_pid
        nil -> nil
      end

    child = %__MODULE__{port: port, os_pid: os_pid, name: :"#{sname}@127.0.0.1"}

    on_exit(fn ->
      Node.disconnect(child.name)

      unless eventually(fn -> not alive?(os_pid) end) do
        signal(child, "KILL")
        flunk("#{executable()} (process #{os_pid}) was still there after its test")
      end
    end)

    child
  end

  @doc "Eight hexadecimal digits, as a host makes a name."
  def unique, do: Base.encode16(:crypto.strong_rand_bytes(4), case: :lower)

  @doc "The next line it prints, on stdout or stderr."
  def line(%{port: port}) do
    receive do
      {^port, {:data, {:eol, line}}} -> line
      {^port, {:exit_status, status}} -> flunk("exited with #{status} instead of printing a line")
    after
      @deadline -> flunk("printed no line")
    end
  end

  @doc "Waits for its end; gives the lines printed until then and the exit status."
  def ending(%{port: port} = child, lines \\ []) do
    receive do
      {^port, {:data, {:eol, line}}} -> ending(child, [line | lines])
      {^port, {:data, {:noeol, part}}} -> ending(child, [part | lines])
      {^port, {:exit_status, status}} -> {Enum.reverse(lines), status}
    after
      @deadline -> flunk("did not exit; printed #{inspect(Enum.reverse(lines))}")
    end
  end

  @doc "One message to the registered name `name`, and what comes back to this process."
  def call(child, message, name \\ nil) do
    send({name, child.name}, message)
    reply()
  end

  @doc "The next message to this process that is not of a port."
  def reply do
    receive do
      message when not is_tuple(message) when not is_port(elem(message, 0)) -> message
    after
      @deadline -> flunk("no reply")
    end
  end

  def signal(%{os_pid: os_pid}, signal) do
    {_, 0} = System.cmd("kill", ["-#{signal}", Integer.to_string(os_pid)])
  end

  def alive?(nil), do: false
  def alive?(os_pid), do: File.exists?("/proc/#{os_pid}")

  defdelegate eventually(condition), to: NodexRs.Eventually

  @doc "Another BEAM as the host to connect to, with arguments for `erl`. It is told what to do over its stdio."
  def other_host!(arguments \\ []) do
    name = "other_" <> unique()

    {:ok, peer, node} =
      :peer.start(%{
        name: String.to_charlist(name),
        host: '127.0.0.1',
        longnames: true,
        connection: :standard_io,
        args:
          ['-start_epmd', 'false', '-setcookie', Atom.to_charlist(Node.get_cookie())] ++
            ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'] ++ arguments
      })

    os_pid = List.to_integer(:peer.call(peer, :os, :getpid, []))
    on_exit(fn -> assert eventually(fn -> not alive?(os_pid) end), "the other host is left" end)
    %{peer: peer, node: node, name: name, os_pid: os_pid}
  end
end
