defmodule NodexRs.StartError do
  @moduledoc """
  Why a node executable did not start.

  | `reason` | |
  |---|---|
  | `:not_distributed` | This BEAM is not a node. |
  | `{:cannot_distribute, term}` | This BEAM could not become a node. |
  | `{:name_taken, pid}` | Another child runs a node of this name. |
  | `{:name_of_host, node}` | The node has the name of this BEAM. |
  | `{:name_too_long, name}` | The name of the node has more than 255 characters. |
  | `{:executable, posix}` | The executable does not exist (`:enoent`), cannot be executed (`:eacces`), .. |
  | `{:cd, path, posix}` | The working directory does not exist, .. |
  | `{:output, :no_dd \| :no_pipe}` | The reader of its output cannot be started: there is no `dd`, or no `/proc`. |
  | `{:exited, status}` | It ended before it was ready; the status is 128 plus the number of the signal that ended it, if any. |
  | `:inactive` | It printed nothing for `:ready_timeout`. |
  | `:late` | It was not ready within `:start_timeout`. |
  | `:no_connection` | It printed its ready line, but is not connected. |
  """
  defexception [:reason, :node, :exec, :limit, printed: []]

  @type t :: %__MODULE__{
          reason: term,
          node: node | nil,
          exec: Path.t() | nil,
          limit: pos_integer | nil,
          printed: [String.t()]
        }

  @impl true
  def message(error), do: text(error) <> NodexRs.Lines.describe(error.printed)

  defp text(%{reason: :not_distributed}) do
    "this BEAM is not a node, so no other can connect to it: start it with --name or --sname, " <>
      "or give NodexRs the option distribute: true"
  end

  defp text(%{reason: {:cannot_distribute, reason}}) do
    "this BEAM cannot become a node: #{inspect(reason)} (is another one using the name, can epmd be started?)"
  end

  defp text(%{reason: {:name_taken, pid}} = error) do
    "#{error.node} did not start: the child #{inspect(pid)} runs a node of this name, give one of them another :sname"
  end

  defp text(%{reason: {:name_of_host, node}}) do
    "a node cannot have the name of its host, and #{node} is this BEAM: give NodexRs another :sname"
  end

  defp text(%{reason: {:name_too_long, name}}) do
    "a node name has at most 255 characters, and #{name} has #{String.length(name)}: give NodexRs a shorter :sname"
  end

  defp text(%{reason: {:cd, path, reason}, exec: exec}) do
    "#{exec} cannot be started in #{path}: #{:file.format_error(reason)}"
  end

  defp text(%{reason: {:output, :no_dd}, exec: exec}) do
    "#{exec} cannot be started: its output is read by dd, which is not in PATH"
  end

  defp text(%{reason: {:output, :no_pipe}, exec: exec}) do
    "#{exec} cannot be started: there is no pipe for its output (it needs /bin/sh and /proc)"
  end

  defp text(%{reason: {:executable, reason}, exec: exec}) do
    "#{exec} cannot be run: #{:file.format_error(reason)}#{hint(reason, Path.dirname(exec))}"
  end

  defp text(%{reason: {:exited, status}} = error) do
    "#{error.node} did not start: #{error.exec} #{exited(status)} before it was ready"
  end

  defp text(%{reason: :inactive} = error) do
    "#{error.node} did not start: #{error.exec} printed nothing for #{error.limit} ms and was not ready"
  end

  defp text(%{reason: :late} = error) do
    "#{error.node} did not start: #{error.exec} was not ready within #{error.limit} ms"
  end

  defp text(%{reason: :no_connection} = error) do
    "#{error.node} did not start: #{error.exec} said that it is ready, but it is not connected to #{node()}"
  end

  # What is there instead. The usual reason is that nobody has built it.
  defp hint(:enoent, folder) do
    case File.ls(folder) do
      {:ok, [_ | _] = names} -> ", the folder has #{names |> Enum.sort() |> Enum.take(10) |> Enum.join(", ")}"
      _ -> if Path.basename(folder) == "nodes", do: ", is :nodex_rs among the compilers in mix.exs?", else: ""
    end
  end

  defp hint(_reason, _folder), do: ""

  @doc false
  def exited(status) when status > 128, do: "was ended by signal #{status - 128}"
  def exited(status), do: "exited with status #{status}"
end

defmodule NodexRs.NodeDown do
  @moduledoc """
  Why a running node is gone: `reason` is `{:exited, status}` (128 and the number of a signal if that ended it) or
  `:link_lost`, when the process is there and the connection is not.
  """
  defexception [:reason, :node, printed: []]

  @type t :: %__MODULE__{reason: {:exited, non_neg_integer} | :link_lost, node: node, printed: [String.t()]}

  @impl true
  def message(%{reason: {:exited, status}} = error) do
    "#{error.node} is gone: it #{NodexRs.StartError.exited(status)}" <> NodexRs.Lines.describe(error.printed)
  end

  def message(%{reason: :link_lost} = error) do
    "#{error.node} is gone: the connection to it was lost" <> NodexRs.Lines.describe(error.printed)
  end
end
