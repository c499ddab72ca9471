defmodule NodexRs.OptionsTest do
  use ExUnit.Case, async: true
  alias NodexRs.Options

  test "the names follow from the executable" do
    options = Options.new!(exec: "native/calc")
    assert {options.sname, options.process} == {"calc", :calc}
    options = Options.new!(exec: {:shop, "stock"}, sname: :left)
    assert {options.sname, options.process} == {"left", :left}
  end

  test "a child has the time for its stop" do
    assert %{id: A, restart: :permanent, shutdown: 11_000, type: :worker} =
             NodexRs.child_spec(exec: "calc", name: A)

    assert NodexRs.child_spec(exec: "calc", grace: 0, kill_after: 10).shutdown == 5_010

    assert %{id: :b, restart: :transient, shutdown: 1} =
             NodexRs.child_spec(exec: "c", id: :b, restart: :transient, shutdown: 1)
  end

  test "children of one executable have ids of their own if their names differ" do
    refute NodexRs.child_spec(exec: "calc", sname: "a").id == NodexRs.child_spec(exec: "calc", sname: "b").id
  end

  for {options, message} <- [
        {[], "needs the option :exec"},
        {[exec: :calc], ":exec is :calc, expected a path or {app, name}"},
        {[exec: "calc", speed: 1], "no option :speed"},
        {[exec: "calc", sname: "a@b"], ":sname is \"a@b\", expected letters"},
        {[exec: "calc", sname: String.duplicate("a", 129)], "at most 128"},
        {[exec: "my calc"], ":sname is \"my calc\""},
        {[exec: "calc", ready_timeout: 0], ":ready_timeout is 0, expected a positive integer"},
        {[exec: "calc", grace: -1], ":grace is -1, expected an integer from 0"},
        {[exec: "calc", grace: "1s"], ":grace is \"1s\""},
        {[exec: "calc", cookie: "secret"], ":environment or :argument"},
        {[exec: "calc", args: ["a\0b"]], "a list of strings"},
        {[exec: "calc", env: [A: "b"]], "pairs of strings"},
        {[exec: "calc", log: :loud], "a level of Logger or false"},
        {[exec: "calc", restart: :always], ":permanent, :transient or :temporary"}
      ] do
    test "#{inspect(options)} is refused" do
      error = assert_raise ArgumentError, fn -> NodexRs.child_spec(unquote(Macro.escape(options))) end
      assert error.message =~ unquote(message)
      assert_raise ArgumentError, fn -> NodexRs.start_link(unquote(Macro.escape(options))) end
    end
  end
end
