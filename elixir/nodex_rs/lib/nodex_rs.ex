defmodule NodexRs do
  @moduledoc """
  A node executable, written in Rust with nodex or in C with `ei`, as a child of a supervisor.

      children = [
        {NodexRs, exec: {:shop, "calc"}, name: Shop.Calc}
      ]

      NodexRs.call(Shop.Calc, {:add, 2, 3})
      #=> {:ok, 5}

  The child starts the executable as a process of the operating system, waits for its ready line, and watches both the
  process and the connection. When one of them is gone, the child stops with the reason and its supervisor starts it
  again, under the same node name. When the child stops, in whatever way, the process is stopped too.

  Nothing of this is needed to talk to a node that runs: `GenServer.call({:calc, :"calc@127.0.0.1"}, {:add, 2, 3})` does, in
  the BEAM that it is connected to.

  ## Options

  | option | default | |
  |---|---|---|
  | `:exec` | required | The executable: a path, or `{app, name}` for `priv/nodes/<name>` of an application. |
  | `:name` | none | The name of the child, as for `GenServer.start_link/3`. |
  | `:id` | the name, or else `{NodexRs, sname}` | The id of the child in its supervisor. |
  | `:sname` | name of the file | The part of the node's name before the `@`: letters, digits, `_` and `-`. It cannot be that of this BEAM, so a file of another kind of name, as `calc.bin`, or of the name of the release needs one. |
  | `:process` | `:sname` as an atom | The registered name in the node that `call/3` and the others talk to. |
  | `:args` | `[]` | Arguments in front of the four of the contract. |
  | `:env` | `[]` | Pairs of strings in UTF-8, added to the environment. |
  | `:cd` | none | The folder that it is started in. |
  | `:cookie` | `:environment` | Where the cookie is: in the environment variable `NODEX_COOKIE`, or `:argument`. C nodes want the latter; it can be read by every user of the machine. |
  | `:ready_line` | `"<node> ready"` | The line that says that it is connected. |
  | `:ready_timeout` | 5000 | The start fails when nothing is printed for so many milliseconds. |
  | `:start_timeout` | 60000 | The start fails after so many milliseconds, whatever is printed. |
  | `:grace` | 1000 | Milliseconds from the end of its stdin to SIGTERM. Use 0 for an executable that does not look at stdin. |
  | `:kill_after` | 5000 | Milliseconds from SIGTERM to SIGKILL. |
  | `:drain` | 4000 | Milliseconds in which the node may finish what still runs, from the end of its stdin on; it is told in `NODEX_DRAIN`. Less than `:grace` and `:kill_after` together, of which it is four fifths if they are short. |
  | `:log` | `:info` | The level at which its lines are logged after the ready line, or `false`. Errors and warnings of the node's own log have those levels. It logs errors, such as casts that fail, unless `NODEX_LOG` says otherwise. |
  | `:distribute` | `false` | What to do when this BEAM is no node: fail, or become one, see below. |
  | `:restart`, `:shutdown` | `:permanent`, the stop times and 5 s | As for every child. |

  ## The BEAM has to be a node

  It is one when it was started with `--name` or `--sname`, and a release is one unless it was told otherwise. Under
  `mix test` and plain `iex -S mix` it is none. With `distribute: true` it then becomes the node
  `nodex-<process id>-<by chance>@127.0.0.1`, reachable from this machine only, and an epmd is started if none runs. With
  `distribute: :"shop@127.0.0.1"` it gets that name. A BEAM that is a node already keeps its name.

  ## Output

  What the executable prints is logged, at most a thousand lines in a second. It is read in portions as they are dealt
  with, so one that prints without end waits for its reader and fills no memory. This needs `/bin/sh`, `dd` and `/proc`.

  ## Failures

  A start that fails stops the child with a `NodexRs.StartError`, the loss of a running node with a `NodexRs.NodeDown`.
  Both say what happened and what the executable printed last. As with any child, its supervisor tries again, and gives
  up when that happens too often.

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

  @typedoc "An option, see the table above."
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

  @typedoc "What `info/1` tells."
  @type info :: %{
          node: node,
          process: atom,
          phase: :starting | :ready,
          os_pid: pos_integer | nil,
          exec: Path.t()
        }

  @doc """
  The specification of the child for a supervisor.

  Raises `ArgumentError` if an option is unknown, missing or makes no sense.
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
  Starts the child. It returns before the executable runs; `await_ready/2` waits for that.

  Raises `ArgumentError` if an option is unknown, missing or makes no sense.
  """
  @spec start_link([option]) :: GenServer.on_start()
  def start_link(options) do
    checked = Options.new!(options)
    GenServer.start_link(Server, checked, List.wrap(checked.name && {:name, checked.name}))
  end

  @doc """
  Calls the node as `GenServer.call/3` does. If the node is starting, waits for it within the same time-out.

  Exits as `GenServer.call/3` does: when no reply comes in time, when there is no such process, when the node goes away.
  """
  @spec call(server, term, timeout) :: term
  def call(server, request, timeout \\ 5_000) do
    with_target(server, request, timeout, fn target, left -> GenServer.call(target, request, left) end)
  end

  @doc """
  Sends a request without waiting for a reply, as `GenServer.cast/2` does. If the node is starting, it is sent once that
  is done.
  """
  @spec cast(server, term) :: :ok
  def cast(server, request), do: GenServer.cast(server, {:cast, request})

  @doc """
  Sends a plain message and gives the plain message that comes back. This is how C nodes are called that do not know
  what `GenServer.call/3` sends.

  Every call is made by a process of its own, so replies belong to their calls even though they carry nothing that says
  so: many calls can be under way, and a reply that comes too late is lost.

  Exits with `{:timeout, _}` when no reply comes in time, and with `{{:nodedown, node}, _}` when the node goes away.
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

  @doc "The name of the node, whether it is ready or not."
  @spec node(server) :: node
  def node(server), do: info(server).node

  @doc "What there is to know of the child."
  @spec info(server) :: info
  def info(server), do: GenServer.call(server, :info)

  @doc """
  Waits until the node is ready. Exits when it is not within the time-out, and when the start fails.
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
