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
    kept = String.duplicate("a", 7_680)
    assert line == kept <> " (#{100 * 65_536 - 7_680} bytes left out)"
    assert {[line], lines} = Lines.take(lines, "end\nb")
    assert line == kept <> " (#{100 * 65_536 - 7_680 + 3} bytes left out)"
    assert {["b"], _} = Lines.take(lines, "\n")
    line = kept <> " (#{65_536 - 7_680} bytes left out)"
    assert {["b", ^line], _} = take(["b\n" <> String.duplicate("a", 65_536) <> "\n"])
  end

  test "what is no text is shown as what it is" do
    {lines, _} = take([<<"a", 255, "b\n">>, "\e[31mred\ngr\u00fcn\nend\r\n"])
    assert Enum.map(lines, &Lines.printable/1) == ["a\\xFFb", "\\e[31mred", "gr\u00fcn", "end"]
  end

  test "what acts on a terminal or hides is written out" do
    for {line, shown} <- [
          {"over\rwritten", "over\\rwritten"},
          {"\u202egnp.exe\u2066", "\\x{202E}gnp.exe\\x{2066}"},
          {"a\u2028b\u200bc\u00add", "a\\x{2028}b\\x{200B}c\\x{AD}d"},
          {"\u009b2J\a\b\x7f", "\\x9B2J\\a\\b\\d"},
          {"\ufe0f\u061c\u{e0041}", "\\x{FE0F}\\x{61C}\\x{E0041}"},
          {"a\tb é漢 \"c\\d\"", "a\tb é漢 \"c\\d\""}
        ] do
      assert Lines.printable(line) == shown
    end
  end
end
