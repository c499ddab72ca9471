defmodule NodexRs.Guard do
  @moduledoc false
  # Ends the process of a child when the child is gone, in whatever way: also when it was killed and could not do it
  # itself. The order of a stop: end of stdin (which the end of the port's owner is), SIGTERM, SIGKILL.
  #
  # A guard holds the name of its node until the process is gone, so that no two processes ever share one.

  alias NodexRs.OsProcess

  # Milliseconds between two looks at a process, and at what it has left behind.
  @poll 5
  @poll_group 50

  @doc """
  Waits until no guard holds this name: a former process is about to end then. If its child is alive, it is not.
  """
  @spec await(String.t()) :: :ok | {:error, {:name_taken, pid}}
  def await(sname) do
    case Process.whereis(registered(sname)) do
      nil ->
        :ok

      guard ->
        monitor = Process.monitor(guard)
        send(guard, {:owner, self(), monitor})

        receive do
          {^monitor, owner} ->
            Process.demonitor(monitor, [:flush])
            {:error, {:name_taken, owner}}

          {:DOWN, ^monitor, :process, ^guard, _} ->
            await(sname)
        end
    end
  end

  @doc "Starts the guard of a process that belongs to the calling one."
  @spec start(OsProcess.t(), String.t(), non_neg_integer, non_neg_integer) :: pid
  def start(process, sname, grace, kill_after) do
    owner = self()

    spawn(fn ->
      # Taken only if two children of one name start in the same moment. Then the connection decides between them.
      unless Process.whereis(registered(sname)), do: Process.register(self(), registered(sname))
      watch(Process.monitor(owner), owner)
      stop(process, grace, kill_after)
      OsProcess.end_output(process)
    end)
  end

  @doc "Closes the port and waits until the process is gone."
  @spec end_it(pid, OsProcess.t()) :: :ok
  def end_it(guard, process) do
    monitor = Process.monitor(guard)
    OsProcess.close(process)
    send(guard, :stop)

    receive do
      {:DOWN, ^monitor, :process, ^guard, _} -> :ok
    end
  end

  # One atom for each node of the program, of at most 255 characters.
  defp registered(sname) when byte_size(sname) <= 200, do: Module.concat(__MODULE__, sname)
  defp registered(sname), do: Module.concat(__MODULE__, Base.encode16(:erlang.md5(sname)))

  defp watch(monitor, owner) do
    receive do
      :stop ->
        :ok

      {:DOWN, ^monitor, :process, ^owner, _} ->
        :ok

      {:owner, from, tag} ->
        # Nothing if it is gone: then the end of this process is the answer.
        if Process.alive?(owner), do: send(from, {tag, owner})
        watch(monitor, owner)
    end
  end

  defp stop(process, grace, kill_after) do
    with false <- gone_within?(process, grace),
         OsProcess.signal(process, "TERM"),
         false <- gone_within?(process, kill_after) do
      OsProcess.signal(process, "KILL")
      gone_within?(process, kill_after)
    end
  end

  defp gone_within?(process, time) do
    {alive?, poll} =
      if OsProcess.alive?(process), do: {true, @poll}, else: {OsProcess.group_alive?(process), @poll_group}

    cond do
      not alive? ->
        true

      time <= 0 ->
        false

      true ->
        Process.sleep(poll)
        gone_within?(process, time - poll)
    end
  end
end
