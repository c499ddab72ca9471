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
