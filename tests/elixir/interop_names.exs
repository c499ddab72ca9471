# What a BEAM hears of a Rust node that has registered names, and only those: `orders` with `later/1`
# and the like, and `counter`. The argument is the name of the node. Keeps to what Elixir 1.10 knows.
ExUnit.start()

defmodule InteropNamesTest do
  use ExUnit.Case
  [name] = System.argv()
  @name String.to_atom(name)
  @orders {:orders, @name}
  @nobody {:nobody, @name}

  # Since OTP 24 a call is made with an alias, which is gone with the call.
  @aliases List.to_integer(:erlang.system_info(:otp_release)) >= 24

  setup_all do
    true = Node.connect(@name)
    :ok
  end

  test "calls of a name that is not there fail, however long they would wait" do
    reason = catch_exit(GenServer.call(@nobody, :anything, :infinity))
    assert {:noproc, {GenServer, :call, [@nobody, :anything, :infinity]}} = reason
    assert GenServer.multi_call([@name], :nobody, :anything, 60_000) == {[], [@name]}
    assert GenServer.cast(@nobody, :anything) == :ok
    send(@nobody, :anything)
    assert [] == mailbox()
  end

  test "monitors of a name that is not there say so at once, others hold" do
    gone = Process.monitor(@nobody)
    held = Process.monitor(@orders)
    assert_receive {:DOWN, ^gone, :process, @nobody, :noproc}, 30_000
    assert [] == mailbox()
    assert Process.demonitor(held, [:info])
  end

  test "the replies of calls that have given up do not stay in mailboxes" do
    assert {:timeout, _} = catch_exit(GenServer.call(@orders, {:later, 200, :reply}, 20))
    Process.sleep(100)
    # The next call waits behind it, so its reply has come as well.
    assert GenServer.call(@orders, {:later, 200, :other}, 60_000) == :other
    left = mailbox()
    if @aliases, do: assert([] == left), else: assert([{_, :reply}] = left)

    assert GenServer.multi_call([@name], :orders, {:later, 200, :reply}, 20) == {[], [@name]}
    assert GenServer.call(@orders, {:later, 300, :other}, 60_000) == :other
    assert [] == mailbox()
  end

  test "a call that takes its time does not hold up others" do
    me = self()

    endless =
      spawn_link(fn ->
        send(@orders, {:"$gen_call", {self(), make_ref()}, {:later, 3_600_000, :endless}})
        send(me, :asked)

        receive do
          reply -> exit({:early, reply})
        end
      end)

    assert_receive :asked, 30_000
    slow = Task.async(fn -> GenServer.call(@orders, {:later, 300, :slow}, 60_000) end)
    assert for(i <- 1..20, do: GenServer.call(@orders, {:add, i, i}, 60_000)) == for(i <- 1..20, do: 2 * i)
    assert Task.await(slow, 60_000) == :slow
    Process.unlink(endless)
    Process.exit(endless, :kill)
  end

  test "casts are handled, in the order sent and before later calls" do
    for i <- 1..100, do: assert(GenServer.cast({:counter, @name}, {:add, i}) == :ok)
    assert GenServer.call({:counter, @name}, :get) == 5050
    send({:counter, @name}, {:add, -5050})
    assert_receive 0, 30_000
  end

  test "each name has its own functions" do
    assert GenServer.call({:counter, @name}, {:add, 1, 2}) == {:error, :unknown_call}
    assert {:error, {:badarg, text}} = GenServer.call({:counter, @name}, {:add, :one})
    assert text =~ "add: argument 1"
    assert GenServer.call(@orders, :get) == {:error, :unknown_call}
    assert {[{@name, 3}], []} = GenServer.multi_call([@name], :orders, {:add, 1, 2})
  end

  test "a panic is told to its caller, and the node goes on" do
    assert {:error, {:panic, text}} = GenServer.call(@orders, :panic)
    assert text =~ "on purpose"
    assert GenServer.call(@orders, {:add, 1, 2}) == 3
  end

  defp mailbox do
    receive do
      message -> [message | mailbox()]
    after
      50 -> []
    end
  end
end
