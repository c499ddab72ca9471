defmodule NodexRs.OsProcess do
  @moduledoc false
  # A process of the operating system behind a port, its output, and signals to it.

  import Bitwise, only: [&&&: 2]

  alias NodexRs.Output

  # How long a shell may take to become the executable, on a machine with much else to do.
  @start_timeout 10_000

  defstruct [:port, :os_pid, :started, :output]

  @type t :: %__MODULE__{
          port: port,
          os_pid: pos_integer | nil,
          started: String.t() | nil,
          output: Output.t() | nil
        }

  @doc "Starts an executable with its stdin and its output connected to the calling process. A portion is granted."
  @spec open(Path.t(), [String.t()], [{String.t(), String.t()}], Path.t() | nil) :: {:ok, t} | {:error, term}
  def open(path, args, env, cd) do
    with :ok <- executable(path),
         :ok <- folder(cd),
         {:ok, output} <- Output.open() do
      command = Output.command(output, path, args, not_for_shells(env))
      settings = [:binary, :exit_status, :stderr_to_stdout, :hide, args: command, env: for_port(env)]
      settings = if cd, do: [{:cd, cd} | settings], else: settings
      port = Port.open({:spawn_executable, "/bin/sh"}, settings)
      # Nothing if it has ended already: then the port says so.
      os_pid = with {:os_pid, os_pid} <- Port.info(port, :os_pid), do: os_pid
      printing(%__MODULE__{port: port, os_pid: os_pid, started: started(os_pid), output: output})
    end
  rescue
    error in ErlangError -> {:error, error.original}
  end

  # It has the pipe now, or never gets it; then its end is told as any other.
  defp printing(%{port: port} = process) do
    receive do
      {^port, {:data, "\n"}} -> {:ok, %{process | output: Output.grant(process.output)}}
      {^port, {:exit_status, _}} = ended -> {:ok, tell_again(ended, process)}
      {^port, {:data, _}} = said -> {:ok, tell_again(said, process)}
    after
      @start_timeout -> {:ok, %{process | output: Output.grant(process.output)}}
    end
  end

  defp tell_again(message, process) do
    send(self(), message)
    %{process | output: Output.grant(process.output)}
  end

  defp executable(path) do
    case File.stat(path) do
      {:ok, %{type: :regular, mode: mode}} ->
        if (mode &&& 0o111) != 0, do: :ok, else: {:error, :eacces}

      {:ok, _folder_or_device} ->
        {:error, :eacces}

      {:error, reason} ->
        {:error, reason}
    end
  end

  defp folder(nil), do: :ok

  defp folder(path) do
    case File.stat(path) do
      {:ok, %{type: :directory}} -> :ok
      {:ok, _} -> {:error, {:cd, path, :enotdir}}
      {:error, reason} -> {:error, {:cd, path, reason}}
    end
  end

  # A shell gives on no variable that it could not have itself, and a port none that is empty.
  defp not_for_shells(env) do
    env = Map.new(env)

    System.get_env()
    |> Map.merge(env)
    |> Enum.reject(fn {name, _} -> name =~ ~r/\A[A-Za-z_][A-Za-z0-9_]*\z/ and env[name] != "" end)
  end

  # In UTF-8, whatever the locale says: then each character is a byte for a port.
  defp for_port(env) do
    charlist =
      case :file.native_name_encoding() do
        :utf8 -> &String.to_charlist/1
        :latin1 -> &:binary.bin_to_list/1
      end

    for {name, value} <- env, do: {charlist.(name), charlist.(value)}
  end

  @doc "Has the next portion of its output come."
  @spec grant(t) :: t
  def grant(process), do: %{process | output: Output.grant(process.output)}

  @doc "Closes its stdin and its output."
  @spec close(t) :: :ok
  def close(process) do
    # Closed already if the process has ended by itself.
    if Port.info(process.port), do: Port.close(process.port)
    Output.close(process.output)
  end

  @doc "Whether it still runs. A process that has got its number since is not it."
  @spec alive?(t) :: boolean
  def alive?(%{started: nil}), do: false
  def alive?(process), do: started(process.os_pid) == process.started

  @doc "Whether anything is left of its group, which `erl_child_setup` has made for it: what it has started itself."
  @spec group_alive?(t) :: boolean
  def group_alive?(%{os_pid: nil}), do: false
  def group_alive?(process), do: kill(process.os_pid, "0") == 0

  @doc "Sends a signal to its group."
  @spec signal(t, String.t()) :: :ok
  def signal(process, name) do
    # Fails only when all of it is gone by now.
    kill(process.os_pid, name)
    :ok
  end

  # The shell's own `kill`, because small images have no other.
  defp kill(os_pid, signal) do
    arguments = ["-c", ~S(kill -s "$1" -- "-$2"), "kill", signal, Integer.to_string(os_pid)]
    {_, status} = System.cmd("/bin/sh", arguments, stderr_to_stdout: true)
    status
  end

  @doc """
  Ends what copies its output, which is left if something outside of its group holds on to that.
  """
  @spec end_output(t) :: :ok
  def end_output(%{output: %{os_pid: os_pid, started: started}}) do
    if started != nil and started(os_pid) == started, do: kill(os_pid, "KILL")
    :ok
  end

  # When it was started, in ticks since the machine was (proc(5), stat, field 22), unless it is a zombie.
  # The second field is the name of the program, which can have any characters but ends with the last `)`.
  @doc false
  def started(nil), do: nil

  def started(os_pid) do
    with {:ok, stat} <- File.read("/proc/#{os_pid}/stat"),
         [state | fields] <- stat |> String.split(")") |> List.last() |> String.split(),
         true <- state not in ["Z", "X"] do
      Enum.at(fields, 18)
    else
      _ -> nil
    end
  end
end
