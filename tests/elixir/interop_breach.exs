# A BEAM that breaks the protocol: it writes to the socket of its connection with a node, past all that distribution does.
# The argument is the name of the node.
ExUnit.start()
Code.require_file("eventually.ex", __DIR__)

defmodule InteropBreachTest do
  use ExUnit.Case
  import NodexRs.Eventually
  @name String.to_atom(hd(System.argv()))

  test "the node ends the connection" do
    assert eventually(fn -> @name in Node.list(:connected) end)
    Node.monitor(@name, true)
    {@name, port} = List.keyfind(:erlang.system_info(:dist_ctrl), @name, 0)
    true = :erlang.port_command(port, <<112, 131, 97, 1>>)
    assert_receive {:nodedown, @name}, 30_000
  end
end
