defmodule NodexRs.Project do
  @moduledoc """
  A mix project in a folder of a test, with this package and nothing else, and `mix` in it.
  """
  import ExUnit.Assertions

  # Of whoever runs the tests, not for the project under test.
  @foreign ~w(MIX_ENV MIX_BUILD_PATH MIX_TARGET CARGO_TARGET_DIR ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ELIXIR_ERL_OPTIONS)

  @doc "Writes the project `shop`; with more lines for its `project/0`."
  def new(folder, lines \\ "") do
    write(folder, "mix.exs", """
    defmodule Shop.MixProject do
      use Mix.Project

      def project do
        [
          app: :shop,
          version: "0.1.0",
          #{lines}
          deps: [{:nodex_rs, path: #{inspect(Path.expand("../..", __DIR__))}}]
        ]
      end

      def application do
        if File.read!("lib/shop.ex") =~ "use Application",
          do: [mod: {Shop, []}, extra_applications: [:logger]],
          else: [extra_applications: [:logger]]
      end
    end
    """)

    folder
  end

  def write(folder, file, text) do
    path = Path.join(folder, file)
    File.mkdir_p!(Path.dirname(path))
    File.write!(path, text)
    path
  end

  @doc "Runs `mix` in the project; gives its output and status."
  def mix(folder, args, env \\ []), do: run("mix", args, folder, env)

  @doc "The same, and it has to succeed."
  def mix!(folder, args, env \\ []) do
    {output, status} = mix(folder, args, env)
    assert status == 0, "mix #{Enum.join(args, " ")}\n#{output}"
    output
  end

  def run(program, args, folder, env \\ []) do
    without = for name <- @foreign, do: {name, nil}
    System.cmd(program, args, cd: folder, env: without ++ env, stderr_to_stdout: true)
  end
end
