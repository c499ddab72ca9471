defmodule NodexRs.Server do
  @moduledoc false
  # The child: owns the port, knows when the node is ready, and stops when process or connection are gone.
  #
  #     :starting ── ready line and connection ──> :ready ── exit, nodedown ──> stops
  #         └─────── exit, silence, deadline ────────────────────────────────> stops

  use GenServer

  require Logger

  alias NodexRs.{Distribution, Guard, Lines, NodeDown, OsProcess, Output, StartError, Telemetry}

  # A connection is lost at once when its process ends; so long we wait for the port to tell how it ended.
  @exit_status_after 1_000

  # How long a former process of the same node may take to disappear.
  @former 3_000

  # What it has printed is in the pipe when it is gone. What it has left behind may hold that open, and go on printing: it is
  # not waited for, and so much of it is kept.
  @rest_after_exit 5_000
  @rest_of_output 1_048_576

  # Between two big portions of output: an executable that prints without end is slowed down to some MiB in a second.
  @pause 100

  @piece 4_096

  @lines_per_second 1_000

  @derive {Inspect, only: [:node, :exec, :process, :phase]}
  defstruct options: nil,
            phase: :starting,
            node: nil,
            exec: nil,
            process: nil,
            guard: nil,
            # The exit status of the process, once that is gone, and whether all that it printed is here.
            ended: nil,
            silent: false,
            # What comes after that up to a mark.
            rest: "",
            rest_mark: nil,
            # When the start began, and since it is ready, when that was.
            since: nil,
            # When something was printed last.
            heard: nil,
            lines: %Lines{},
            # How many lines were logged in this second.
            logged: {0, 0},
            # Who waits for the start, last first.
            waiting: [],
            casts: []

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    {:ok, %__MODULE__{options: options, since: System.monotonic_time()}, {:continue, :start}}
  end

  @impl true
  def handle_continue(:start, %{options: options} = state) do
    with :ok <- Distribution.ensure(options.distribute),
         {:ok, state} <- name(state),
         :ok <- Guard.await(options.sname),
         :ok <- await_former(state.node),
         {:ok, process} <- open(state) do
      Process.send_after(self(), :late, options.start_timeout)
      Process.send_after(self(), :look, options.ready_timeout)
      {:noreply, %{state | process: process, guard: guard(process, options), heard: System.monotonic_time()}}
    else
      {:error, reason} ->
        start_fails(reason, with({:ok, state} <- name(state), do: state, else: (_ -> state)))
    end
  end

  defp guard(process, options), do: Guard.start(process, options.sname, options.grace, options.kill_after)

  # The names of this program, so there are as many atoms as nodes in it, however often they are started.
  defp name(%{options: options} = state) do
    {_, hostname} = host()
    name = "#{options.sname}@#{hostname}"

    cond do
      String.length(name) > 255 -> {:error, {:name_too_long, name}}
      name == Atom.to_string(node()) -> {:error, {:name_of_host, node()}}
      true -> {:ok, %{state | node: String.to_atom(name), exec: path(options.exec)}}
    end
  end

  defp host do
    [alive, hostname] = node() |> Atom.to_string() |> String.split("@", parts: 2)
    {alive, hostname}
  end

  defp path({app, name}), do: Path.join([Application.app_dir(app), "priv", "nodes", name])
  defp path(path), do: Path.expand(path)

  # After a child was killed, its process may still be about to end. Whoever is connected under our name by then is
  # disconnected, which is the end of a node executable.
  defp await_former(node) do
    if node in Node.list(:connected) do
      Node.monitor(node, true)

      receive do
        {:nodedown, ^node} -> :ok
      after
        @former ->
          Logger.warning("disconnecting #{node}, which is to be started and is there already")
          Node.disconnect(node)

          receive do
            {:nodedown, ^node} -> :ok
          end
      end
    else
      :ok
    end
  end

  defp open(%{options: options} = state) do
    {host, hostname} = host()
    cookie = Atom.to_string(Node.get_cookie())
    # A cookie that is itself a hyphen would be taken for the sign that it is elsewhere.
    environment? = options.cookie == :environment or cookie == "-"
    args = options.args ++ [options.sname, hostname, if(environment?, do: "-", else: cookie), host]
    env = if environment?, do: [{"NODEX_COOKIE", cookie}], else: []

    # What the user sets comes last and wins.
    env =
      env ++
        [{"NODEX_DRAIN", "#{options.drain}ms"}] ++ log_level() ++ dist_port() ++ Enum.to_list(options.env)

    case OsProcess.open(state.exec, args, env, options.cd) do
      {:error, {:cd, _, _} = reason} -> {:error, reason}
      {:error, reason} when reason in [:no_dd, :no_pipe] -> {:error, {:output, reason}}
      {:error, reason} -> {:error, {:executable, reason}}
      {:ok, process} -> {:ok, process}
    end
  end

  # Of a cast that fails, nobody learns but by the node's log.
  defp log_level, do: if(System.get_env("NODEX_LOG"), do: [], else: [{"NODEX_LOG", "error"}])

  # A BEAM that was told the one port of all nodes is found without epmd.
  defp dist_port do
    case :init.get_argument(:erl_epmd_port) do
      {:ok, [[port | _] | _]} -> [{"ERL_DIST_PORT", List.to_string(port)}]
      _ -> []
    end
  end

  @impl true
  def handle_call(:target, from, %{phase: :starting} = state) do
    {:noreply, %{state | waiting: [from | state.waiting]}}
  end

  def handle_call(:target, _from, state), do: {:reply, target(state), state}

  def handle_call(:info, _from, state) do
    os_pid = state.process && state.process.os_pid

    info = %{
      node: state.node,
      process: state.options.process,
      phase: state.phase,
      os_pid: os_pid,
      exec: state.exec
    }

    {:reply, info, state}
  end

  @impl true
  def handle_cast({:cast, request}, %{phase: :starting} = state) do
    {:noreply, %{state | casts: [request | state.casts]}}
  end

  def handle_cast({:cast, request}, state) do
    GenServer.cast(target(state), request)
    {:noreply, state}
  end

  @impl true
  def handle_info({port, {:data, bytes}}, %{process: %{output: %{port: port} = output} = process} = state) do
    {bytes, next, output} = Output.take(output, bytes)
    state = %{state | process: %{process | output: output}}
    with {:noreply, state} <- read(bytes, state), do: next(next, state)
  end

  # What the shell says that does not become the executable.
  def handle_info({port, {:data, bytes}}, %{process: %{port: port}} = state), do: read(bytes, state)

  def handle_info({port, {:exit_status, status}}, %{process: %{port: port}, silent: silent} = state) do
    state = %{state | ended: status}

    if silent do
      ended(state)
    else
      Process.send_after(self(), :ended, @rest_after_exit)
      {:noreply, %{state | rest_mark: Output.finish(state.process.output)}}
    end
  end

  # Nobody reads what it prints from now on, which may end it.
  def handle_info({port, {:exit_status, _}}, %{process: %{output: %{port: port}}} = state) do
    unless state.silent, do: Logger.warning("[#{state.node}] its output is lost: what reads it was ended")
    if state.ended, do: ended(state), else: {:noreply, %{state | silent: true}}
  end

  def handle_info(:grant, %{silent: false} = state) do
    {:noreply, %{state | process: OsProcess.grant(state.process)}}
  end

  def handle_info(:ended, state), do: ended(state)

  # It has its exit status, which says more.
  def handle_info(message, %{ended: status} = state)
      when status != nil and message in [:look, :late, :link_lost] do
    {:noreply, state}
  end

  def handle_info(:look, %{phase: :starting} = state) do
    case state.options.ready_timeout - since(state.heard) do
      left when left <= 0 ->
        start_fails(:inactive, state, state.options.ready_timeout)

      left ->
        Process.send_after(self(), :look, left)
        {:noreply, state}
    end
  end

  def handle_info(:late, %{phase: :starting} = state) do
    start_fails(:late, state, state.options.start_timeout)
  end

  def handle_info({:nodedown, node}, %{node: node, phase: :ready} = state) do
    Process.send_after(self(), :link_lost, @exit_status_after)
    {:noreply, state}
  end

  def handle_info(:left_out, state) do
    left_out(state)
    {:noreply, %{state | logged: {System.monotonic_time(:second), 0}}}
  end

  def handle_info(:link_lost, state), do: goes_down(:link_lost, state)

  # Time-outs that have lost their meaning, the end of the port, messages of strangers.
  def handle_info(_message, state), do: {:noreply, state}

  defp next(:more, state), do: {:noreply, state}
  defp next(:end, %{ended: nil} = state), do: {:noreply, %{state | silent: true}}
  defp next(:end, state), do: ended(state)

  defp next(:next_big, %{ended: nil} = state) do
    Process.send_after(self(), :grant, @pause)
    {:noreply, state}
  end

  defp next(_, state), do: {:noreply, %{state | process: OsProcess.grant(state.process)}}

  defp ended(state) do
    {:noreply, state} = read(state.rest, %{state | rest: "", rest_mark: nil})

    case state.phase do
      :starting -> start_fails({:exited, state.ended}, state)
      :ready -> goes_down({:exited, state.ended}, state)
    end
  end

  defp read("", state), do: {:noreply, state}

  defp read(bytes, %{rest_mark: mark} = state) when mark != nil do
    rest = state.rest <> bytes

    case :binary.split(rest, mark) do
      [printed, _] -> ended(%{state | rest: printed})
      [_] when byte_size(rest) > @rest_of_output -> ended(%{state | rest: rest})
      [_] -> {:noreply, %{state | rest: rest}}
    end
  end

  # In pieces, because the lines of a long text are many times as big as the text if they are short.
  defp read(<<piece::binary-size(@piece), rest::binary>>, state) when rest != "" do
    with {:noreply, state} <- read(piece, state), do: read(rest, state)
  end

  defp read(bytes, state) do
    {ended, lines} = Lines.take(state.lines, bytes)
    printed(ended, %{state | lines: lines, heard: System.monotonic_time()})
  end

  defp since(time), do: System.convert_time_unit(System.monotonic_time() - time, :native, :millisecond)

  defp printed([], state), do: {:noreply, state}

  defp printed([line | rest], %{phase: :starting, options: options} = state) do
    # There is nobody to connect to once it is gone.
    if state.ended == nil and line == (options.ready_line || "#{state.node} ready") do
      with {:noreply, state} <- connected(state), do: printed(rest, state)
    else
      printed(rest, state)
    end
  end

  defp printed(_lines, %{options: %{log: false}} = state), do: {:noreply, state}

  # Whoever prints without end is not to fill the log, nor to keep this child from answering its callers.
  defp printed(lines, state) do
    now = System.monotonic_time(:second)
    {second, count} = if match?({^now, _}, state.logged), do: state.logged, else: {now, 0}
    if second != elem(state.logged, 0), do: left_out(state)
    {shown, over} = Enum.split(lines, max(@lines_per_second - count, 0))
    for line <- shown, do: log(state, Lines.printable(line))
    # Told also if nothing more comes.
    if over != [] and count <= @lines_per_second, do: Process.send_after(self(), :left_out, 1_000)
    {:noreply, %{state | logged: {second, count + length(lines)}}}
  end

  defp left_out(%{logged: {_, count}} = state) when count > @lines_per_second do
    log(state, "(#{count - @lines_per_second} lines left out, more than #{@lines_per_second} in a second)")
  end

  defp left_out(_state), do: :ok

  defp log(state, line) do
    Logger.log(level(line, state.options.log), "[#{state.node}] #{line}", os_pid: state.process.os_pid)
  end

  # A node made with nodex begins the lines of its log with the time and the level.
  defp level(line, other) do
    case Regex.run(~r/\A\[ *\d+\.\d{3}\] (ERROR|WARN) /, line) do
      [_, "ERROR"] -> :error
      [_, "WARN"] -> :warning
      nil -> other
    end
  end

  # There is a connection already, though this side may not be done with it. A node that does not tell the truth is
  # looked for in vain.
  defp connected(state) do
    if Node.connect(state.node) == true do
      Node.monitor(state.node, true)
      state = %{state | phase: :ready}
      # The casts first: they were made before the calls that wait for this.
      for request <- Enum.reverse(state.casts), do: GenServer.cast(target(state), request)
      for from <- Enum.reverse(state.waiting), do: GenServer.reply(from, target(state))
      now = System.monotonic_time()
      Telemetry.execute([:node, :ready], %{duration: now - state.since}, metadata(state))
      {:noreply, %{state | waiting: [], casts: [], since: now, lines: Lines.forget(state.lines)}}
    else
      start_fails(:no_connection, state)
    end
  end

  defp start_fails(reason, state, limit \\ nil) do
    stop(%StartError{reason: reason, node: state.node, exec: state.exec, limit: limit}, state)
  end

  defp goes_down(reason, state), do: stop(%NodeDown{reason: reason, node: state.node}, state)

  # An exception and where it is from: in this form a log shows its message.
  defp stop(error, state) do
    {:stop, {%{error | printed: Lines.last(state.lines)}, [{__MODULE__, :run, 1, []}]}, state}
  end

  @impl true
  def terminate(reason, state) do
    left_out(state)
    if state.guard, do: Guard.end_it(state.guard, state.process)

    if state.phase == :ready do
      uptime = System.monotonic_time() - state.since
      Telemetry.execute([:node, :stop], %{uptime: uptime}, Map.put(metadata(state), :reason, reason))
    end
  end

  defp target(state), do: {state.options.process, state.node}

  defp metadata(state), do: %{node: state.node, os_pid: state.process.os_pid}
end
