defmodule StartedNode do
  @moduledoc """
  Node executables that the Rust side of the test starts and stops, because a BEAM inside of a chroot cannot: the script's
  argument is the name of the node on which a service `starter` does it (`tests/interop/citizens.rs`). Whatever a test does
  with an executable, the process has to be gone afterwards. Keeps to what Elixir 1.10 knows.
  """
  import ExUnit.Assertions
  import ExUnit.Callbacks

  defstruct [:os_pid, :name]

  defp ask(request), do: GenServer.call({:starter, String.to_atom(hd(System.argv()))}, request, 90_000)

  defp ask!(request) do
    case ask(request) do
      {:ok, answer} -> answer
      :ok -> :ok
      {:error, reason} -> flunk("#{inspect(request)}: #{inspect(reason)}")
    end
  end

  @doc "Starts the executable, which connects to this BEAM, and takes its three lines. Options: `sname`."
  def start!(options \\ []) do
    sname = options[:sname] || Base.encode16(:crypto.strong_rand_bytes(4), case: :lower)
    child = %__MODULE__{os_pid: ask!({:start, sname}), name: :"#{sname}@127.0.0.1"}

    on_exit(fn ->
      Node.disconnect(child.name)
      # An error if the test has waited for its end already.
      ask({:wait, child.os_pid})
    end)

    child
  end

  def signal(child, signal), do: ask!({:signal, child.os_pid, signal})

  @doc "Waits for its end; gives the lines printed since it was ready and the exit status."
  def ending(child), do: ask!({:wait, child.os_pid})

  @doc "Its memory in KiB."
  def memory(child), do: ask!({:memory, child.os_pid})

  @doc "Another BEAM of the same release; gives its name."
  def other_beam! do
    beam = ask!(:beam)
    on_exit(fn -> ask!({:stop_beam, beam}) end)
    assert Node.ping(beam) == :pong
    beam
  end
end
