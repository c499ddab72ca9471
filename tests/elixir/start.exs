ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule StartTest do
  use ExUnit.Case
  import NodeUnderTest

  test "prints three lines, each as it happens, and not a word after the ready line" do
    child = start!()
    assert call(child, {:ping, "hello"}) == {:pong, "hello"}
    assert call(child, :nonsense) == {:error, :unknown_call}
    Process.sleep(100)
    Node.disconnect(child.name)
    assert ending(child) == {[], 0}
  end

  test "is a hidden node, and connected when it says that it is ready" do
    child = start!()
    assert Node.connect(child.name) == true
    assert child.name in Node.list(:hidden)
    refute child.name in Node.list()
  end

  test "is not in epmd" do
    child = start!()
    assert {:ok, [{'host', _port}]} = :erl_epmd.names({127, 0, 0, 1})
    assert call(child, {:ping, 1}) == {:pong, 1}
  end

  test "listens nowhere" do
    child = start!()
    assert listening(child.os_pid) == []
    assert listening(List.to_integer(:os.getpid())) != []
  end

  test "is told of another cookie by a failed connect" do
    child = spawn!(cookie: "another_cookie")
    assert {["initialising " <> _, "connecting to " <> _, message], status} = ending(child)
    assert status != 0
    assert message =~ "cookie"
  end

  test "does not take over a name that is in use at the host" do
    first = start!()
    [sname, _host] = String.split(Atom.to_string(first.name), "@")
    second = spawn!(sname: sname)
    assert {["initialising " <> _, "connecting to " <> _, message], status} = ending(second)
    assert status != 0
    assert message =~ ~r"in use|taken"
    assert call(first, {:ping, "still here"}) == {:pong, "still here"}
  end

  test "says when the host is a name that nobody has registered" do
    child = spawn!(tname: "nobody")
    assert {["initialising " <> _, "connecting to nobody@127.0.0.1", _], status} = ending(child)
    assert status != 0
  end

  test "twenty of them start at once and answer side by side" do
    children = for _ <- 1..20, do: spawn!()

    for child <- children do
      for _ <- 1..3, do: line(child)
      assert call(child, {:ping, child.name}) == {:pong, child.name}
    end
  end

  # The inodes of the process's TCP sockets in state LISTEN (0A).
  defp listening(os_pid) do
    own =
      for file <- File.ls!("/proc/#{os_pid}/fd"),
          {:ok, "socket:[" <> rest} <- [File.read_link("/proc/#{os_pid}/fd/#{file}")],
          do: String.trim_trailing(rest, "]")

    for table <- ["tcp", "tcp6"],
        line <- tl(String.split(File.read!("/proc/#{os_pid}/net/#{table}"), "\n", trim: true)),
        fields = String.split(line),
        Enum.at(fields, 3) == "0A",
        inode = Enum.at(fields, 9),
        inode in own,
        do: inode
  end
end
