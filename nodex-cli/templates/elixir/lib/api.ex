defmodule {{module}} do
  @moduledoc """
  What the Rust node in `native/{{name}}` does, as functions.
  """

  @doc "Greets somebody."
  @spec hello(String.t()) :: String.t()
  def hello(name), do: NodexRs.call({{module}}.Node, {:hello, name})

  @doc "How many were greeted since the node was started."
  @spec greeted() :: non_neg_integer
  def greeted, do: NodexRs.call({{module}}.Node, :greeted)

  @doc "Divides integers."
  @spec divide(integer, integer) :: {:ok, integer} | {:error, :division_by_zero}
  def divide(a, b), do: NodexRs.call({{module}}.Node, {:divide, a, b})
end
