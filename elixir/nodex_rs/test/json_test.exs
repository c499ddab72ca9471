defmodule NodexRs.JsonTest do
  use ExUnit.Case, async: true
  alias NodexRs.Json

  test "values" do
    text = ~S( {"a" : [1, -2.5e1, true,false , null, []], "b\n\"\\\/\u00fc\ud83d\ude00": {}} )

    assert Json.decode(text) ==
             {:ok, %{"a" => [1, -25.0, true, false, nil, []], "b\n\"\\/\u00fc\u{1F600}" => %{}}}

    assert Json.decode(~S("\ud800x gr) <> "\u00fcn\"") == {:ok, "\uFFFDx gr\u00fcn"}
  end

  test "what is none" do
    for text <- [
          "",
          "{",
          ~S({"a"}),
          ~S({"a":1),
          "[1,",
          "[1 2]",
          "1 2",
          ~S("a),
          ~S("\u12"),
          "{1:2}",
          "nul",
          "\e[1m"
        ] do
      assert Json.decode(text) == :error, text
    end
  end
end
