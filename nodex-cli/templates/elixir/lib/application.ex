defmodule {{module}}.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    children = [
      # `distribute` makes this BEAM a node of this machine if it is none yet, as under `mix test`.
      {NodexRs, exec: {:{{app}}, "{{name}}"}, name: {{module}}.Node, distribute: true}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: {{module}}.Supervisor)
  end
end
