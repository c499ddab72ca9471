ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule LifetimeTest do
  @moduledoc "What a Rust node does beyond a C node: it ends with its parent, and keeps its cookie to itself."
  use ExUnit.Case
  import NodeUnderTest

  test "exits with 0 after a SIGTERM, and after a SIGINT" do
    for signal <- ["TERM", "INT"] do
      child = start!()
      assert call(child, {:ping, signal}) == {:pong, signal}
      signal(child, signal)
      assert ending(child) == {[], 0}
    end
  end

  test "exits at the end of its stdin, although the link is up" do
    child = start!()
    assert call(child, {:ping, 1}) == {:pong, 1}
    Node.monitor(child.name, true)
    Port.close(child.port)
    assert reply() == {:nodedown, child.name}
    assert eventually(fn -> not alive?(child.os_pid) end)
  end

  test "reads its stdin without a word, however much comes" do
    child = start!()
    for _ <- 1..50, do: true = Port.command(child.port, :binary.copy("not for you\n", 1000))
    assert call(child, {:ping, 1}) == {:pong, 1}
    assert eventually(fn -> Port.info(child.port, :queue_size) == {:queue_size, 0} end)
    Node.disconnect(child.name)
    assert ending(child) == {[], 0}
  end

  test "is not ended by a stdin that is a file or /dev/null" do
    for file <- ["/dev/null", __ENV__.file] do
      child = start!(stdin: file)
      Process.sleep(100)
      assert call(child, {:ping, file}) == {:pong, file}
      Node.disconnect(child.name)
      assert ending(child) == {[], 0}
    end
  end

  test "takes the cookie from the environment when the argument is -" do
    cookie = Atom.to_string(Node.get_cookie())

    for variable <- ["NODEX_COOKIE", "RELEASE_COOKIE"] do
      child = start!(cookie: "-", env: [{variable, cookie}])
      assert call(child, {:ping, variable}) == {:pong, variable}
      refute File.read!("/proc/#{child.os_pid}/cmdline") =~ cookie
    end
  end

  test "takes the cookie from a file when the argument is -" do
    file = Path.join(System.user_home!(), "a file with a cookie")
    File.write!(file, Atom.to_string(Node.get_cookie()) <> "\n")
    File.chmod!(file, 0o400)
    child = start!(cookie: "-", env: [{"NODEX_COOKIE_FILE", file}])
    assert call(child, {:ping, 1}) == {:pong, 1}
  end
end
