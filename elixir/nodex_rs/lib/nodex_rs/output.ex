defmodule NodexRs.Output do
  @moduledoc false
  # What an executable prints, on its way to its child in small portions.
  #
  # A port reads as fast as it can, so an executable that prints without end would fill the mailbox of the owner. It
  # prints into a pipe instead, from which a shell copies a portion to its port whenever it is granted one. While none
  # is granted the executable waits, as it does for every slow reader.
  #
  # Nothing else is on that pipe. So the port of the executable knows how it ended at once, also when something that
  # it has started still holds its output.

  # A portion: so many blocks of so many bytes at most. Each is a message, and a list of lines.
  @blocks "16"
  @block "16384"

  # Over this, a portion is a big one: there may be more at once.
  @big 65_536

  @start_timeout 10_000

  # Both ends of the pipe are its own until there is somebody to print. A mark follows each
  # portion, so that it is known when the next can be granted. It ends with its grants, that is with its port. Descriptors
  # that others open are always the same ones: a redirection of `read` would change them for a moment.
  @script ~S"""
  exec 3<&0 2>/dev/null
  : | {
    exec 4<>/proc/self/fd/0 5<&0 <&3 3<&- || exit
    read -r pid rest </proc/self/stat
    echo "$pid"
    read -r grant || exit
    exec 4>&-
    while "$1" "bs=$2" "count=$3" <&5; printf '\001%s\001\n' "$4" && read -r grant; do :; done
  }
  """

  # Runs an executable in place of the shell, with the pipe as its output, and tells when it has that.
  @run ~S(exec 3>"$1" && echo && shift && exec "$@" >&3 2>&3 3>&-)

  defstruct [:port, :os_pid, :started, :path, :mark, held: "", portion: 0]

  @type t :: %__MODULE__{
          port: port,
          os_pid: pos_integer | nil,
          started: String.t() | nil,
          path: Path.t(),
          mark: binary,
          held: binary,
          portion: non_neg_integer
        }

  @doc "Makes the pipe."
  @spec open() :: {:ok, t} | {:error, term}
  def open do
    # Not in what is printed by chance, and no more than one line too few if it is.
    tag = Integer.to_string(:rand.uniform(0xFFFFFFFFFFFFFFFF), 36)

    case System.find_executable("dd") do
      nil ->
        {:error, :no_dd}

      dd ->
        args = ["-c", @script, "nodex_rs", dd, @block, @blocks, tag]
        port = Port.open({:spawn_executable, "/bin/sh"}, [:binary, :exit_status, :hide, args: args])
        os_pid = with {:os_pid, os_pid} <- Port.info(port, :os_pid), do: os_pid
        started = NodexRs.OsProcess.started(os_pid)

        opened(port, %__MODULE__{
          port: port,
          os_pid: os_pid,
          started: started,
          mark: <<1, tag::binary, 1, ?\n>>
        })
    end
  end

  defp opened(port, output) do
    receive do
      {^port, {:data, line}} -> {:ok, %{output | path: "/proc/#{String.trim(line)}/fd/4"}}
      {^port, {:exit_status, _}} -> {:error, :no_pipe}
    after
      @start_timeout ->
        Port.close(port)
        {:error, :no_pipe}
    end
  end

  @doc "The arguments of `/bin/sh` that have it become an executable which prints into the pipe."
  @spec command(t, Path.t(), [String.t()], [{String.t(), String.t()}]) :: [String.t()]
  def command(output, path, args, env) do
    # A shell gives on only variables that it could have itself.
    others = for {name, value} <- env, do: name <> "=" <> value
    through = if others == [], do: [], else: [System.find_executable("env") | others]
    # Or `env` takes the path for one more variable.
    as_it_is = if through != [] and String.contains?(path, "="), do: ["nice", "-n", "0"], else: []
    ["-c", @run, "nodex_rs", output.path] ++ through ++ as_it_is ++ [path | args]
  end

  @doc "Has the next portion come."
  @spec grant(t) :: t
  def grant(output) do
    # Closed if the shell was ended by somebody else.
    if Port.info(output.port), do: Port.command(output.port, "\n")
    %{output | portion: 0}
  end

  @doc """
  Takes what came from the port: what was printed, and whether the portion is at its end.

  One that ends with nothing printed is the end of all output.
  """
  @spec take(t, binary) :: {binary, :more | :next | :next_big | :end, t}
  def take(output, bytes) do
    bytes = output.held <> bytes
    printed = byte_size(bytes) - byte_size(output.mark)

    if printed >= 0 and binary_part(bytes, printed, byte_size(output.mark)) == output.mark do
      portion = output.portion + printed
      next = if portion == 0, do: :end, else: if(portion > @big, do: :next_big, else: :next)
      {binary_part(bytes, 0, printed), next, %{output | held: "", portion: portion}}
    else
      kept = byte_size(bytes) - beginning(bytes, output.mark, byte_size(output.mark) - 1)
      <<printed::binary-size(kept), held::binary>> = bytes
      {printed, :more, %{output | held: held, portion: output.portion + kept}}
    end
  end

  # How many bytes at the end may be the beginning of the mark.
  defp beginning(_bytes, _mark, 0), do: 0

  defp beginning(bytes, mark, length) do
    if byte_size(bytes) >= length and
         binary_part(bytes, byte_size(bytes), -length) == binary_part(mark, 0, length),
       do: length,
       else: beginning(bytes, mark, length - 1)
  end

  @doc """
  Has its end come behind all that was printed so far, with nobody waiting for that: who holds the pipe open may fill it.
  """
  @spec finish(t) :: binary
  def finish(%{mark: <<_, rest::binary>>} = output) do
    mark = <<2, rest::binary>>
    args = ["-c", ~S(printf '\002%s' "$1" >"$2"), "nodex_rs", rest, Path.join(Path.dirname(output.path), "5")]
    # Fails if the end has come by itself.
    spawn(fn -> System.cmd("/bin/sh", args, stderr_to_stdout: true) end)
    mark
  end

  @doc "Ends it, whatever is still in the pipe."
  @spec close(t) :: :ok
  def close(output) do
    if Port.info(output.port), do: Port.close(output.port)
    :ok
  end
end
