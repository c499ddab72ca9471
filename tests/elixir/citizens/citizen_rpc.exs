ExUnit.start()
Code.require_file("started_node.exs", __DIR__)

# What the service `orders` of the node under test does, in Elixir: results and failures have to look the same to a caller.
{:module, :orders, binary, _} =
  defmodule :orders do
    def ping(term), do: {:pong, term}
    def add(a, b) when is_integer(a) and is_integer(b), do: a + b
    def sum(numbers), do: :lists.sum(numbers)
    def nothing, do: :ok
    def refuse(reason), do: {:error, reason}
    def raise(:error, reason), do: :erlang.error(reason)
    def raise(:exit, reason), do: exit(reason)
    def raise(:throw, reason), do: throw(reason)
    def raise(_, value), do: value
    def big(size), do: :binary.copy(<<7>>, size)

    def sleep(ms) do
      :timer.sleep(ms)
      ms
    end
  end

:persistent_term.put(:orders, binary)

defmodule CitizenRpcTest do
  use ExUnit.Case
  import StartedNode

  setup do
    child = start!()
    {:ok, child: child, node: child.name}
  end

  # A BEAM that has the module `orders`.
  defp beam! do
    beam = other_beam!()
    code = [:orders, 'orders.beam', :persistent_term.get(:orders)]
    assert :rpc.call(beam, :code, :load_binary, code) == {:module, :orders}
    beam
  end

  defp outcome(fun) do
    {:ok, fun.()}
  catch
    class, reason -> {class, reason}
  end

  # Places in stack traces say where the code is, which differs.
  defp placeless({class, {:exception, reason, [{m, f, a, _} | _]}}), do: {class, {:exception, reason, {m, f, arity(a)}}}
  defp placeless({:ok, {:badrpc, {:EXIT, {reason, [{m, f, a, _} | _]}}}}), do: {:badrpc, reason, {m, f, arity(a)}}
  defp placeless(other), do: other
  defp arity(a) when is_list(a), do: length(a)
  defp arity(a), do: a

  @applications [
    {:ping, [1]},
    {:ping, ["text"]},
    {:ping, ['chars']},
    {:add, [1, 2]},
    {:add, [200, 300]},
    {:sum, [[1, 2, 3]]},
    {:sum, [[]]},
    {:sum, [[1000, -5]]},
    {:nothing, []},
    {:refuse, [:closed]},
    {:raise, [:error, :bad]},
    {:raise, [:error, {:bad, "reason"}]},
    {:raise, [:exit, :bad]},
    {:raise, [:exit, :normal]},
    {:raise, [:throw, :ball]},
    {:raise, [:throw, {:EXIT, :ball}]},
    {:raise, [:nothing, :value]},
    {:big, [0]},
    {:big, [1_000_000]},
    {:sleep, [20]}
  ]

  test "gives the same results and failures as a BEAM to erpc and rpc", %{node: node} do
    beam = beam!()

    for {f, a} <- @applications do
      erpc = &outcome(fn -> :erpc.call(&1, :orders, f, a) end)
      assert {f, a, placeless(erpc.(node))} == {f, a, placeless(erpc.(beam))}
      rpc = &outcome(fn -> :rpc.call(&1, :orders, f, a) end)
      assert {f, a, placeless(rpc.(node))} == {f, a, placeless(rpc.(beam))}
      block = &outcome(fn -> :rpc.block_call(&1, :orders, f, a) end)
      assert {f, a, placeless(block.(node))} == {f, a, placeless(block.(beam))}
      both = &outcome(fn -> :rpc.multicall([&1, &1], :orders, f, a) end)
      assert {f, a, both.(node)} |> inspect_places() == {f, a, both.(beam)} |> inspect_places()
      later = &outcome(fn -> :rpc.yield(:rpc.async_call(&1, :orders, f, a)) end)
      assert {f, a, placeless(later.(node))} == {f, a, placeless(later.(beam))}
      request = &outcome(fn -> :erpc.receive_response(:erpc.send_request(&1, :orders, f, a)) end)
      assert {f, a, placeless(request.(node))} == {f, a, placeless(request.(beam))}
      many = &Enum.map(:erpc.multicall([&1, &1, &1], :orders, f, a), fn result -> placeless(result) end)
      assert {f, a, many.(node)} == {f, a, many.(beam)}
    end
  end

  defp inspect_places({f, a, {:ok, {results, []}}}), do: {f, a, Enum.map(results, &placeless({:ok, &1}))}
  defp inspect_places(other), do: other

  test "says undef exactly as a BEAM does", %{node: node} do
    beam = beam!()

    for {m, f, a} <- [
          {:orders, :nope, []},
          {:orders, :nope, [1, 2]},
          {:orders, :add, [1]},
          {:orders, :add, [1, 2, 3]},
          {:nobody, :add, [1, :x]},
          {:erlang, :apply, [fn -> 1 end, []]},
          {:größe, :"節点", [%{a: 1}]}
        ],
        m != :erlang do
      assert outcome(fn -> :erpc.call(node, m, f, a) end) == outcome(fn -> :erpc.call(beam, m, f, a) end)
      assert outcome(fn -> :rpc.call(node, m, f, a) end) == outcome(fn -> :rpc.call(beam, m, f, a) end)
      assert outcome(fn -> :rpc.block_call(node, m, f, a) end) == outcome(fn -> :rpc.block_call(beam, m, f, a) end)
      assert :erpc.multicall([node], m, f, a) == :erpc.multicall([beam], m, f, a)
    end

    assert :rpc.call(node, :orders, :nope, [1]) == {:badrpc, {:EXIT, {:undef, [{:orders, :nope, [1], []}]}}}
    error = catch_error(:erpc.call(node, :orders, :nope, [1]))
    assert error == {:exception, :undef, [{:orders, :nope, [1], []}]}
    assert catch_error(:erpc.call(node, fn -> 1 end)) |> elem(1) == :undef
  end

  test "raises badarg with what is wrong in the stack trace", %{node: node} do
    cause = "add: argument 2: expected integer, got atom"
    stack = [{:orders, :add, [1, :x], [error_info: %{cause: cause}]}]
    assert :rpc.call(node, :orders, :add, [1, :x]) == {:badrpc, {:EXIT, {:badarg, stack}}}
    assert outcome(fn -> :erpc.call(node, :orders, :add, [1, :x]) end) == {:error, {:exception, :badarg, stack}}
    assert_raise ErlangError, ~r/badarg/, fn -> :erpc.call(node, :orders, :add, [1, :x]) end
  end

  test "raises a panic as an error with its message", %{node: node} do
    for f <- [:crash, :crash_later] do
      error = {:panic, "#{f}: no more"}
      stack = [{:orders, f, ["no more"], []}]
      assert :rpc.call(node, :orders, f, ["no more"]) == {:badrpc, {:EXIT, {error, stack}}}
      assert outcome(fn -> :erpc.call(node, :orders, f, ["no more"]) end) == {:error, {:exception, error, stack}}
    end

    assert {:badrpc, {:EXIT, {{:unencodable, _}, _}}} = :rpc.call(node, :orders, :not_a_number, [])
    assert :rpc.call(node, :orders, :ping, [1]) == {:pong, 1}
  end

  test "answers bad arguments of rpc itself as a BEAM does", %{node: node} do
    beam = beam!()
    improper = fn node -> spawn_result(node, :erpc, :execute_call, [:r, :orders, :ping, [1 | 2]]) end
    assert placeless_exit(improper.(node)) == placeless_exit(improper.(beam))
    no_list = fn node -> spawn_result(node, :erpc, :execute_call, [:r, :orders, :ping, :x]) end
    assert placeless_exit(no_list.(node)) == placeless_exit(no_list.(beam))
    no_atom = fn node -> spawn_result(node, :erpc, :execute_call, [:r, 1, :ping, []]) end
    assert placeless_exit(no_atom.(node)) == placeless_exit(no_atom.(beam))
  end

  defp placeless_exit({:down, {r, :error, reason, [{m, f, a, _} | _]}}), do: {r, reason, {m, f, a}}

  # Spawns and gives the reply to the request, if it was refused, or the exit reason.
  defp spawn_result(node, m, f, a, options \\ [:monitor]) do
    id = :erlang.spawn_request(node, m, f, a, [{:reply, :error_only} | options])

    receive do
      {:spawn_reply, ^id, :error, reason} -> {:refused, reason}
      {:DOWN, ^id, :process, _, reason} -> {:down, reason}
    after
      5_000 -> :nothing
    end
  end

  test "casts, and says nothing", %{node: node} do
    assert :rpc.cast(node, :orders, :ping, [1]) == true
    assert :erpc.cast(node, :orders, :ping, [1]) == :ok
    assert :erpc.cast(node, :orders, :crash, ["unheard"]) == :ok
    assert :erpc.cast(node, :orders, :nope, []) == :ok
    assert :erpc.multicast([node, node], :orders, :ping, [1]) == :ok
    assert :rpc.eval_everywhere([node], :orders, :ping, [1]) == :abcast
    GenServer.cast({:rex, node}, {:cast, :orders, :ping, [1], Process.group_leader()})
    assert :erpc.call(node, :orders, :ping, [:after]) == {:pong, :after}
    refute_receive _, 100
  end

  test "answers many at once, in any order", %{node: node} do
    # Ends with the node.
    endless = :erpc.send_request(node, :orders, :sleep, [3_600_000])
    slow = for ms <- [300, 200, 100], do: :erpc.send_request(node, :orders, :sleep, [ms])
    assert :erpc.call(node, :orders, :ping, [1]) == {:pong, 1}
    assert Enum.map(slow, &:erpc.receive_response/1) == [300, 200, 100]
    assert :erpc.wait_response(endless, 0) == :no_response

    1..100
    |> Enum.map(fn i -> Task.async(fn -> for(j <- 1..20, do: :erpc.call(node, :orders, :ping, [{i, j}])) end) end)
    |> Enum.map(&Task.await(&1, 60_000))
    |> Enum.with_index(1)
    |> Enum.each(fn {answers, i} -> assert answers == for(j <- 1..20, do: {:pong, {i, j}}) end)

    assert length(:erpc.multicall(List.duplicate(node, 500), :orders, :sleep, [20])) == 500
  end

  test "keeps to the time-outs of the caller, and a late result is nobody's", %{node: node} do
    assert :rpc.call(node, :orders, :sleep, [300], 50) == {:badrpc, :timeout}
    assert catch_error(:erpc.call(node, :orders, :sleep, [300], 50)) == {:erpc, :timeout}
    assert :rpc.block_call(node, :orders, :sleep, [300], 50) == {:badrpc, :timeout}
    # Longer than each of them, and begun later.
    assert :erpc.call(node, :orders, :sleep, [350]) == 350
    refute_received _
    assert :erpc.call(node, :orders, :ping, [1]) == {:pong, 1}
  end

  test "tells the callers when the node dies", %{child: child, node: node} do
    request = :erpc.send_request(node, :orders, :sleep, [60_000])
    task = Task.async(fn -> :rpc.call(node, :orders, :sleep, [60_000]) end)
    assert :erpc.call(node, :orders, :ping, [1]) == {:pong, 1}
    Process.sleep(100)
    signal(child, "KILL")
    assert catch_error(:erpc.receive_response(request)) == {:erpc, :noconnection}
    assert Task.await(task, 30_000) == {:badrpc, :nodedown}
  end

  test "answers for handlers that answer nothing, later, or never", %{node: node} do
    assert :erpc.call(node, :orders, :no_reply, []) == :ok
    assert :erpc.call(node, :orders, :answer_later, [:done]) == :done
    assert outcome(fn -> :erpc.call(node, :orders, :forget, []) end) == {:exit, {:exception, :noreply}}
    assert :rpc.call(node, :orders, :forget, []) == {:badrpc, {:EXIT, :noreply}}
    assert :rpc.block_call(node, :orders, :no_reply, []) == :ok
    assert :rpc.block_call(node, :orders, :answer_later, [:done]) == :done
    assert :rpc.block_call(node, :orders, :forget, []) == {:badrpc, {:EXIT, :noreply}}
    # A message and a call are told as well.
    dropped = {:error, {:no_reply, "forget: the caller was dropped without an answer"}}
    assert GenServer.call({:orders, node}, :forget) == dropped
    send({:orders, node}, :forget)
    assert_receive ^dropped, 30_000
    # Once.
    send({:orders, node}, :how)
    assert_receive {:plain, _}, 30_000
    refute_received _
  end

  test "calls the same handler as messages and gen_server calls do", %{node: node} do
    me = self()
    assert {:rpc, ^me} = :erpc.call(node, :orders, :how, [])
    assert {:call, ^me} = GenServer.call({:orders, node}, :how)
    send({:orders, node}, :how)
    assert_receive {:plain, ^me}, 30_000
    assert GenServer.call({:orders, node}, {:add, 1, 2}) == 3
    assert {[{^node, 3}], []} = GenServer.multi_call([node], :orders, {:add, 1, 2})
    assert GenServer.call({:orders, node}, {:raise, :throw, :ball}) == {:error, :ball}
    assert GenServer.call({:orders, node}, :only_messages) == :yes
    assert GenServer.call({:orders, node}, :only_rpc) == {:error, :unknown_call}
    assert :erpc.call(node, :orders, :only_rpc, []) == :yes
    assert {:badrpc, {:EXIT, {:undef, _}}} = :rpc.call(node, :orders, :only_messages, [])
  end

  test "tells at once that a gen_server is not there", %{node: node} do
    assert {:noproc, {GenServer, :call, _}} = catch_exit(GenServer.call({:nobody, node}, :hello, 30_000))
    assert GenServer.multi_call([node], :nobody, :hello) == {[], [node]}
  end

  test "answers spawn requests as a BEAM does", %{node: node} do
    beam = beam!()

    for {m, f, a, options} <- [
          {:orders, :ping, [1], [:monitor]},
          {:orders, :sleep, [10], [:monitor]},
          {:orders, :nope, [1], [:monitor]},
          {:erpc, :execute_call, [1, 2, 3, 4, 5], [:monitor]},
          {:orders, :raise, [:exit, :bye], [:monitor]},
          {:orders, :raise, [:exit, :normal], [:monitor]},
          {:orders, :ping, [1], [:monitor, {:priority, :high}, {:min_heap_size, 100}, {:message_queue_data, :off_heap}]}
        ] do
      assert {m, f, spawn_result(node, m, f, a, options)} == {m, f, spawn_result(beam, m, f, a, options)}
    end

    for {f, a, shown} <- [{:raise, [:error, :bad], :bad}, {:raise, [:throw, :ball], {:nocatch, :ball}}] do
      assert {:down, {^shown, [{:orders, ^f, _, _} | _]}} = spawn_result(node, :orders, f, a)
      assert {:down, {^shown, [{:orders, ^f, _, _} | _]}} = spawn_result(beam, :orders, f, a)
    end
  end

  test "links and monitors what it spawns, as asked", %{node: node} do
    Process.flag(:trap_exit, true)
    beam = beam!()

    for node <- [node, beam] do
      pid = Node.spawn_link(node, :orders, :ping, [1])
      assert node(pid) == node
      assert_receive {:EXIT, ^pid, :normal}, 30_000
      pid = Node.spawn_link(node, :orders, :raise, [:exit, :bye])
      assert_receive {:EXIT, ^pid, :bye}, 30_000
      pid = Node.spawn_link(node, :orders, :sleep, [50])
      assert_receive {:EXIT, ^pid, :normal}, 30_000
      {pid, monitor} = :erlang.spawn_monitor(node, :orders, :sleep, [50])
      assert_receive {:DOWN, ^monitor, :process, ^pid, :normal}, 30_000
      pid = :erlang.spawn_opt(node, :orders, :sleep, [50], [:link, :monitor]) |> elem(0)
      assert_receive {:EXIT, ^pid, :normal}, 30_000
      assert_receive {:DOWN, _, :process, ^pid, :normal}, 30_000
      pid = Node.spawn(node, :orders, :sleep, [10_000])
      assert is_pid(pid) and node(pid) == node
      refute_receive _, 50
    end
  end

  test "ends a running call at an exit signal, or with the process that it is linked to", %{node: node} do
    beam = beam!()

    for node <- [node, beam] do
      {pid, monitor} = :erlang.spawn_monitor(node, :orders, :sleep, [60_000])
      Process.exit(pid, :normal)
      other = Process.monitor(pid)
      refute_receive _, 50
      Process.exit(pid, :stop)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :stop}, 30_000
      assert_receive {:DOWN, ^other, :process, ^pid, :stop}, 30_000

      {pid, monitor} = :erlang.spawn_monitor(node, :orders, :sleep, [60_000])
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}, 30_000

      me = self()
      starter = spawn(fn ->
        pid = Node.spawn_link(node, :orders, :sleep, [60_000])
        send(me, {:started, pid})
        receive do: (:die -> exit(:died))
      end)
      assert_receive {:started, pid}, 30_000
      monitor = Process.monitor(pid)
      send(starter, :die)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :died}, 30_000

      pid = Node.spawn_link(node, :orders, :sleep, [60_000])
      monitor = Process.monitor(pid)
      Process.unlink(pid)
      Process.exit(pid, :bye)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :bye}, 30_000
      refute_receive _, 50
      ref = Process.monitor(pid)
      assert_receive {:DOWN, ^ref, :process, ^pid, :noproc}, 30_000
    end
  end

  test "a call that is ended from outside shows so to erpc", %{node: node} do
    beam = beam!()

    for node <- [node, beam] do
      result = make_ref()
      id = :erlang.spawn_request(node, :erpc, :execute_call, [result, :orders, :sleep, [60_000]], [:monitor])
      assert_receive {:spawn_reply, ^id, :ok, pid}, 30_000
      Process.exit(pid, :stop)
      assert_receive {:DOWN, ^id, :process, ^pid, :stop}, 30_000
      id = :erlang.spawn_request(node, :erpc, :execute_call, [result, :orders, :ping, [1]], [:monitor])
      assert_receive {:spawn_reply, ^id, :ok, pid}, 30_000
      assert_receive {:DOWN, ^id, :process, ^pid, {^result, :return, {:pong, 1}}}, 30_000
    end
  end

  test "answers rex as C nodes ask it", %{node: node} do
    send({:rex, node}, {self(), {:call, :orders, :add, [1, 2], :user}})
    assert_receive {:rex, 3}, 30_000
    send({:rex, node}, {self(), {:call, :orders, :nope, [], :user}})
    assert_receive {:rex, {:badrpc, {:EXIT, {:undef, [{:orders, :nope, [], []}]}}}}, 30_000
    send({:rex, node}, {self(), {:call, :orders, :sleep, [20], :user}})
    assert_receive {:rex, 20}, 30_000
    send({:rex, node}, {self(), :features_request})
    assert_receive {:features_reply, ^node, [:erpc]}, 30_000
  end

  test "answers rex as rpc of OTP 23 asks it", %{node: node} do
    call = fn f, a -> GenServer.call({:rex, node}, {:call, :orders, f, a, Process.group_leader()}) end
    assert call.(:add, [1, 2]) == 3
    assert call.(:sleep, [20]) == 20
    assert {:badrpc, {:EXIT, {:undef, [{:orders, :nope, [], []}]}}} = call.(:nope, [])
    assert {:badrpc, {:EXIT, :bye}} = call.(:raise, [:exit, :bye])
    assert call.(:raise, [:throw, :ball]) == :ball
    assert GenServer.call({:rex, node}, :what) == {:error, :unknown_call}
    GenServer.cast({:rex, node}, :what)
  end
end
