ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule LinkTest do
  use ExUnit.Case
  import NodeUnderTest

  test "exits with 0 when the host disconnects" do
    child = start!()
    assert Node.connect(child.name) == true
    Node.monitor(child.name, true)
    assert Node.disconnect(child.name) == true
    assert ending(child) == {[], 0}
    assert reply() == {:nodedown, child.name}
  end

  test "exits with 0 when the host is killed" do
    host = other_host!()
    child = start!(tname: host.name)
    signal(host, "KILL")
    assert ending(child) == {[], 0}
  end

  test "exits with 0 when the host stops" do
    host = other_host!()
    child = start!(tname: host.name)
    :peer.stop(host.peer)
    assert ending(child) == {[], 0}
  end

  test "exits with 0 when the host goes away while answers are on their way" do
    host = other_host!()
    child = start!(tname: host.name)
    message = {:ping, :binary.copy(<<0>>, 1_000_000)}
    destination = {:nobody, child.name}
    # Sent from one process of the other host, which is killed before it reads what comes back.
    for _ <- 1..20, do: :peer.call(host.peer, :erlang, :send, [destination, message])
    signal(host, "KILL")
    assert ending(child) == {[], 0}
  end

  test "shows as nodedown when it is killed" do
    child = start!()
    Node.monitor(child.name, true)
    signal(child, "KILL")
    assert reply() == {:nodedown, child.name}
    assert ending(child) == {[], 128 + 9}
  end

  test "ends at a SIGTERM" do
    child = start!()
    Node.monitor(child.name, true)
    signal(child, "TERM")
    assert reply() == {:nodedown, child.name}
    assert {[], _status} = ending(child)
  end

  test "keeps an idle link alive with ticks" do
    host = other_host!(['-kernel', 'net_ticktime', '4'])
    child = start!(tname: host.name)
    # Twice the time after which a silent node is given up.
    Process.sleep(9_000)
    assert :peer.call(host.peer, :erlang, :nodes, [:hidden]) == [child.name]
    :peer.stop(host.peer)
    assert ending(child) == {[], 0}
  end

  test "starts again under the same name at once" do
    for _ <- 1..10 do
      child = start!(sname: "again")
      assert call(child, {:ping, 1}) == {:pong, 1}
      Node.monitor(child.name, true)
      signal(child, "KILL")
      assert reply() == {:nodedown, child.name}
      ending(child)
    end
  end
end
