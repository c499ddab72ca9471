defmodule NodexRs.Cargo do
  @moduledoc false
  # Runs cargo, shows what it says while it works, and reads the executables and diagnostics out of it.

  alias Mix.Task.Compiler.Diagnostic

  @type result :: {:ok | :error, [Path.t()], [Diagnostic.t()]}

  @doc "Builds the executables of the crate in a folder."
  @spec build(Path.t(), [String.t()], [{String.t(), String.t()}]) :: result
  def build(crate, args, env) do
    # Diagnostics as people read them on stderr, everything else in JSON on stdout.
    case run(crate, ["build", "--bins", "--message-format=json-render-diagnostics" | args], env) do
      {:error, reason} ->
        {:error, [], [diagnostic(:error, "cargo cannot be run: #{reason}", crate)]}

      {status, lines} ->
        {json, said} = Enum.split_with(lines, &String.starts_with?(&1, "{"))
        diagnostics = diagnostics(said, crate)

        cond do
          status == 0 ->
            {:ok, executables(json), diagnostics}

          Enum.any?(diagnostics, &(&1.severity == :error)) ->
            {:error, [], diagnostics}

          true ->
            {:error, [], [diagnostic(:error, "cargo exited with status #{status}", crate) | diagnostics]}
        end
    end
  end

  @doc "Removes what a build with these arguments has made."
  @spec clean(Path.t(), [String.t()], [{String.t(), String.t()}]) :: :ok
  def clean(crate, args, env) do
    run(crate, ["clean", "--quiet" | args], env)
    :ok
  end

  @doc "An error or a warning about a crate as a whole."
  @spec diagnostic(:error | :warning, String.t(), Path.t()) :: Diagnostic.t()
  def diagnostic(severity, message, crate) do
    diagnostic(severity, message, Path.join(crate, "Cargo.toml"), 0)
  end

  defp diagnostic(severity, message, file, position) do
    %Diagnostic{
      compiler_name: "nodex_rs",
      severity: severity,
      message: message,
      file: file,
      position: position,
      details: nil
    }
  end

  defp run(crate, args, env) do
    case System.find_executable("cargo") do
      nil ->
        {:error, "it is not in PATH, and the nodes of this project are written in Rust"}

      cargo ->
        env = for {name, value} <- env, do: {to_charlist(name), to_charlist(value)}
        settings = [:binary, :exit_status, :stderr_to_stdout, :hide, args: args, cd: crate, env: env]
        port = Port.open({:spawn_executable, cargo}, settings)
        read(port, "", [])
    end
  end

  defp read(port, part, lines) do
    receive do
      {^port, {:data, bytes}} ->
        {ended, [part]} = (part <> bytes) |> String.split("\n") |> Enum.split(-1)
        Enum.each(ended, &show/1)
        read(port, part, Enum.reverse(ended, lines))

      {^port, {:exit_status, status}} ->
        {status, Enum.reverse(if part == "", do: lines, else: [part | lines])}
    end
  end

  # What is of no interest when all is well: that it is done, and the messages for programs.
  defp show("{" <> _), do: :ok
  defp show("    Finished " <> _), do: :ok
  defp show(line), do: Mix.shell().info(line)

  # `"executable":"<path>"` in the message about something that was built. Within a string, these quotes would have
  # backslashes.
  defp executables(lines) do
    for line <- lines, [_, path] <- Regex.scan(~r/"executable":"((?:[^"\\]|\\.)*)"/, line), uniq: true do
      unescape(path)
    end
  end

  defp unescape(path) do
    Regex.replace(~r/\\(?:u([0-9a-fA-F]{4})|(.))/, path, fn
      _, "", character -> character
      _, code, _ -> <<String.to_integer(code, 16)::utf8>>
    end)
  end

  # A diagnostic begins with its severity and ends with an empty line; its second line is the place:
  #
  #     error[E0308]: mismatched types
  #      --> src/main.rs:4:5
  defp diagnostics(lines, crate) do
    for [first | _] = block <- blocks(lines),
        [_, severity, title] <- [Regex.run(~r/^(error|warning)(?:\[\w+\])?: (.*)$/, first)],
        # What the compiler says at the end about all that went before.
        not (title =~ ~r/generated \d+ warning|^could not compile|^aborting due to/) do
      {file, position} = place(block, crate)
      diagnostic(String.to_existing_atom(severity), Enum.join(block, "\n"), file, position)
    end
  end

  defp blocks(lines) do
    lines |> Enum.chunk_by(&(&1 == "")) |> Enum.reject(&match?(["" | _], &1)) |> Enum.flat_map(&begin_again/1)
  end

  # Lines of cargo's own may stand in front of a diagnostic without an empty line between them.
  defp begin_again(lines) do
    Enum.chunk_while(
      lines,
      [],
      fn line, block ->
        if block != [] and line =~ ~r/^(error|warning)(\[\w+\])?: /,
          do: {:cont, Enum.reverse(block), [line]},
          else: {:cont, [line | block]}
      end,
      fn block -> {:cont, Enum.reverse(block), []} end
    )
  end

  defp place(block, crate) do
    case Enum.find_value(block, &Regex.run(~r/^\s*--> (.+):(\d+):(\d+)$/, &1)) do
      [_, file, line, column] -> {find(file, crate), {String.to_integer(line), String.to_integer(column)}}
      nil -> {Path.join(crate, "Cargo.toml"), 0}
    end
  end

  # Paths are relative to the workspace, which may be a folder above the crate.
  defp find(file, folder) do
    path = Path.expand(file, folder)
    parent = Path.dirname(folder)

    cond do
      File.exists?(path) -> path
      parent == folder -> file
      true -> find(file, parent)
    end
  end
end
