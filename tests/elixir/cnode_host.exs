defmodule CnodeHost do
  @moduledoc """
  A process that owns one node executable: connects to it when it runs already, starts it otherwise,
  sends it messages for others and gives them the answers. One call at a time, as its callers queue
  up in its mailbox.

  Options: `exec_path`, `sname` (eight random hexadecimal digits), `hostname`, `tname` and
  `spawn_inactive_timeout` (milliseconds, started anew by every line that the executable prints).
  """
  use GenServer

  def start(options), do: GenServer.start(__MODULE__, options)
  def cnode(host), do: GenServer.call(host, :cnode)
  def os_pid(host), do: GenServer.call(host, :os_pid)

  def call(host, message, timeout \\ 5_000) do
    GenServer.call(host, {:call, message, timeout}, :infinity)
  end

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    sname = options[:sname] || Base.encode16(:crypto.strong_rand_bytes(4), case: :lower)
    hostname = options[:hostname] || "127.0.0.1"
    state = %{node: :"#{sname}@#{hostname}", port: nil, os_pid: nil}

    with {:error, _} <- connect(state.node),
         {:ok, port} <- spawn_executable(state.node, sname, hostname, options),
         state = %{state | port: port, os_pid: elem(Port.info(port, :os_pid), 1)},
         :ok <- connect(state.node) do
      {:ok, state}
    else
      :ok -> {:ok, state}
      {:error, reason} -> {:stop, reason}
    end
  end

  defp connect(node) do
    if Node.connect(node) == true and Node.monitor(node, true) do
      :ok
    else
      {:error, :unable_to_establish_connection}
    end
  end

  defp spawn_executable(node, sname, hostname, options) do
    cookie = Atom.to_string(Node.get_cookie())
    [host_name, _] = String.split(Atom.to_string(node()), "@")
    arguments = [sname, hostname, cookie, options[:tname] || host_name]
    settings = [:binary, :exit_status, line: 4096, args: arguments]
    port = Port.open({:spawn_executable, options[:exec_path]}, settings)
    wait_for(port, "#{node} ready", options[:spawn_inactive_timeout] || 5_000)
  end

  defp wait_for(port, ready_line, timeout) do
    receive do
      {^port, {:data, {:eol, ^ready_line}}} -> {:ok, port}
      {^port, {:data, _}} -> wait_for(port, ready_line, timeout)
      {^port, {:exit_status, _}} -> {:error, :cnode_unexpected_exit}
    after
      timeout ->
        {:os_pid, os_pid} = Port.info(port, :os_pid)
        System.cmd("kill", ["-KILL", Integer.to_string(os_pid)])
        {:error, :spawn_inactive_timeout}
    end
  end

  @impl true
  def handle_call(:cnode, _from, state), do: {:reply, {:ok, state.node}, state}
  def handle_call(:os_pid, _from, state), do: {:reply, state.os_pid, state}

  def handle_call({:call, message, timeout}, _from, state) do
    send({nil, state.node}, message)
    node = state.node

    receive do
      {:nodedown, ^node} -> {:stop, :nodedown, {:error, :nodedown}, state}
      {tag, _} = reply when tag in [:pong, :error] -> {:reply, {:ok, reply}, state}
    after
      timeout -> {:reply, {:error, :timeout}, state}
    end
  end

  @impl true
  def handle_info({:nodedown, node}, %{node: node} = state), do: {:stop, :nodedown, state}
  def handle_info(_other, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{os_pid: nil}), do: :ok

  def terminate(_reason, state) do
    System.cmd("kill", ["-TERM", Integer.to_string(state.os_pid)], stderr_to_stdout: true)
  end
end
