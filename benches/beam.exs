# A BEAM as the host of node executables: one round of the rows local, remote, cnode and cnode
# direct. Arguments: the number of small and of big messages, then name=path for each executable.
# Prints one line for each measurement, in tab-separated columns:
#
#     beam <row> <node or -> <bytes> <p50 ns> <p99 ns> <mean ns>

Code.require_file("../tests/elixir/cnode_host.exs", __DIR__)

{:module, Ponger, ponger_code, _} =
  defmodule Ponger do
    @moduledoc "The counterpart of a node executable, as a GenServer."
    use GenServer

    @impl true
    def init(_), do: {:ok, nil}

    @impl true
    def handle_call({:ping, term}, _from, state), do: {:reply, {:pong, term}, state}
  end

defmodule Bench do
  @moduledoc false

  def row(row, node, sizes, call) do
    for {bytes, count} <- sizes do
      binary = :binary.copy("h", bytes)
      # In a process of its own, so that no row pays for the garbage of another.
      times = Task.await(Task.async(fn -> measure(call, binary, count) end), :infinity)
      sorted = Enum.sort(times)
      p50 = Enum.at(sorted, div(count, 2))
      p99 = Enum.at(sorted, div(count * 99, 100))
      mean = div(Enum.sum(times), count)
      IO.puts(Enum.join(["beam", row, node, bytes, p50, p99, mean], "\t"))
    end
  end

  defp measure(call, binary, count) do
    for _ <- 1..div(count, 10), do: {:pong, ^binary} = call.({:ping, binary})

    for _ <- 1..count do
      started = :erlang.monotonic_time(:nanosecond)
      {:pong, answer} = call.({:ping, binary})
      took = :erlang.monotonic_time(:nanosecond) - started
      true = byte_size(answer) == byte_size(binary)
      took
    end
  end
end

[small, big | executables] = System.argv()
sizes = [{5, String.to_integer(small)}, {1_000_000, String.to_integer(big)}]

{:ok, local} = GenServer.start_link(Ponger, nil)
Bench.row("local", "-", sizes, &GenServer.call(local, &1))

arguments = ["-start_epmd", "false", "-setcookie", Atom.to_string(Node.get_cookie())]
loopback = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]
elixir = ["-pa", to_string(:code.lib_dir(:elixir)) <> "/ebin"]

{:ok, peer, remote_node} =
  :peer.start_link(%{
    name: 'remote',
    host: '127.0.0.1',
    longnames: true,
    connection: :standard_io,
    args: Enum.map(arguments ++ loopback ++ elixir, &String.to_charlist/1)
  })

true = Node.connect(remote_node)
{:module, Ponger} = :peer.call(peer, :code, :load_binary, [Ponger, 'nofile', ponger_code])
{:ok, remote} = :peer.call(peer, :gen_server, :start, [Ponger, nil, []])
Bench.row("remote", "-", sizes, &GenServer.call(remote, &1))
:peer.stop(peer)

for executable <- executables do
  [name, path] = String.split(executable, "=", parts: 2)
  {:ok, host} = CnodeHost.start(exec_path: path)
  {:ok, node} = CnodeHost.cnode(host)

  through = fn message ->
    {:ok, answer} = CnodeHost.call(host, message)
    answer
  end

  direct = fn message ->
    send({nil, node}, message)

    receive do
      answer -> answer
    after
      10_000 -> exit(:no_answer)
    end
  end

  Bench.row("cnode", name, sizes, through)
  Bench.row("cnode direct", name, sizes, direct)
  GenServer.stop(host)
end
