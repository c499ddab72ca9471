defmodule Mix.Tasks.Compile.NodexRsTest do
  use ExUnit.Case
  import NodexRs.Project

  @moduletag :cargo
  @moduletag :tmp_dir
  @moduletag timeout: 600_000

  @project "compilers: [:nodex_rs] ++ Mix.compilers(),"

  setup %{tmp_dir: folder} do
    # Not inside of the workspace that this package lies in.
    write(folder, "native/hello/Cargo.toml", """
    [package]
    name = "hello"
    version = "0.1.0"
    edition = "2021"

    [workspace]
    """)

    write(folder, "native/hello/src/main.rs", program("hello"))

    write(
      folder,
      "lib/shop.ex",
      "defmodule Shop do\n  use Application\n  def start(_, _), do: Supervisor.start_link([], strategy: :one_for_one)\nend\n"
    )

    new(folder, @project)
    :ok
  end

  test "builds, builds again what has changed, and cleans up", %{tmp_dir: folder} do
    nodes = Path.join(folder, "_build/dev/lib/shop/priv/nodes")
    output = mix!(folder, ["compile"])
    assert output =~ "Compiling hello v0.1.0"
    refute output =~ "Finished"
    assert say(nodes, "hello") == "hello debug"

    before = File.stat!(Path.join(nodes, "hello"))
    output = mix!(folder, ["compile"])
    assert output == ""
    assert File.stat!(Path.join(nodes, "hello")).inode == before.inode

    write(folder, "native/hello/src/main.rs", program("hello again"))
    touch_later(Path.join(folder, "native/hello/src/main.rs"))
    mix!(folder, ["compile"])
    assert say(nodes, "hello") == "hello again debug"

    # Another executable, and one that is no longer there.
    File.rename!(Path.join(folder, "native/hello/src/main.rs"), Path.join(folder, "other.rs"))
    File.mkdir_p!(Path.join(folder, "native/hello/src/bin"))
    File.rename!(Path.join(folder, "other.rs"), Path.join(folder, "native/hello/src/bin/other.rs"))
    mix!(folder, ["compile"])
    assert File.ls!(nodes) == ["other"]

    mix!(folder, ["compile"], [{"MIX_ENV", "prod"}])
    assert say(String.replace(nodes, "/dev/", "/prod/"), "other") == "hello again release"

    mix!(folder, ["clean"])
    refute File.exists?(Path.join(nodes, "other"))
    refute File.exists?(Path.join(folder, "_build/nodex_rs/debug/other"))
    assert File.exists?(Path.join(folder, "_build/nodex_rs/release/other"))
  end

  test "is a part of a project with a priv of its own", %{tmp_dir: folder} do
    write(folder, "priv/data", "text")
    mix!(folder, ["compile"])
    assert say(Path.join(folder, "priv/nodes"), "hello") == "hello debug"
    # Another profile puts its own there, and back.
    mix!(folder, ["compile"], [{"MIX_ENV", "prod"}])
    assert say(Path.join(folder, "priv/nodes"), "hello") == "hello release"
    mix!(folder, ["compile"])
    assert say(Path.join(folder, "priv/nodes"), "hello") == "hello debug"
  end

  test "an executable that runs is replaced", %{tmp_dir: folder} do
    write(
      folder,
      "native/hello/src/main.rs",
      "fn main() { std::io::stdin().read_line(&mut String::new()).unwrap(); }\n"
    )

    mix!(folder, ["compile"])
    path = Path.join(folder, "_build/dev/lib/shop/priv/nodes/hello")
    port = Port.open({:spawn_executable, path}, [:binary, :exit_status])
    write(folder, "native/hello/src/main.rs", program("new"))
    touch_later(Path.join(folder, "native/hello/src/main.rs"))
    mix!(folder, ["compile"])
    assert say(Path.dirname(path), "hello") == "new debug"
    Port.command(port, "\n")
    assert_receive {^port, {:exit_status, 0}}, 60_000
  end

  test "errors and warnings have their places", %{tmp_dir: folder} do
    write(
      folder,
      "native/hello/src/main.rs",
      "fn main() {\n    let unused = 1;\n    let number: i64 = \"text\";\n}\n"
    )

    diagnostics = Path.join(folder, "diagnostics")

    write(folder, "lib/mix/tasks/diagnose.ex", """
    defmodule Mix.Tasks.Diagnose do
      use Mix.Task
      def run(_) do
        {status, all} = Mix.Task.rerun("compile.nodex_rs", ["--return-errors"])
        File.write!("#{diagnostics}", inspect({status, Enum.map(all, &{&1.severity, &1.file, &1.position, &1.message})}, limit: :infinity, printable_limit: :infinity))
      end
    end
    """)

    {output, status} = mix(folder, ["compile"])
    assert status == 1
    assert output =~ "error[E0308]: mismatched types"

    mix!(folder, ["do", "compile.elixir,", "diagnose"])
    {{:error, found}, _} = Code.eval_string(File.read!(diagnostics))
    main = Path.join(folder, "native/hello/src/main.rs")
    assert {:error, ^main, {3, 23}, text} = List.keyfind(found, :error, 0)
    assert text =~ "error[E0308]: mismatched types" and text =~ "expected `i64`, found `&str`"
    assert length(found) == 1

    write(folder, "native/hello/src/main.rs", "fn main() {\n    let unused = 1;\n}\n")
    mix!(folder, ["do", "compile.elixir,", "diagnose"])
    {{:noop, [{:warning, ^main, {2, 9}, text}]}, _} = Code.eval_string(File.read!(diagnostics))
    assert text =~ "unused variable: `unused`"

    {_, 1} = mix(folder, ["compile", "--warnings-as-errors", "--force"])
    {_, 0} = mix(folder, ["compile"])

    # Whatever it looks like: what the compiler says, and what cargo says itself.
    colours = [{"CARGO_TERM_COLOR", "always"}]
    {output, 1} = mix(folder, ["compile", "--warnings-as-errors", "--force"], colours)
    assert output =~ "unused variable: `unused`"
    {_, 0} = mix(folder, ["compile"], colours)
    write(folder, "native/hello/src/main.rs", "fn main() {}\n")
    manifest = Path.join(folder, "native/hello/Cargo.toml")
    File.write!(manifest, String.replace(File.read!(manifest), "edition", "autor = \"me\"\nedition"))
    mix!(folder, ["do", "compile.elixir,", "diagnose"], colours)
    {{_, found}, _} = Code.eval_string(File.read!(diagnostics))
    assert [{:warning, ^manifest, _, text}] = found
    assert text =~ ~r/\Awarning: .*unused manifest key: package.autor\z/
    {_, 1} = mix(folder, ["compile", "--warnings-as-errors", "--force"], colours)
  end

  test "what is wrong with the project itself is said", %{tmp_dir: folder} do
    {output, 1} = mix(folder, ["compile"], [{"PATH", path_without_cargo(folder)}])
    assert output =~ "cargo cannot be run: it is not in PATH"

    write(folder, "native/hello/Cargo.toml", "[package\n")
    {output, 1} = mix(folder, ["compile"])
    assert output =~ "Cargo.toml"

    File.rm_rf!(Path.join(folder, "native"))
    {output, 1} = mix(folder, ["compile"])
    assert output =~ "there is no native/<crate>/Cargo.toml"
  end

  test "two crates, options, and one name twice", %{tmp_dir: folder} do
    File.mkdir_p!(Path.join(folder, "crates"))
    File.cp_r!(Path.join(folder, "native/hello"), Path.join(folder, "crates/second"))

    write(folder, "crates/second/Cargo.toml", """
    [package]
    name = "second"
    version = "0.1.0"
    edition = "2021"
    [features]
    loud = []
    [workspace]
    """)

    write(
      folder,
      "crates/second/src/main.rs",
      "fn main() { println!(\"{} {}\", env!(\"WHO\"), cfg!(feature = \"loud\")); }\n"
    )

    crates =
      ~s(nodex_rs: [crates: ["native/hello", "crates/second"], env: [{"WHO", "me"}], profile: :release],)

    new(folder, @project <> crates)
    mix!(folder, ["compile"])
    nodes = Path.join(folder, "_build/dev/lib/shop/priv/nodes")
    assert say(nodes, "hello") == "hello release"
    assert say(nodes, "second") == "me false"

    new(
      folder,
      @project <>
        ~s(nodex_rs: [crates: ["crates/second"], env: %{"WHO" => "you"}, cargo_args: ["--features", "loud"]],)
    )

    mix!(folder, ["compile"])
    assert say(nodes, "second") == "you true"
    assert File.ls!(nodes) == ["second"]

    write(folder, "crates/second/src/bin/hello.rs", "fn main() {}\n")
    new(folder, @project <> crates)
    {output, 1} = mix(folder, ["compile"])
    assert output =~ "two executables are called hello"
  end

  test "applications of an umbrella whose crates have one name", %{tmp_dir: folder} do
    umbrella = Path.join(folder, "an umbrella")

    write(umbrella, "mix.exs", """
    defmodule Umbrella.MixProject do
      use Mix.Project
      def project, do: [apps_path: "apps", version: "0.1.0", deps: []]
    end
    """)

    for app <- ["left", "right"] do
      # Each lies elsewhere and is called `shop` inside, but for this.
      new(Path.join(umbrella, "apps/#{app}"), @project <> ~s(build_path: "../../_build",))
      mix_exs = Path.join(umbrella, "apps/#{app}/mix.exs")
      File.write!(mix_exs, mix_exs |> File.read!() |> String.replace(["Shop", ":shop"], &named(&1, app)))
      write(umbrella, "apps/#{app}/lib/shop.ex", "defmodule #{String.capitalize(app)} do\nend\n")
      manifest = File.read!(Path.join(folder, "native/hello/Cargo.toml"))
      write(umbrella, "apps/#{app}/native/tiny/Cargo.toml", String.replace(manifest, "hello", "tiny"))
      write(umbrella, "apps/#{app}/native/tiny/src/main.rs", program(app))
    end

    says = fn ->
      for app <- ["left", "right"], do: say(Path.join(umbrella, "_build/dev/lib/#{app}/priv/nodes"), "tiny")
    end

    mix!(umbrella, ["compile"])
    assert says.() == ["left debug", "right debug"]
    assert mix!(umbrella, ["compile"]) == ""
    assert says.() == ["left debug", "right debug"]

    # In a folder that others share as well. The first one there makes room when it is gone.
    write(folder, "shared/owners/tiny", Path.join(folder, "was/here"))
    shared = [{"CARGO_TARGET_DIR", Path.join(folder, "shared")}]
    mix!(umbrella, ["compile"], shared)
    assert says.() == ["left debug", "right debug"]

    write(umbrella, "apps/left/native/tiny/src/main.rs", program("left again"))
    touch_later(Path.join(umbrella, "apps/left/native/tiny/src/main.rs"))
    mix!(umbrella, ["compile"])
    assert says.() == ["left again debug", "right debug"]
  end

  test "crates of one name and a workspace in one application", %{tmp_dir: folder} do
    crate = fn path, name, main ->
      write(folder, "native/#{path}/Cargo.toml", """
      [package]
      name = "#{name}"
      version = "0.1.0"
      edition = "2021"
      #{if path =~ "team/", do: "", else: "[workspace]"}
      """)

      write(folder, "native/#{path}/src/#{main}.rs", program(path))
    end

    crate.("first", "same", "bin/one")
    crate.("second", "same", "bin/two")
    write(folder, "native/team/Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n")
    crate.("team/a", "red", "main")
    crate.("team/b", "blue", "main")
    mix!(folder, ["compile"])
    nodes = Path.join(folder, "_build/dev/lib/shop/priv/nodes")
    assert nodes |> File.ls!() |> Enum.sort() == ["blue", "hello", "one", "red", "two"]
    assert say(nodes, "one") == "first debug" and say(nodes, "two") == "second debug"
    assert say(nodes, "red") == "team/a debug" and say(nodes, "blue") == "team/b debug"

    # Two of one name, one of which would be lost.
    crate.("team/b", "red", "main")
    {output, 1} = mix(folder, ["compile"])
    assert output =~ "red"
  end

  defp named("Shop", app), do: String.capitalize(app)
  defp named(":shop", app), do: ":" <> app

  defp program(text) do
    """
    fn main() {
        println!("#{text} {}", if cfg!(debug_assertions) { "debug" } else { "release" });
    }
    """
  end

  defp say(nodes, name) do
    {text, 0} = System.cmd(Path.join(nodes, name), [])
    String.trim(text)
  end

  # cargo looks at times, and two writes can fall into one tick of the file system.
  defp touch_later(file), do: File.touch!(file, System.os_time(:second) + 2)

  defp path_without_cargo(folder) do
    bin = Path.join(folder, "bin")
    File.mkdir_p!(bin)

    for program <- [
          "mix",
          "elixir",
          "erl",
          "sh",
          "env",
          "readlink",
          "dirname",
          "basename",
          "sed",
          "expr",
          "uname"
        ],
        path = System.find_executable(program),
        do: File.ln_s!(path, Path.join(bin, program))

    bin
  end
end
