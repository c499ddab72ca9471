defmodule NodexRs do
  @moduledoc """
  A node executable, written in Rust with nodex or in C with `ei`, as a child of a supervisor.

      children = [
        {NodexRs, exec: {:shop, "calc"}, name: Shop.Calc}
      ]

      NodexRs.call(Shop.Calc, {:add, 2, 3})
      #=> {:ok, 5}

  The child starts the executable as a process of the operating system, waits for its ready line, and monitors the process
  and the connection. When one of them ends, the child stops with the reason, and its supervisor starts it again under the
  same node name. When the child stops, in any way, the process is stopped too.

  This module is not needed to call a running node: in the BEAM to which it is connected,
  `GenServer.call({:calc, :"calc@127.0.0.1"}, {:add, 2, 3})` suffices.

  ## Options

  | option | default | |
  |---|---|---|
  | `:exec` | required | The executable: a path, or `{app, name}` for `priv/nodes/<name>` of an application. |
  | `:name` | none | The name of the child, as for `GenServer.start_link/3`. |
  | `:id` | the name, otherwise `{NodexRs, sname}` | The id of the child in its supervisor. |
  | `:sname` | name of the file | The part of the node name before the `@`: letters, digits, `_` and `-`. It must differ from that of this BEAM. A file with another kind of name, such as `calc.bin`, or with the name of the release needs this option. |
  | `:process` | `:sname` as an atom | The registered name in the node to which `call/3` and the other functions send. |
  | `:args` | `[]` | Arguments before the four of the contract. |
  | `:env` | `[]` | Pairs of strings in UTF-8, added to the environment. |
  | `:cd` | none | The working directory. |
  | `:cookie` | `:environment` | How the cookie is passed: in the environment variable `NODEX_COOKIE`, or as an `:argument`, which C nodes need and every user of the machine can read. |
  | `:ready_line` | `"<node> ready"` | The line that the node prints when it is connected. |
  | `:ready_timeout` | 5000 | The start fails when nothing is printed for this number of milliseconds. |
  | `:start_timeout` | 60000 | The start fails after this number of milliseconds, whatever is printed. |
  | `:grace` | 1000 | Milliseconds from the end of its stdin to SIGTERM. Use 0 for an executable that does not read stdin. |
  | `:kill_after` | 5000 | Milliseconds from SIGTERM to SIGKILL. |
  | `:drain` | 4000 | Milliseconds in which the node may finish running calls after the end of its stdin, passed in `NODEX_DRAIN`. It is less than the sum of `:grace` and `:kill_after`, of which it is four fifths if they are short. |
  | `:log` | `:info` | The level at which its lines are logged after the ready line, or `false`. Errors and warnings of the node's log keep their levels. The node logs errors, such as failed casts, unless `NODEX_LOG` is set. |
  | `:distribute` | `false` | Whether this BEAM becomes a node if it is not one: see below. |
  | `:restart`, `:shutdown` | `:permanent`, the stop times plus 5 s | As for every child. |

  ## The BEAM has to be a node

  A BEAM is a node when it was started with `--name` or `--sname`. A release is a node by default. `mix test` and
  `iex -S mix` are not. With `distribute: true` such a BEAM becomes the node `nodex-<process id>-<random>@127.0.0.1`, which
  only this machine can reach, and an epmd is started if none is running. `distribute: :"shop@127.0.0.1"` sets the name. A
  BEAM that is a node already keeps its name.

  ## Output

  The output of the executable is logged, at most a thousand lines in a second. It is read in portions, so an executable
  that prints without end waits for its reader, and does not fill the memory. This needs `/bin/sh`, `dd` and `/proc`.

  ## Failures

  A failed start stops the child with a `NodexRs.StartError`, the loss of a running node with a `NodexRs.NodeDown`. Both
  contain the cause and the last output of the executable. As with any child, the supervisor restarts it, and stops when
  that happens too often.

  ## Telemetry

  If `:telemetry` is loaded, these events are sent. Times are in native units.

  | event | measurements | metadata |
  |---|---|---|
  | `[:nodex_rs, :node, :ready]` | `duration` | `node`, `os_pid` |
  | `[:nodex_rs, :node, :stop]` | `uptime` | `node`, `os_pid`, `reason` |
  | `[:nodex_rs, :call, :stop]` | `duration` | `server`, `request` |
  | `[:nodex_rs, :call, :exception]` | `duration` | `server`, `request`, `reason` |
  """

  alias NodexRs.{Options, PlainCall, Server, Telemetry}

  @typedoc "A child: its pid or its name."
  @type server :: GenServer.server()

  @typedoc "An option: see the table above."
  @type option ::
          {:exec, Path.t() | {app :: atom, name :: String.t()}}
          | {:name, GenServer.name()}
          | {:id, term}
          | {:sname, String.t() | atom}
          | {:process, atom}
          | {:args, [String.t()]}
          | {:env, Enumerable.t()}
          | {:cd, Path.t()}
          | {:cookie, :environment | :argument}
          | {:ready_line, String.t()}
          | {:ready_timeout, pos_integer}
          | {:start_timeout, pos_integer}
          | {:grace, non_neg_integer}
          | {:kill_after, non_neg_integer}
          | {:drain, non_neg_integer}
          | {:log, Logger.level() | false}
          | {:distribute, boolean | node}
          | {:restart, Supervisor.restart()}
          | {:shutdown, timeout | :brutal_kill}

  @typedoc "The result of `info/1`."
  @type info :: %{
          node: node,
          process: atom,
          phase: :starting | :ready,
          os_pid: pos_integer | nil,
          exec: Path.t()
        }

  @doc """
  Returns the specification of the child for a supervisor.

  Raises `ArgumentError` if an option is unknown, missing or not valid.
  """
  @spec child_spec([option]) :: Supervisor.child_spec()
  def child_spec(options) do
    checked = Options.new!(options)

    %{
      id: checked.id,
      start: {__MODULE__, :start_link, [options]},
      restart: checked.restart,
      shutdown: checked.shutdown,
      type: :worker
    }
  end

  @doc """
  Starts the child. It returns before the node is ready; `await_ready/2` waits for that.

  Raises `ArgumentError` if an option is unknown, missing or not valid.
  """
  @spec start_link([option]) :: GenServer.on_start()
  def start_link(options) do
    checked = Options.new!(options)
    GenServer.start_link(Server, checked, List.wrap(checked.name && {:name, checked.name}))
  end

  @doc """
  Calls the node as `GenServer.call/3` does. If the node is starting, it waits within the same time-out.

  Exits as `GenServer.call/3` does: when no reply arrives in time, there is no such process, or the node goes down.
  """
  @spec call(server, term, timeout) :: term
  def call(server, request, timeout \\ 5_000) do
    with_target(server, request, timeout, fn target, left -> GenServer.call(target, request, left) end)
  end

  @doc """
  Sends a request without waiting for a reply, as `GenServer.cast/2` does. If the node is starting, the request is sent
  once it is ready.
  """
  @spec cast(server, term) :: :ok
  def cast(server, request), do: GenServer.cast(server, {:cast, request})

  @doc """
  Sends a plain message and returns the plain message that comes back. Use it for C nodes that do not know the messages of
  `GenServer.call/3`.

  Every call is made by a process of its own, so replies belong to their calls although they have no tag: calls can be
  concurrent, and a late reply is dropped.

  Exits with `{:timeout, _}` when no reply arrives in time, and with `{{:nodedown, node}, _}` when the node goes down.
  """
  @spec send_call(server, term, timeout) :: term
  def send_call(server, message, timeout \\ 5_000) do
    with_target(server, message, timeout, fn target, left ->
      case PlainCall.run(target, message, left) do
        {:ok, reply} -> reply
        {:error, reason} -> exit({reason, {__MODULE__, :send_call, [server, message, timeout]}})
      end
    end)
  end

  @doc "Returns the name of the node, whether it is ready or not."
  @spec node(server) :: node
  def node(server), do: info(server).node

  @doc "Returns information about the child."
  @spec info(server) :: info
  def info(server), do: GenServer.call(server, :info)

  @doc """
  Waits until the node is ready. Exits when it is not ready within the time-out, or the start fails.
  """
  @spec await_ready(server, timeout) :: :ok
  def await_ready(server, timeout \\ 60_000) do
    {_process, _node} = GenServer.call(server, :target, timeout)
    :ok
  end

  # The time-out covers both the wait for a node that is starting and the call.
  defp with_target(server, request, timeout, call) do
    started = System.monotonic_time()

    try do
      target = GenServer.call(server, :target, timeout)
      call.(target, left(timeout, started))
    catch
      kind, reason ->
        metadata = %{server: server, request: request, reason: reason}
        Telemetry.execute([:call, :exception], %{duration: System.monotonic_time() - started}, metadata)
        :erlang.raise(kind, reason, __STACKTRACE__)
    else
      reply ->
        metadata = %{server: server, request: request}
        Telemetry.execute([:call, :stop], %{duration: System.monotonic_time() - started}, metadata)
        reply
    end
  end

  defp left(:infinity, _started), do: :infinity

  defp left(timeout, started) do
    passed = System.convert_time_unit(System.monotonic_time() - started, :native, :millisecond)
    max(timeout - passed, 0)
  end
end
