defmodule NodexRs.PlainCall do
  @moduledoc false
  # A plain message and the plain message that answers it. Nothing in the two says that they belong together, so each
  # call is made from a pid of its own: whatever comes to it is the answer.

  @spec run({atom, node}, term, timeout) :: {:ok, term} | {:error, :timeout | {:nodedown, node}}
  def run({process, node}, message, timeout) do
    caller = self()
    tag = make_ref()
    {pid, monitor} = spawn_monitor(fn -> ask(caller, tag, {process, node}, message) end)

    receive do
      {^tag, result} ->
        Process.demonitor(monitor, [:flush])
        result

      {:DOWN, ^monitor, :process, ^pid, reason} ->
        {:error, reason}
    after
      timeout ->
        Process.exit(pid, :kill)

        # The result may have come meanwhile. It is not for the mailbox of the caller.
        receive do
          {:DOWN, ^monitor, :process, ^pid, _} -> :ok
        end

        receive do
          {^tag, result} -> result
        after
          0 -> {:error, :timeout}
        end
    end
  end

  defp ask(caller, tag, {process, node}, message) do
    monitor = Process.monitor(caller)
    # If there is no connection, this tries to make one, and tells at once if that fails.
    true = Node.monitor(node, true)
    send({process, node}, message)

    receive do
      {:nodedown, ^node} -> send(caller, {tag, {:error, {:nodedown, node}}})
      {:DOWN, ^monitor, :process, ^caller, _} -> :ok
      reply -> send(caller, {tag, {:ok, reply}})
    end
  end
end
