defmodule NodexRs.Distribution do
  @moduledoc false
  # A BEAM that is no node becomes one, if it is asked to.

  @loopback "127.0.0.1"

  @spec ensure(boolean | node) :: :ok | {:error, :not_distributed | {:cannot_distribute, term}}
  def ensure(distribute) do
    cond do
      Node.alive?() -> :ok
      distribute == false -> {:error, :not_distributed}
      true -> distribute |> name() |> start()
    end
  end

  # One atom in the life of a BEAM. By chance too, because containers that share a network can have the same process ids.
  defp name(true) do
    tag = :rand.uniform(0xFFFFFFFF) |> Integer.to_string(36) |> String.downcase()
    :"nodex-#{System.pid()}-#{tag}@#{@loopback}"
  end

  defp name(name), do: name

  defp start(name) do
    local? = String.ends_with?(Atom.to_string(name), "@" <> @loopback)

    # Nobody else is to reach a node that came to be for the sake of a child of its own.
    if local? and Application.get_env(:kernel, :inet_dist_use_interface) == nil do
      Application.put_env(:kernel, :inet_dist_use_interface, {127, 0, 0, 1})
    end

    with :ok <- ensure_epmd(local?) do
      case Node.start(name) do
        {:ok, _} -> :ok
        # Another child was quicker.
        {:error, {:already_started, _}} -> :ok
        {:error, reason} -> {:error, {:cannot_distribute, reason}}
      end
    end
  end

  # `erl -name` starts an epmd, `Node.start` does not.
  defp ensure_epmd(local?) do
    case :erl_epmd.names(~c"127.0.0.1") do
      {:ok, _} -> :ok
      {:error, _} -> start_epmd(if local?, do: ["-address", @loopback, "-daemon"], else: ["-daemon"])
    end
  end

  defp start_epmd(arguments) do
    own = Path.join([:code.root_dir(), "erts-#{:erlang.system_info(:version)}", "bin", "epmd"])

    case Enum.find([System.find_executable("epmd"), own], &(&1 && File.exists?(&1))) do
      nil ->
        {:error, {:cannot_distribute, :no_epmd}}

      epmd ->
        # It gives up its stdin and stdout when it listens.
        System.cmd(epmd, arguments, stderr_to_stdout: true)
        :ok
    end
  end
end
