defmodule NodexRs.StartTest do
  use ExUnit.Case
  import NodexRs.World

  test "an executable that exits" do
    error = fail!("exits_before_ready")
    assert error.reason == {:exited, 3}
    assert "cannot go on" in error.printed
    message = Exception.message(error)
    assert message =~ "#{error.node} did not start: #{executable("exits_before_ready")} exited with status 3"
    assert message =~ "\n    cannot go on"
  end

  test "a script that leaves behind who holds its output" do
    for leave <- ["sleep 1000", "setsid sleep 1000"] do
      script = "#{leave} & echo $!; echo cannot go on; exit 3"
      error = fail!({:path, "/bin/sh"}, args: ["-c", script, "sh"], ready_timeout: 60_000, grace: 10)
      assert error.reason == {:exited, 3}
      assert [left, "cannot go on"] = error.printed
      # What has left its group is not ours.
      if leave =~ "setsid",
        do: signal(String.to_integer(left), "KILL"),
        else: assert(eventually(fn -> not alive?(left) end))
    end
  end

  test "a node cannot have the name of its host" do
    [name, _] = String.split(Atom.to_string(node()), "@")
    error = fail!("docs_calc", sname: name)
    assert error.reason == {:name_of_host, node()}
    assert Exception.message(error) =~ "#{node()} is this BEAM: give NodexRs another :sname"
  end

  test "nor one that is too long with its host" do
    error = fail!("docs_calc", sname: String.duplicate("a", 250))
    assert {:name_too_long, _} = error.reason
    assert Exception.message(error) =~ "a node name has at most 255 characters"
  end

  test "a folder that is not there" do
    error = fail!("docs_calc", cd: "/no/such/folder")
    assert error.reason == {:cd, "/no/such/folder", :enoent}
    assert Exception.message(error) =~ "cannot be started in /no/such/folder: no such file or directory"
  end

  test "a node that cannot connect" do
    # An epmd port where nothing listens.
    error = fail!("docs_calc", env: [{"ERL_EPMD_PORT", "1"}])
    assert error.reason == {:exited, 1}
    assert Exception.message(error) =~ "no epmd is running at 127.0.0.1:1"
  end

  test "a node with another cookie" do
    error = fail!("docs_calc", env: [{"NODEX_COOKIE", "another"}])
    assert error.reason == {:exited, 1}
    assert Exception.message(error) =~ "the cookies differ"
  end

  test "an executable that says nothing more" do
    error = fail!("never_ready", ready_timeout: 200)
    assert {error.reason, error.limit} == {:inactive, 200}
    assert error.printed == ["initialising #{error.node}"]
    assert Exception.message(error) =~ "printed nothing for 200 ms and was not ready"
  end

  for executable <- ["chatty", "flood"] do
    test "an executable that talks for ever (#{executable})" do
      error = fail!(unquote(executable), ready_timeout: 60_000, start_timeout: 300)
      assert {error.reason, error.limit} == {:late, 300}
      assert length(error.printed) == 20
      assert Exception.message(error) =~ "was not ready within 300 ms"
    end
  end

  test "an executable that lies" do
    error = fail!("ignores_sigterm", grace: 0, kill_after: 10)
    assert error.reason == :no_connection
    assert Exception.message(error) =~ "it is not connected to #{node()}"
  end

  test "an executable that is killed by a signal" do
    error = fail!("crashes", ready_line: "never")
    assert error.reason == {:exited, 128 + 11}
    assert Exception.message(error) =~ "was ended by signal 11"
  end

  test "no executable" do
    error = fail!({:nodex_rs, "no_such"})
    path = Application.app_dir(:nodex_rs, "priv/nodes/no_such")
    assert {error.reason, error.exec} == {{:executable, :enoent}, path}

    assert Exception.message(error) ==
             "#{path} cannot be run: no such file or directory, is :nodex_rs among the compilers in mix.exs?"

    error = %NodexRs.StartError{reason: {:executable, :enoent}, exec: Path.expand("no_such", __DIR__)}
    assert Exception.message(error) =~ "no such file or directory, the folder has compiler_test.exs, "
  end

  @tag :tmp_dir
  test "a folder, and a file that is not to be run", %{tmp_dir: folder} do
    file = Path.join(folder, "file")
    File.write!(file, "text")
    for path <- [folder, file], do: assert(fail!({:path, path}).reason == {:executable, :eacces})
  end

  test "bytes that are no text are no harm" do
    error = fail!("not_utf8", ready_timeout: 300)
    assert error.reason == :no_connection
    assert Enum.all?(error.printed, &String.printable?/1)
  end

  test "a failed start leaves no process, whatever it does" do
    for {executable, options} <- [{"ignores_sigterm", [args: []]}, {"never_ready", []}, {"flood", []}] do
      mark = "NODEX_RS_TEST_#{System.unique_integer([:positive])}"
      times = [ready_timeout: 100, start_timeout: 200, grace: 50, kill_after: 100, ready_line: "never"]
      fail!(executable, options ++ times ++ [env: [{mark, "1"}]])
      assert marked(mark) == []
    end
  end

  test "callers who wait for a start get to know why it failed" do
    {:ok, child} = start_unlinked(exec: executable("never_ready"), sname: unique(), ready_timeout: 300)

    assert {{%NodexRs.StartError{reason: :inactive}, _}, _} =
             catch_exit(NodexRs.call(child, :hello, deadline()))
  end

  test "what the supervisor logs can be read" do
    log =
      ExUnit.CaptureLog.capture_log(fn ->
        Process.flag(:trap_exit, true)
        {:ok, supervisor} = Supervisor.start_link([child("exits_before_ready")], strategy: :one_for_one)
        assert_receive {:EXIT, ^supervisor, :shutdown}, deadline()
      end)

    assert log =~ "(NodexRs.StartError)"
    assert log =~ "exited with status 3 before it was ready. It printed:"
    assert log =~ "cannot go on"
  end

  defp child(executable), do: {NodexRs, exec: executable(executable), sname: unique()}
end
