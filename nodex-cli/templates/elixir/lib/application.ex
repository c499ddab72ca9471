defmodule {{module}}.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    node = [
      exec: {:{{app}}, "{{name}}"},
      # A release is the node `{{app}}`, so this one has another name.
      sname: "{{name}}_node",
      name: {{module}}.Node,
      # Makes this BEAM a node of this machine if it is none yet, as under `mix test`.
      distribute: true
    ]

    children = [
      {NodexRs, node}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: {{module}}.Supervisor)
  end
end
