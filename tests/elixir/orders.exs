ExUnit.start()
Code.require_file("node_under_test.exs", __DIR__)

defmodule Shop.Order do
  defstruct [:customer, :note, items: [], express: false]
end

defmodule OrdersTest do
  use ExUnit.Case
  import NodeUnderTest
  alias Shop.Order

  setup do
    child = start!()
    {:ok, server: {:orders, child.name}}
  end

  test "an Elixir struct goes there and comes back", %{server: server} do
    order = %Order{customer: "ada", items: [{"book", 2}, {"pen", 5}], note: "größer"}
    assert GenServer.call(server, {:place, order, {:card, "4711"}}) == {:ok, 1}
    assert GenServer.call(server, {:get, 1}) == {:ok, order}
    assert GenServer.call(server, {:status, 1}) == {:ok, {:paid, 7}}
  end

  test "the variants of an enum are atoms and tagged tuples", %{server: server} do
    order = %Order{customer: "bob", items: [{"book", 1}]}
    assert GenServer.call(server, {:place, order, :cash}) == {:ok, 1}
    assert GenServer.call(server, {:place, order, {:transfer, %{iban: "DE00"}}}) == {:ok, 2}
    assert GenServer.call(server, {:status, 1}) == {:ok, :open}
    assert GenServer.call(server, {:status, 2}) == {:ok, {:paid, 1}}
  end

  test "errors are data", %{server: server} do
    assert GenServer.call(server, {:status, 7}) == {:error, {:unknown_order, 7}}
    assert GenServer.call(server, {:place, %Order{customer: "c"}, :cash}) == {:error, :empty}
    many = %Order{customer: "c", items: [{"pin", 101}]}
    assert GenServer.call(server, {:place, many, :cash}) == {:error, {:too_many, %{item: "pin", limit: 100}}}
  end

  test "a record", %{server: server} do
    assert GenServer.call(server, :totals) == {:totals, 0, 0}
    for n <- 1..3, do: GenServer.call(server, {:place, %Order{customer: "d", items: [{"x", n}]}, :cash})
    assert GenServer.call(server, :totals) == {:totals, 3, 6}
  end

  test "what is wrong with an argument is said with its path", %{server: server} do
    message = fn request ->
      {:error, {:badarg, message}} = GenServer.call(server, request)
      message
    end

    wrong_item = %Order{customer: "e", items: [{"book", 1}, {"pen", -5}]}
    text = message.({:place, wrong_item, :cash})
    assert text =~ "place: argument 1"
    assert text =~ "items"
    assert text =~ "element 2"

    assert message.({:place, %Order{customer: nil, items: []}, :cash}) =~ "customer"
    assert message.({:place, %{customer: "no struct"}, :cash}) =~ "argument 1"
    assert message.({:place, %URI{}, :cash}) =~ "Shop.Order"
    assert message.({:place, %Order{customer: "f", items: []}, :cheque}) =~ "argument 2"
  end
end
