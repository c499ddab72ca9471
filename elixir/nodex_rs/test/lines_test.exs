defmodule NodexRs.LinesTest do
  use ExUnit.Case, async: true
  alias NodexRs.Lines

  defp take(pieces) do
    Enum.reduce(pieces, {[], %Lines{}}, fn piece, {all, lines} ->
      {ended, lines} = Lines.take(lines, piece)
      {all ++ ended, lines}
    end)
  end

  test "lines are made of pieces" do
    assert {["abc", "d", "", "e"], lines} = take(["a", "b", "c\nd\n\ne", "\n", "f"])
    assert Lines.last(lines) == ["abc", "d", "", "e", "f"]
    assert Lines.last(Lines.forget(lines)) == ["f"]
  end

  test "the last ones are kept" do
    {_, lines} = take([Enum.map_join(1..50, &"#{&1}\n")] ++ for(i <- 51..100, do: "#{i}\n"))
    assert Lines.last(lines) == for(i <- 81..100, do: "#{i}")
  end

  test "a line without end does not fill the memory" do
    {[], lines} = take(List.duplicate(String.duplicate("a", 65_536), 100))
    assert [line] = Lines.last(lines)
    assert byte_size(line) == 16_384
    assert {[^line], _} = Lines.take(lines, "end\n")
    assert {["b", ^line], _} = take(["b\n" <> String.duplicate("a", 65_536) <> "\n"])
  end

  test "what is no text is shown as what it is" do
    assert {["a\\xFFb", "\\e[31mred", "gr\u00fcn", "end"], _} =
             take([<<"a", 255, "b\n">>, "\e[31mred\ngr\u00fcn\nend\r\n"])
  end
end
