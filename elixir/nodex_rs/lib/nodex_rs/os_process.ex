defmodule NodexRs.OsProcess do
  @moduledoc false
  # A process of the operating system behind a port, and signals to it.

  defstruct [:port, :os_pid, :started]

  @type t :: %__MODULE__{port: port, os_pid: pos_integer, started: String.t() | nil}

  @doc "Starts an executable with its stdin and stdout connected to the calling process."
  @spec open(Path.t(), [String.t()], [{charlist, charlist}], Path.t() | nil) :: {:ok, t} | {:error, atom}
  def open(path, args, env, cd) do
    settings = [:binary, :exit_status, :stderr_to_stdout, :hide, args: args, env: env]
    settings = if cd, do: [{:cd, cd} | settings], else: settings

    with {:ok, %{type: :regular}} <- File.stat(path) do
      port = Port.open({:spawn_executable, path}, settings)
      # Nothing if it has ended already: then the port says so.
      os_pid = with {:os_pid, os_pid} <- Port.info(port, :os_pid), do: os_pid
      {:ok, %__MODULE__{port: port, os_pid: os_pid, started: os_pid && started(os_pid)}}
    else
      {:ok, _folder_or_device} -> {:error, :eacces}
      {:error, reason} -> {:error, reason}
    end
  rescue
    error in ErlangError -> {:error, error.original}
  end

  @doc "Whether it still runs. A process that has got its number since is not it."
  @spec alive?(t) :: boolean
  def alive?(%{started: nil}), do: false
  def alive?(process), do: started(process.os_pid) == process.started

  @doc "Whether anything is left of its group, which `erl_child_setup` has made for it: what it has started itself."
  @spec group_alive?(t) :: boolean
  def group_alive?(%{os_pid: nil}), do: false
  def group_alive?(process), do: kill(process, "0") == 0

  @doc "Sends a signal to its group."
  @spec signal(t, String.t()) :: :ok
  def signal(process, name) do
    # Fails only when all of it is gone by now.
    kill(process, name)
    :ok
  end

  # The shell's own `kill`, because small images have no other.
  defp kill(process, signal) do
    arguments = ["-c", ~S(kill -s "$1" -- "-$2"), "kill", signal, Integer.to_string(process.os_pid)]
    {_, status} = System.cmd("/bin/sh", arguments, stderr_to_stdout: true)
    status
  end

  # When it was started, in ticks since the machine was (proc(5), stat, field 22), unless it is a zombie.
  # The second field is the name of the program, which can have any characters but ends with the last `)`.
  defp started(os_pid) do
    with {:ok, stat} <- File.read("/proc/#{os_pid}/stat"),
         [state | fields] <- stat |> String.split(")") |> List.last() |> String.split(),
         true <- state not in ["Z", "X"] do
      Enum.at(fields, 18)
    else
      _ -> nil
    end
  end
end
