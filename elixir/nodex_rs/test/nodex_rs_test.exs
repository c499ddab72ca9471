defmodule NodexRsTest do
  use ExUnit.Case
  import NodexRs.World

  test "calls a node" do
    calc = start!("docs_calc", process: :calc)
    assert NodexRs.call(calc, {:add, 2, 3}) == {:ok, 5}
    assert NodexRs.call(calc, {:sub, 2, 3}) == {:error, :unknown_call}
    assert NodexRs.call(calc, {:add, 2, 3}, :infinity) == {:ok, 5}
  end

  test "tells what it is" do
    calc = start!("docs_calc", sname: "calc_info")
    [_, host] = String.split(Atom.to_string(node()), "@")
    info = NodexRs.info(calc)
    assert info.node == :"calc_info@#{host}"
    assert NodexRs.node(calc) == info.node
    assert info.process == :calc_info
    assert info.phase == :ready
    assert info.exec == executable("docs_calc")
    assert alive?(info.os_pid)
    assert info.node in Node.list(:hidden)
    assert GenServer.call({:anything, info.node}, {:add, 1, 1}) == {:ok, 2}
  end

  test "casts, before the node is ready too" do
    options = [exec: executable("docs_stock"), sname: unique()]
    stock = start_supervised!({NodexRs, options})
    # It has not even started yet: the casts and the call wait.
    assert NodexRs.cast(stock, {:put, "tea", 2}) == :ok
    assert NodexRs.cast(stock, {:put, "tea", 3}) == :ok
    assert NodexRs.call(stock, :count, deadline()) == 5
    NodexRs.cast(stock, {:put, "milk", 1})
    assert eventually(fn -> NodexRs.call(stock, :count) == 6 end)
  end

  test "a call of a name that is not there exits at once" do
    node = start!("citizen_under_test", process: :nobody)
    assert {:noproc, _} = catch_exit(NodexRs.call(node, {:ping, 1}, :infinity))
  end

  test "a call that takes too long exits" do
    node = start!("citizen_under_test", process: :orders)
    assert {:timeout, _} = catch_exit(NodexRs.call(node, :no_reply, 50))
    assert NodexRs.call(node, {:ping, 2}, deadline()) == {:pong, 2}
  end

  test "a call whose node goes away exits with nodedown" do
    node = start!("citizen_under_test", process: :orders)
    task = Task.async(fn -> catch_exit(NodexRs.call(node, {:sleep, 60_000}, :infinity)) end)
    name = NodexRs.node(node)
    assert eventually(fn -> :rpc.call(name, :nodex, :info, []).connections == 1 end)
    # Long enough for the call to be on its way; if not, it exits with noproc, which is as good.
    Process.sleep(50)
    signal(NodexRs.info(node).os_pid, "KILL")
    assert {reason, _} = Task.await(task, deadline())
    assert match?({:nodedown, ^name}, reason) or reason == :noproc or match?({%NodexRs.NodeDown{}, _}, reason)
  end

  describe "plain calls" do
    for {executable, cookie} <- [{"no_macro", :environment}, {"c_node", :argument}] do
      test "belong to their replies (#{executable})" do
        node = start!(unquote(executable), cookie: unquote(cookie), grace: 0)

        1..200
        |> Enum.map(fn i -> Task.async(fn -> {i, NodexRs.send_call(node, {:ping, i}, deadline())} end) end)
        |> Task.await_many(deadline())
        |> Enum.each(fn {i, reply} -> assert reply == {:pong, i} end)

        refute_received _
      end
    end

    test "exit when nothing comes back" do
      node = start!("citizen_under_test", process: :orders)
      assert {:timeout, {NodexRs, :send_call, _}} = catch_exit(NodexRs.send_call(node, :no_reply, 50))
    end

    test "exit when the node goes away" do
      node = start!("citizen_under_test", process: :orders)
      name = NodexRs.node(node)
      task = Task.async(fn -> catch_exit(NodexRs.send_call(node, :no_reply, :infinity)) end)
      Process.sleep(50)
      signal(NodexRs.info(node).os_pid, "KILL")
      assert {reason, _} = Task.await(task, deadline())

      assert match?({:nodedown, ^name}, reason) or reason == :noproc or
               match?({%NodexRs.NodeDown{}, _}, reason)
    end
  end

  test "the cookie is in nobody's argument list" do
    calc = start!("docs_calc")
    os_pid = NodexRs.info(calc).os_pid
    cookie = Atom.to_string(Node.get_cookie())
    refute File.read!("/proc/#{os_pid}/cmdline") =~ cookie
    assert File.read!("/proc/#{os_pid}/environ") =~ "NODEX_COOKIE=#{cookie}\0"
  end

  test "arguments, environment and folder are given on" do
    folder = System.tmp_dir!()
    env = %{"SHOWN" => "gr\u00fcn \u65e5\u672c", "no.shell-has" => "this=one", "EMPTY" => ""}
    calc = start!("docs_calc", env: env, cd: folder)
    os_pid = NodexRs.info(calc).os_pid
    shown = String.split(File.read!("/proc/#{os_pid}/environ"), "\0")
    assert "SHOWN=gr\u00fcn \u65e5\u672c" in shown
    assert "no.shell-has=this=one" in shown
    assert "EMPTY=" in shown
    assert File.read_link!("/proc/#{os_pid}/cwd") == folder

    error = fail!("shows_itself", args: ["a b", "c;d"], ready_line: "never", ready_timeout: 300)
    assert Enum.any?(error.printed, &(&1 =~ "a b")) and Enum.any?(error.printed, &(&1 =~ "c;d"))
  end

  @tag :tmp_dir
  test "an executable in a folder of any name", %{tmp_dir: folder} do
    path = Path.join(folder, "a b=c'd \u65e5/calc")
    File.mkdir_p!(Path.dirname(path))
    File.cp!(executable("docs_calc"), path)
    calc = start!({:path, path}, env: [{"no.shell-has", "this"}])
    assert NodexRs.call(calc, {:add, 2, 3}) == {:ok, 5}
    assert File.read!("/proc/#{NodexRs.info(calc).os_pid}/environ") =~ "no.shell-has=this\0"
    assert File.read!("/proc/#{NodexRs.info(calc).os_pid}/cmdline") =~ "/a b=c'd \u65e5/calc\0"
  end

  test "several nodes side by side" do
    nodes = for _ <- 1..5, do: start_supervised!({NodexRs, exec: executable("docs_calc"), sname: unique()})

    for {node, i} <- Enum.with_index(nodes),
        do: assert(NodexRs.call(node, {:add, i, 1}, deadline()) == {:ok, i + 1})
  end

  test "two children cannot share a name" do
    start!("docs_calc", sname: "only_one")
    error = fail!("docs_calc", sname: "only_one")
    assert {:name_taken, pid} = error.reason
    assert Process.alive?(pid)
    assert Exception.message(error) =~ "give one of them another :sname"
  end
end
