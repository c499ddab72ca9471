defmodule NodexRs.MixProject do
  use Mix.Project

  def project do
    [
      app: :nodex_rs,
      version: "0.1.0",
      elixir: "~> 1.14",
      description: "Rust nodes as supervised children of an Elixir application",
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      deps: []
    ]
  end

  def application do
    [extra_applications: [:logger]]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]
end
