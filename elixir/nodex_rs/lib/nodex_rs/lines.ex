defmodule NodexRs.Lines do
  @moduledoc false
  # What an executable prints: lines made of what a port reads, and the last of them for errors.

  # An executable can print without end: so much is kept of a line, and so many lines. Logger cuts off at 8,096 bytes.
  @longest 7_680
  @kept 20

  # What Elixir takes for printable, and yet acts on the terminal, changes the direction of text or does not show.
  @hidden ~r/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2060}-\x{206F}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}\x{FFF0}-\x{FFFB}\x{E0000}-\x{E0FFF}]/u

  # The unfinished line, how many of its bytes are not kept, and the last lines as they came, last first.
  defstruct part: "", over: 0, last: []

  @type t :: %__MODULE__{part: binary, over: non_neg_integer, last: [binary]}

  @doc """
  Takes what was read; gives the lines that end in it, as they are. `printable/1` is for people.
  """
  @spec take(t, binary) :: {[binary], t}
  def take(lines, bytes) do
    case :binary.split(bytes, "\n", [:global]) do
      [part] ->
        {[], add(lines, part)}

      [first | rest] ->
        {ended, [part]} = Enum.split(rest, -1)
        ended = [end_of(add(lines, first)) | Enum.map(ended, &end_of(add(%{lines | part: "", over: 0}, &1)))]
        last = Enum.take(Enum.reverse(ended) ++ lines.last, @kept)
        {ended, add(%{lines | part: "", over: 0, last: last}, part)}
    end
  end

  defp add(lines, bytes) do
    room = @longest - byte_size(lines.part)

    case bytes do
      "" ->
        lines

      <<kept::binary-size(room), left::binary>> ->
        # Copied, or it would keep all that was read with it.
        %{lines | part: lines.part <> :binary.copy(kept), over: lines.over + byte_size(left)}

      _ ->
        %{lines | part: lines.part <> :binary.copy(bytes)}
    end
  end

  defp end_of(%{part: part, over: 0}), do: String.trim_trailing(part, "\r")
  defp end_of(%{part: part, over: over}), do: part <> " (#{over} bytes left out)"

  @doc "Forgets the lines that have ended."
  @spec forget(t) :: t
  def forget(lines), do: %{lines | last: []}

  @doc "The last lines, oldest first, the unfinished one included, for people."
  @spec last(t) :: [String.t()]
  def last(%{part: ""} = lines), do: lines.last |> Enum.reverse() |> Enum.map(&printable/1)
  def last(lines), do: lines |> take("\n") |> elem(1) |> last()

  @doc "For the end of a message."
  @spec describe([String.t()]) :: String.t()
  def describe([]), do: ""
  def describe(lines), do: ". It printed:" <> Enum.map_join(lines, &"\n    #{&1}")

  @doc "Neither bytes that are no text nor anything that acts on a terminal or does not show get into a log; tabs do."
  @spec printable(binary) :: String.t()
  def printable(line) do
    if String.printable?(line) and not hidden?(line) do
      line
    else
      line |> String.chunk(:valid) |> Enum.map_join(&written_out/1)
    end
  end

  defp written_out(chunk) do
    if String.valid?(chunk),
      do: @hidden |> Regex.split(chunk, include_captures: true) |> Enum.map_join(&piece/1),
      else: inspected(chunk)
  end

  # Not by `inspect`, which writes these in another way in each release.
  defp piece(<<code::utf8>> = character) when code >= 0x80 do
    cond do
      not hidden?(character) -> inspected(character)
      code < 0xA0 -> "\\x#{Integer.to_string(code, 16)}"
      true -> "\\x{#{Integer.to_string(code, 16)}}"
    end
  end

  defp piece(text), do: inspected(text)

  # Without the quotes, which may make one character with what is beside them.
  defp inspected(text) do
    shown = inspect(text, binaries: :as_strings, printable_limit: :infinity)
    binary_part(shown, 1, byte_size(shown) - 2)
  end

  defp hidden?(line), do: line |> String.replace("\t", " ") |> String.match?(@hidden)
end
