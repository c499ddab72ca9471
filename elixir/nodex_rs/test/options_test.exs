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

  test "a node has less time than it takes to the kill" do
    assert Options.new!(exec: "calc").drain == 4_000
    assert Options.new!(exec: "calc", grace: 0, kill_after: 1_000).drain == 800
    assert Options.new!(exec: "calc", grace: 0, kill_after: 0).drain == 0
    assert Options.new!(exec: "calc", drain: 5_999).drain == 5_999
    assert Options.new!(exec: "calc", drain: 30_000, kill_after: 60_000).drain == 30_000
  end

  test "children of one executable have ids of their own if their names differ" do
    assert NodexRs.child_spec(exec: {:shop, "calc"}).id == {NodexRs, "calc"}
    assert NodexRs.child_spec(exec: "calc", sname: "a").id == {NodexRs, "a"}
    assert NodexRs.child_spec(exec: "calc", sname: :b).id == {NodexRs, "b"}
  end

  test "a value of the environment is not shown" do
    error =
      assert_raise ArgumentError, fn ->
        NodexRs.child_spec(exec: "calc", env: [{"KEY", <<"secret", 255>>}])
      end

    refute error.message =~ "secret"
  end

  for {options, message} <- [
        {[], "needs the option :exec"},
        {[exec: :calc], ":exec is :calc, expected a path or {app, name}"},
        {[exec: "calc", speed: 1], "no option :speed"},
        {[exec: "calc", sname: "a@b"], ":sname is \"a@b\", expected letters"},
        {[exec: "calc", sname: String.duplicate("a", 254)], "at most 253"},
        {[exec: "calc", sname: "a.b"], ":sname is \"a.b\", expected letters A-Z and a-z, digits, _ and -"},
        {[exec: "calc", sname: :"a+b"], ":sname is :\"a+b\", expected letters"},
        {[exec: "calc", sname: "a/b"], ":sname is \"a/b\", expected letters"},
        {[exec: "calc", sname: "a:b"], ":sname is \"a:b\", expected letters"},
        {[exec: "calc", sname: "k\u00e4se"], "expected letters A-Z and a-z"},
        {[exec: "calc", sname: "a\n"], "expected letters A-Z and a-z"},
        {[exec: "calc", sname: ""], ":sname is \"\", expected letters"},
        {[exec: "calc", sname: 1], ":sname is 1, expected letters"},
        {[exec: "my calc"], "\"my calc\" is no name for a node: give it one with :sname, of letters A-Z"},
        {[exec: "native/calc.bin"], ":exec is \"native/calc.bin\", and \"calc.bin\" is no name for a node"},
        {[exec: {:shop, "calc.bin"}], "\"calc.bin\" is no name for a node"},
        {[exec: "calc", process: "calc"], ":process is \"calc\", expected an atom"},
        {[exec: "calc", distribute: :"a.b@127.0.0.1"], "letters A-Z and a-z, digits, _ and - before the @"},
        {[exec: "calc", ready_timeout: 0], ":ready_timeout is 0, expected a positive integer"},
        {[exec: "calc", grace: -1], ":grace is -1, expected an integer from 0"},
        {[exec: "calc", grace: "1s"], ":grace is \"1s\""},
        {[exec: "calc", drain: 6_000], ":drain is 6000, expected an integer from 0 and less than"},
        {[exec: "calc", drain: -1], ":drain is -1"},
        {[exec: "calc", drain: "1s"], ":drain is \"1s\""},
        {[exec: "calc", cookie: "secret"], ":environment or :argument"},
        {[exec: "calc", args: ["a\0b"]], "a list of strings"},
        {[exec: "calc", env: [A: "b"]], "pairs of strings"},
        {[exec: "calc", env: [{"A=B", "c"}]], "names without =, but \"A=B\" has"},
        {[exec: "calc", env: [{"", "c"}]], "pairs of strings"},
        {[exec: "calc", env: %{"A" => <<255>>}], "pairs of strings in UTF-8"},
        {[exec: "calc", env: "A=B"], "pairs of strings"},
        {[exec: "calc", log: :loud], "a level of Logger or false"},
        {[exec: "calc", restart: :always], ":permanent, :transient or :temporary"}
      ] do
    test "#{options |> inspect() |> String.slice(0, 100)} is refused" do
      error = assert_raise ArgumentError, fn -> NodexRs.child_spec(unquote(Macro.escape(options))) end
      assert error.message =~ unquote(message)
      assert_raise ArgumentError, fn -> NodexRs.start_link(unquote(Macro.escape(options))) end
    end
  end
end
