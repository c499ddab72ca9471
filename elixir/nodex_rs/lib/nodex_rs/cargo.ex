defmodule NodexRs.Cargo do
  @moduledoc false
  # Runs cargo, shows what it says while it works, and reads the executables and diagnostics out of it.

  alias Mix.Task.Compiler.Diagnostic
  alias NodexRs.Json

  @type result :: {:ok | :error, [Path.t()], [Diagnostic.t()]}

  @doc "Builds the executables of the crate in a folder."
  @spec build(Path.t(), [String.t()], [{String.t(), String.t()}]) :: result
  def build(crate, args, env) do
    # Diagnostics of the compiler in JSON on stdout, what cargo itself has to say as text on stderr.
    case run(crate, ["build", "--bins", "--message-format=json" | args], env) do
      {:error, reason} ->
        {:error, [], [diagnostic(:error, "cargo cannot be run: #{reason}", crate)]}

      {status, said} ->
        {messages, lines} = Enum.split_with(said, &is_map/1)
        diagnostics = Enum.flat_map(messages, &of_compiler(&1, crate)) ++ of_cargo(lines, crate)

        cond do
          status == 0 ->
            {:ok, executables(messages), diagnostics}

          Enum.any?(diagnostics, &(&1.severity == :error)) ->
            {:error, [], diagnostics}

          true ->
            {:error, [], [diagnostic(:error, "cargo exited with status #{status}", crate) | diagnostics]}
        end
    end
  end

  @doc "The folder of the workspace that a crate belongs to, and the names of the crates in it."
  @spec workspace(Path.t(), [{String.t(), String.t()}]) :: {:ok, Path.t(), [String.t()]} | :error
  def workspace(crate, env) do
    with {0, said} <- run(crate, ["metadata", "--no-deps", "--format-version=1"], env, fn _ -> :ok end),
         %{"workspace_root" => root, "packages" => packages} <- Enum.find(said, &is_map/1) do
      {:ok, root, for(%{"name" => name} <- packages, do: name)}
    else
      # A build tells what is wrong.
      _ -> :error
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

  defp run(crate, args, env, show \\ &show/1) do
    case System.find_executable("cargo") do
      nil ->
        {:error, "it is not in PATH, and the nodes of this project are written in Rust"}

      cargo ->
        env = for {name, value} <- env, do: {to_charlist(name), to_charlist(value)}
        settings = [:binary, :exit_status, :stderr_to_stdout, :hide, args: args, cd: crate, env: env]
        port = Port.open({:spawn_executable, cargo}, settings)
        read(port, "", [], show)
    end
  end

  defp read(port, part, said, show) do
    receive do
      {^port, {:data, bytes}} ->
        {ended, [part]} = (part <> bytes) |> String.split("\n") |> Enum.split(-1)
        ended = Enum.map(ended, &parse/1)
        Enum.each(ended, show)
        read(port, part, Enum.reverse(ended, said), show)

      {^port, {:exit_status, status}} ->
        {status, Enum.reverse(if part == "", do: said, else: [parse(part) | said])}
    end
  end

  # A message for programs, or a line for people.
  defp parse("{" <> _ = line) do
    case Json.decode(line) do
      {:ok, message} -> message
      :error -> line
    end
  end

  defp parse(line), do: line

  # Not what is of no interest when all is well: that it is done, and most messages for programs.
  defp show(%{"reason" => "compiler-message", "message" => %{"rendered" => text}}) when is_binary(text) do
    Mix.shell().info(String.trim_trailing(text, "\n"))
  end

  defp show(%{}), do: :ok
  defp show(line), do: unless(plain(line) =~ ~r/^ *Finished /, do: Mix.shell().info(line))

  # Whoever wants colours everywhere gets them, though this is no terminal.
  defp plain(line), do: Regex.replace(~r/\e\[[0-9;]*m/, line, "")

  defp executables(messages) do
    for %{"reason" => "compiler-artifact", "executable" => path} <- messages,
        is_binary(path),
        uniq: true,
        do: path
  end

  defp of_compiler(%{"reason" => "compiler-message", "message" => %{"level" => level} = message}, crate) do
    spans = List.wrap(message["spans"])

    cond do
      not (level =~ ~r/^(error|warning)/) -> []
      # What the compiler says at the end about all that went before.
      spans == [] and message["message"] =~ ~r/^aborting due to|warnings? emitted$/ -> []
      true -> [of_compiler(message, spans, crate)]
    end
  end

  defp of_compiler(_message, _crate), do: []

  defp of_compiler(message, spans, crate) do
    severity = if message["level"] == "warning", do: :warning, else: :error
    text = String.trim_trailing(message["rendered"] || message["message"], "\n")

    case Enum.find(spans, & &1["is_primary"]) do
      nil ->
        diagnostic(severity, text, crate)

      span ->
        diagnostic(severity, text, find(span["file_name"], crate), {span["line_start"], span["column_start"]})
    end
  end

  # A diagnostic of cargo itself begins with its severity, and ends with an empty line or before what cargo does next:
  #
  #     warning: Cargo.toml: unused manifest key: package.autor
  #        Compiling calc v0.1.0
  defp of_cargo(lines, crate) do
    for [first | _] = block <- lines |> Enum.map(&plain/1) |> blocks(),
        [_, severity, title] <- [Regex.run(~r/^(error|warning)(?:\[\w+\])?: (.*)$/, first)],
        # What it says at the end about all that went before.
        not (title =~ ~r/generated \d+ warning|^could not compile/) do
      {file, position} = place(block, crate)
      diagnostic(String.to_existing_atom(severity), Enum.join(block, "\n"), file, position)
    end
  end

  defp blocks(lines) do
    lines |> Enum.chunk_by(&(&1 == "")) |> Enum.reject(&match?(["" | _], &1)) |> Enum.flat_map(&begin_again/1)
  end

  defp begin_again(lines) do
    Enum.chunk_while(
      lines,
      [],
      fn line, block ->
        if block != [] and line =~ ~r/^(error|warning)(\[\w+\])?: |^ *[A-Z][a-z]+ /,
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
