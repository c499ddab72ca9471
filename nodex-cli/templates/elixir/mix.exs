defmodule {{module}}.MixProject do
  use Mix.Project

  def project do
    [
      app: :{{app}},
      version: "0.1.0",
      elixir: "~> 1.14",
      # The first one builds native/{{name}} with cargo, and puts the node into priv/nodes.
      compilers: [:nodex_rs] ++ Mix.compilers(),
      start_permanent: Mix.env() == :prod,
      deps: deps()
    ]
  end

  def application do
    [
      extra_applications: [:logger],
      mod: {{{module}}.Application, []}
    ]
  end

  defp deps do
    [
      {:nodex_rs, {{dependency}}}
    ]
  end
end
