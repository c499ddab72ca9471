defmodule NodexRs.Eventually do
  @moduledoc """
  A way to wait for what nobody tells. It stands alone and keeps to what Elixir 1.10 knows: the scripts in `tests/elixir`
  of the repository have it from here as well.
  """

  # Generous: what is waited for takes milliseconds, but the machine may be busy with others.
  @deadline 60_000

  @doc "Polls until a condition holds; false if it never does."
  def eventually(condition, left \\ @deadline) do
    cond do
      condition.() ->
        true

      left <= 0 ->
        false

      true ->
        Process.sleep(10)
        eventually(condition, left - 10)
    end
  end
end
