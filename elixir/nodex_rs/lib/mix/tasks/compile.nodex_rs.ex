defmodule Mix.Tasks.Compile.NodexRs do
  @shortdoc "Builds the Rust nodes of a project"

  @moduledoc """
  Builds the crates in `native/` with cargo and copies their executables to `priv/nodes`, where
  `{NodexRs, exec: {:app, "name"}}` finds them. Releases include them.

      def project do
        [
          app: :shop,
          compilers: [:nodex_rs] ++ Mix.compilers(),
          ..
        ]
      end

  cargo decides what to build again. With `MIX_ENV=prod` it builds with `--release`. Its output is in `_build/nodex_rs`, or in
  `CARGO_TARGET_DIR`; all crates, even of several applications, share it with their dependencies. A second crate of the same
  name has a folder of its own there. Add `priv/nodes` to `.gitignore`.

  ## Configuration

  These keys are optional, under the key `:nodex_rs` of the project:

  | key | default | |
  |---|---|---|
  | `:crates` | every folder in `native` with a `Cargo.toml` | The folders of the crates. |
  | `:profile` | `:release` if `MIX_ENV` is `prod`, otherwise `:dev` | The profile of the build. |
  | `:cargo_args` | `[]` | More arguments for `cargo build`, such as `["--locked", "--features", "fast"]`. |
  | `:env` | `[]` | Pairs of strings, added to the environment of cargo. |

  `mix compile --warnings-as-errors` includes the warnings of the Rust compiler. `mix clean` removes the executables and the
  output of cargo.
  """

  use Mix.Task.Compiler

  alias NodexRs.Cargo

  @recursive true

  @impl true
  def run(args) do
    {options, _, _} = OptionParser.parse(args, switches: [warnings_as_errors: :boolean])

    case crates() do
      [] ->
        message = "the compiler :nodex_rs is configured, but there is no native/<crate>/Cargo.toml"
        failed([Cargo.diagnostic(:error, message, Path.join(File.cwd!(), "native"))])

      crates ->
        {statuses, executables, diagnostics} = build(crates)

        cond do
          :error in statuses -> failed(diagnostics)
          options[:warnings_as_errors] && diagnostics != [] -> failed(diagnostics)
          true -> install(executables, diagnostics)
        end
    end
  end

  @impl true
  def manifests, do: [manifest()]

  @impl true
  def clean do
    Enum.each(installed(), &File.rm/1)
    File.rm(manifest())
    # A folder that others share is theirs.
    unless target_dir(), do: Enum.each(crates(), &Cargo.clean(&1, clean_args(), env(&1)))
    :ok
  end

  defp build(crates) do
    {statuses, executables, diagnostics} =
      crates |> Enum.map(&Cargo.build(&1, build_args(), env(&1))) |> Enum.reduce({[], [], []}, &add/2)

    case executables -- Enum.uniq_by(executables, &Path.basename/1) do
      [] ->
        {statuses, executables, diagnostics}

      [twice | _] ->
        message = "two executables are called #{Path.basename(twice)}"
        {[:error], [], [Cargo.diagnostic(:error, message, hd(crates)) | diagnostics]}
    end
  end

  defp add({status, executables, diagnostics}, {all_statuses, all_executables, all_diagnostics}) do
    {[status | all_statuses], all_executables ++ executables, all_diagnostics ++ diagnostics}
  end

  # cargo has shown its own already.
  defp failed(diagnostics) do
    for %{position: 0, message: message} <- diagnostics,
        not String.starts_with?(message, ["error", "warning"]) do
      Mix.shell().error("nodex_rs: " <> message)
    end

    {:error, diagnostics}
  end

  defp install(executables, diagnostics) do
    folder = Path.join([Mix.Project.app_path(), "priv", "nodes"])
    File.mkdir_p!(folder)
    targets = for path <- executables, do: {path, Path.join(folder, Path.basename(path))}
    gone = installed() -- Enum.map(targets, &elem(&1, 1))
    Enum.each(gone, &File.rm/1)
    changed = for {source, target} <- targets, copy(source, target), do: target
    File.mkdir_p!(Path.dirname(manifest()))
    File.write!(manifest(), Enum.map(targets, fn {_, target} -> [target, ?\n] end))
    {if(changed == [] and gone == [], do: :noop, else: :ok), diagnostics}
  end

  # Renamed into place, because one that runs cannot be written to.
  defp copy(source, target) do
    if same?(source, target) do
      false
    else
      new = target <> ".new"
      File.cp!(source, new)
      File.rename!(new, target)
      true
    end
  end

  # Times are no help: they have seconds, and an executable is built in less.
  defp same?(source, target) do
    case File.stat(target) do
      {:ok, %{size: size}} -> size == File.stat!(source).size and File.read!(source) == File.read!(target)
      {:error, _} -> false
    end
  end

  defp installed do
    case File.read(manifest()) do
      {:ok, text} -> String.split(text, "\n", trim: true)
      {:error, _} -> []
    end
  end

  defp manifest, do: Path.join(Mix.Project.manifest_path(), "compile.nodex_rs")

  defp crates do
    folders = config()[:crates] || "native/*/Cargo.toml" |> Path.wildcard() |> Enum.map(&Path.dirname/1)
    folders |> Enum.map(&Path.expand/1) |> Enum.sort()
  end

  defp build_args, do: ["--profile", profile() | List.wrap(config()[:cargo_args])]
  defp clean_args, do: ["--profile", profile()]

  defp profile do
    to_string(config()[:profile] || if(Mix.env() == :prod, do: :release, else: :dev))
  end

  # One folder for all environments and all applications of an umbrella, in which they share the crates that they depend
  # on.
  defp env(crate) do
    shared = target_dir() || Mix.Project.build_path() |> Path.dirname() |> Path.join("nodex_rs")
    configured_env() ++ [{"CARGO_TARGET_DIR", shared |> Path.expand(crate) |> place(crate)}]
  end

  # To cargo, two crates that are each a workspace are the same one if their names are: the second would get what was
  # built from the first. So whoever comes first has the shared folder, and the second one of its own.
  defp place(shared, crate) do
    with {:ok, root, names} <- Cargo.workspace(crate, configured_env()),
         false <- Enum.all?(names, &own?(&1, root, shared, crate)) do
      Path.join(
        shared,
        "#{Path.basename(root)}-#{:erlang.phash2(root, 0x1_0000_0000) |> Integer.to_string(16)}"
      )
    else
      _ -> shared
    end
  end

  defp own?(name, root, shared, crate) do
    claim = Path.join([shared, "owners", name])

    case File.read(claim) do
      {:ok, ^root} ->
        true

      {:ok, other} ->
        gone? = not File.dir?(other)

        if gone? do
          Cargo.clean(
            crate,
            ["--package", name | clean_args()],
            configured_env() ++ [{"CARGO_TARGET_DIR", shared}]
          )

          File.write!(claim, root)
        end

        gone?

      {:error, _} ->
        File.mkdir_p!(Path.dirname(claim))
        File.write!(claim, root)
        true
    end
  end

  defp target_dir do
    Map.get(Map.new(configured_env()), "CARGO_TARGET_DIR") || System.get_env("CARGO_TARGET_DIR")
  end

  defp configured_env, do: Enum.to_list(config()[:env] || [])

  defp config, do: Mix.Project.config()[:nodex_rs] || []
end
