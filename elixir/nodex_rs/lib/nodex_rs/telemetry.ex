defmodule NodexRs.Telemetry do
  @moduledoc false
  # Whoever has attached a handler has loaded the module; so nothing is lost by not loading it here.

  @spec execute([atom], map, map) :: :ok
  def execute(event, measurements, metadata) do
    if :erlang.function_exported(:telemetry, :execute, 3) do
      # Not a literal call: the compiler is not to look for a module that need not be there.
      apply(:telemetry, :execute, [[:nodex_rs | event], measurements, metadata])
    end

    :ok
  end
end
