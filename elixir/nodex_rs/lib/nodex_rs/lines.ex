defmodule NodexRs.Lines do
  @moduledoc false
  # What an executable prints: lines made of what a port reads, and the last of them for errors.

  # An executable can print without end: so much is kept of a line, and so many lines.
  @longest 16_384
  @kept 20

  # What can be printed and yet changes the terminal that it is printed to.
  @controls ["\a", "\b", "\d", "\e", "\f", "\v"]

  defstruct part: "", last: []

  @type t :: %__MODULE__{part: binary, last: [String.t()]}

  @doc "Takes what was read; gives the lines that end in it."
  @spec take(t, binary) :: {[String.t()], t}
  def take(lines, bytes) do
    [first | rest] = :binary.split(bytes, "\n", [:global])
    {ended, [part]} = Enum.split([cut(lines.part <> first) | rest], -1)
    ended = Enum.map(ended, &printable/1)
    last = if ended == [], do: lines.last, else: Enum.take(Enum.reverse(ended) ++ lines.last, @kept)
    {ended, %{lines | part: cut(part), last: last}}
  end

  @doc "Forgets the lines that have ended."
  @spec forget(t) :: t
  def forget(lines), do: %{lines | last: []}

  @doc "The last lines, oldest first, the unfinished one included."
  @spec last(t) :: [String.t()]
  def last(%{part: ""} = lines), do: Enum.reverse(lines.last)
  def last(lines), do: lines |> take("\n") |> elem(1) |> last()

  @doc "For the end of a message."
  @spec describe([String.t()]) :: String.t()
  def describe([]), do: ""
  def describe(lines), do: ". It printed:" <> Enum.map_join(lines, &"\n    #{&1}")

  defp cut(line) when byte_size(line) > @longest, do: binary_part(line, 0, @longest)
  defp cut(line), do: line

  # Neither bytes that are no text nor escapes for the terminal get into a log.
  defp printable(line) do
    line = line |> cut() |> String.trim_trailing("\r")

    if String.printable?(line) and not String.contains?(line, @controls) do
      line
    else
      line |> inspect(binaries: :as_strings, printable_limit: :infinity) |> String.slice(1..-2//1)
    end
  end
end
