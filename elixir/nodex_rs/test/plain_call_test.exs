defmodule NodexRs.PlainCallTest do
  use ExUnit.Case
  import NodexRs.World, only: [deadline: 0]
  alias NodexRs.PlainCall

  # The test itself answers, so that it decides when. A plain message does not say who sent it, but who sends it
  # watches the caller.
  setup do
    Process.register(self(), :answers)
    :ok
  end

  defp ask(timeout) do
    test = self()

    caller =
      spawn_link(fn ->
        result = PlainCall.run({:answers, node()}, :question, timeout)
        {:messages, left} = Process.info(self(), :messages)
        send(test, {result, left})
      end)

    assert_receive :question, deadline()
    caller
  end

  defp asking(caller) do
    {:monitored_by, [asking]} = Process.info(caller, :monitored_by)
    asking
  end

  test "an answer in time" do
    asking = ask(:infinity) |> asking()
    send(asking, {:answer, 1})
    assert_receive {{:ok, {:answer, 1}}, []}, deadline()
  end

  test "two calls, each with its own answer" do
    [first, second] = for _ <- 1..2, do: ask(:infinity)
    [asking_first, asking_second] = Enum.map([first, second], &asking/1)
    send(asking_second, 2)
    assert_receive {{:ok, 2}, []}, deadline()
    send(asking_first, 1)
    assert_receive {{:ok, 1}, []}, deadline()
  end

  test "nobody is there for an answer that comes too late" do
    asking = ask(2_000) |> asking()
    monitor = Process.monitor(asking)
    assert_receive {{:error, :timeout}, []}, deadline()
    assert_receive {:DOWN, ^monitor, :process, ^asking, :killed}, deadline()
  end

  test "the end of the caller is the end of the call" do
    caller = ask(:infinity)
    monitor = caller |> asking() |> Process.monitor()
    Process.unlink(caller)
    Process.exit(caller, :kill)
    assert_receive {:DOWN, ^monitor, :process, _, :normal}, deadline()
  end
end
