defmodule NodexRs.Options do
  @moduledoc false
  # The options of a child, checked where they are written down and not when the child runs.

  @defaults [
    exec: nil,
    name: nil,
    id: nil,
    sname: nil,
    process: nil,
    args: [],
    env: [],
    cd: nil,
    cookie: :environment,
    ready_line: nil,
    ready_timeout: 5_000,
    start_timeout: 60_000,
    grace: 1_000,
    kill_after: 5_000,
    drain: nil,
    log: :info,
    distribute: false,
    restart: :permanent,
    shutdown: nil
  ]

  @levels [:emergency, :alert, :critical, :error, :warning, :notice, :info, :debug, false]

  # What a supervisor waits beyond the times of a stop.
  @margin 5_000

  # What a node may finish in, unless it is killed before that.
  @drain 4_000

  # A node name has at most 255 characters, and a host of at least one follows.
  @longest_sname 253

  # What a BEAM can be called.
  @sname ~r/\A[A-Za-z0-9_-]+\z/
  @allowed "letters A-Z and a-z, digits, _ and -, at most #{@longest_sname}"

  # What is in the environment may be secret, and states are logged when a child fails.
  @derive {Inspect, except: [:env]}
  defstruct @defaults

  @type t :: %__MODULE__{}

  @spec new!(keyword) :: t
  def new!(options) do
    unless Keyword.keyword?(options), do: bad!("options", options, "a keyword list")

    case Keyword.keys(options) -- Keyword.keys(@defaults) do
      [] -> :ok
      unknown -> raise ArgumentError, "NodexRs has no option #{Enum.map_join(unknown, ", ", &inspect/1)}"
    end

    __MODULE__ |> struct!(options) |> check() |> complete()
  end

  defp complete(%{exec: exec} = options) do
    file =
      case exec do
        {app, name} when is_atom(app) and is_binary(name) -> name
        path when is_binary(path) and path != "" -> Path.basename(path)
        nil -> raise ArgumentError, "NodexRs needs the option :exec, the path of a node executable"
        other -> bad!(:exec, other, "a path or {app, name}")
      end

    sname = to_string(options.sname || Path.basename(file))

    cond do
      sname =~ @sname and byte_size(sname) <= @longest_sname ->
        :ok

      options.sname == nil ->
        raise ArgumentError,
              "NodexRs option :exec is #{inspect(exec)}, and #{inspect(sname)} is no name for a node: " <>
                "give it one with :sname, of #{@allowed}"

      true ->
        bad!(:sname, options.sname, @allowed)
    end

    %{
      options
      | sname: sname,
        # The programmer's own names, so this makes no more atoms than there are nodes in the program.
        process: options.process || String.to_atom(sname),
        id: options.id || options.name || {NodexRs, sname},
        shutdown: options.shutdown || options.grace + options.kill_after + @margin,
        drain: options.drain || min(@drain, div((options.grace + options.kill_after) * 4, 5))
    }
  end

  defp check(options) do
    for key <- [:ready_timeout, :start_timeout],
        do: check!(options, key, &(is_integer(&1) and &1 > 0), "a positive integer")

    for key <- [:grace, :kill_after],
        do: check!(options, key, &(is_integer(&1) and &1 >= 0), "an integer from 0")

    stopped_after = options.grace + options.kill_after

    check!(
      options,
      :drain,
      &(is_nil(&1) or (is_integer(&1) and &1 >= 0 and &1 < stopped_after)),
      "an integer from 0 and less than :grace and :kill_after together, which are #{stopped_after}"
    )

    check!(options, :process, &is_atom/1, "an atom")
    check!(options, :cookie, &(&1 in [:environment, :argument]), ":environment or :argument")
    check!(options, :log, &(&1 in @levels), "a level of Logger or false")
    check!(options, :sname, &(is_atom(&1) or is_binary(&1)), @allowed)
    check!(options, :process, &is_atom/1, "an atom")

    check!(
      options,
      :distribute,
      &(is_boolean(&1) or (is_atom(&1) and Atom.to_string(&1) =~ ~r/\A[A-Za-z0-9_-]+(@[^@\s]+)?\z/)),
      "true, false or the name of a node, of letters A-Z and a-z, digits, _ and - before the @"
    )

    check!(options, :ready_line, &(is_nil(&1) or is_binary(&1)), "a string")
    check!(options, :args, &(is_list(&1) and Enum.all?(&1, fn arg -> text?(arg) end)), "a list of strings")
    check!(options, :cd, &(is_nil(&1) or text?(&1)), "a path")

    check!(
      options,
      :restart,
      &(&1 in [:permanent, :transient, :temporary]),
      ":permanent, :transient or :temporary"
    )

    # Its values may be secret.
    unless (is_list(options.env) or is_map(options.env)) and Enum.all?(options.env, &variable?/1) do
      raise ArgumentError,
            "NodexRs option :env is expected to be pairs of strings in UTF-8, names without =#{wrong(options.env)}"
    end

    options
  end

  # The operating system ends texts at the first 0.
  defp text?(value), do: is_binary(value) and not String.contains?(value, <<0>>)

  # Where the name of a variable ends, its value begins.
  defp variable?({name, value}) do
    text?(name) and text?(value) and String.valid?(name) and String.valid?(value) and name != "" and
      not String.contains?(name, "=")
  end

  defp variable?(_), do: false

  defp wrong(env) when is_list(env) or is_map(env) do
    case Enum.find(env, &(not variable?(&1))) do
      {name, _} -> ", but #{inspect(name)} has a name or a value that is not"
      other -> ", but #{inspect(other)} is not"
    end
  end

  defp wrong(env), do: ", but it is #{inspect(env)}"

  defp check!(options, key, valid?, expected) do
    value = Map.fetch!(options, key)
    unless valid?.(value), do: bad!(key, value, expected)
  end

  defp bad!(key, value, expected) do
    raise ArgumentError, "NodexRs option #{inspect(key)} is #{inspect(value)}, expected #{expected}"
  end
end
