defmodule NodexRs.Json do
  @moduledoc false
  # Reads JSON (RFC 8259) as cargo writes it. Elixir has a reader of its own from 1.18 on, and this package needs no other.

  @doc "The value of a text: maps with strings as keys, lists, strings, numbers, booleans, nil."
  @spec decode(binary) :: {:ok, term} | :error
  def decode(text) do
    with {value, rest} <- value(skip(text)), "" <- skip(rest), do: {:ok, value}, else: (_ -> :error)
  catch
    :no_json -> :error
  end

  defp skip(<<space, rest::binary>>) when space in [?\s, ?\t, ?\n, ?\r], do: skip(rest)
  defp skip(rest), do: rest

  defp value("{" <> rest), do: object(skip(rest), [])
  defp value("[" <> rest), do: array(skip(rest), [])
  defp value("\"" <> rest), do: string(rest, rest, 0, [])
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("null" <> rest), do: {nil, rest}

  defp value(rest) do
    case Regex.run(~r/\A-?\d+(\.\d+)?([eE][+-]?\d+)?/, rest) do
      nil -> throw(:no_json)
      [number] -> {String.to_integer(number), after_it(rest, number)}
      [number | _] -> {number |> Float.parse() |> elem(0), after_it(rest, number)}
    end
  end

  defp after_it(rest, number), do: binary_part(rest, byte_size(number), byte_size(rest) - byte_size(number))

  defp object("}" <> rest, pairs), do: {Map.new(pairs), rest}

  defp object("\"" <> rest, pairs) do
    {key, rest} = string(rest, rest, 0, [])

    with ":" <> rest <- skip(rest), {value, rest} <- value(skip(rest)) do
      pairs = [{key, value} | pairs]

      case skip(rest) do
        "," <> rest -> object(skip(rest), pairs)
        "}" <> rest -> {Map.new(pairs), rest}
        _ -> throw(:no_json)
      end
    else
      _ -> throw(:no_json)
    end
  end

  defp object(_, _), do: throw(:no_json)

  defp array("]" <> rest, values), do: {Enum.reverse(values), rest}

  defp array(rest, values) do
    {value, rest} = value(rest)

    case skip(rest) do
      "," <> rest -> array(skip(rest), [value | values])
      "]" <> rest -> {Enum.reverse([value | values]), rest}
      _ -> throw(:no_json)
    end
  end

  # `text` is where the part without escapes begins that has `length` bytes so far.
  defp string(text, "\"" <> rest, length, parts) do
    {IO.iodata_to_binary([parts | binary_part(text, 0, length)]), rest}
  end

  defp string(text, "\\u" <> rest, length, parts) do
    {code, rest} = code(rest)
    string(rest, rest, 0, [parts, binary_part(text, 0, length) | code])
  end

  defp string(text, <<?\\, escape, rest::binary>>, length, parts) do
    byte =
      case escape do
        ?n -> ?\n
        ?t -> ?\t
        ?r -> ?\r
        ?b -> ?\b
        ?f -> ?\f
        _ -> escape
      end

    string(rest, rest, 0, [parts, binary_part(text, 0, length), byte])
  end

  defp string(text, <<_, rest::binary>>, length, parts), do: string(text, rest, length + 1, parts)
  defp string(_, "", _, _), do: throw(:no_json)

  defp code(<<high::binary-4, "\\u", low::binary-4, rest::binary>> = text) do
    case {Integer.parse(high, 16), Integer.parse(low, 16)} do
      {{high, ""}, {low, ""}} when high in 0xD800..0xDBFF and low in 0xDC00..0xDFFF ->
        {<<0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00::utf8>>, rest}

      _ ->
        one_code(text)
    end
  end

  defp code(text), do: one_code(text)

  defp one_code(<<code::binary-4, rest::binary>>) do
    case Integer.parse(code, 16) do
      {code, ""} when code in 0xD800..0xDFFF -> {"\uFFFD", rest}
      {code, ""} -> {<<code::utf8>>, rest}
      _ -> throw(:no_json)
    end
  end

  defp one_code(_), do: throw(:no_json)
end
