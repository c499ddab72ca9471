defmodule NodexRs.RecordedCargoTest do
  # What the compiler makes of cargo's output, where there is no cargo: that of another machine was recorded.
  use ExUnit.Case
  import NodexRs.Project

  @moduletag :tmp_dir
  @moduletag timeout: 600_000

  setup %{tmp_dir: folder} do
    new(folder, "compilers: [:nodex_rs] ++ Mix.compilers(),")
    write(folder, "lib/shop.ex", "defmodule Shop do\nend\n")
    write(folder, "native/hello/Cargo.toml", "[package]\nname = \"hello\"\n")
    write(folder, "native/hello/src/main.rs", "fn main() {\n    let unused = 1;\n}\n")
    write(folder, "built/hello", "#!/bin/sh\necho hello\n")

    script = """
    #!/bin/sh
    cat "#{folder}/said"
    echo "$@" >>"#{folder}/asked"
    exit $(cat "#{folder}/status")
    """

    File.chmod!(write(folder, "bin/cargo", script), 0o755)
    File.chmod!(Path.join(folder, "built/hello"), 0o755)
    [env: [{"PATH", Path.join(folder, "bin") <> ":" <> System.get_env("PATH")}]]
  end

  test "a build with a warning", %{tmp_dir: folder, env: env} do
    says(folder, 0, ~S"""
       Compiling hello v0.1.0 (/somewhere/hello)
    {"reason":"compiler-message","package_id":"path+file:///somewhere/hello#0.1.0","manifest_path":"/somewhere/hello/Cargo.toml","target":{"kind":["bin"],"crate_types":["bin"],"name":"hello","src_path":"/somewhere/hello/src/main.rs","edition":"2021","doc":true,"doctest":false,"test":true},"message":{"rendered":"warning: unused variable: `unused`\n --> src/main.rs:2:9\n  |\n2 |     let unused = 1;\n  |         ^^^^^^ help: if this is intentional, prefix it with an underscore: `_unused`\n  |\n  = note: `#[warn(unused_variables)]` (part of `#[warn(unused)]`) on by default\n\n","$message_type":"diagnostic","children":[{"children":[],"code":null,"level":"note","message":"`#[warn(unused_variables)]` (part of `#[warn(unused)]`) on by default","rendered":null,"spans":[]}],"level":"warning","message":"unused variable: `unused`","spans":[{"byte_end":26,"byte_start":20,"column_end":15,"column_start":9,"expansion":null,"file_name":"src/main.rs","is_primary":true,"label":null,"line_end":2,"line_start":2,"suggested_replacement":null,"suggestion_applicability":null,"text":[{"highlight_end":15,"highlight_start":9,"text":"    let unused = 1;"}]}],"code":{"code":"unused_variables","explanation":null}}}
    {"reason":"compiler-artifact","package_id":"path+file:///somewhere/hello#hello@0.1.0","target":{"kind":["bin"],"crate_types":["bin"],"name":"hello","src_path":"src/main.rs"},"features":[],"filenames":["FOLDER/built/hello"],"executable":"FOLDER/built/hello","fresh":false}
    warning: `hello` (bin "hello") generated 1 warning (run `cargo fix --bin "hello" -p hello` to apply 1 suggestion)
    {"reason":"build-finished","success":true}
        Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.52s
    """)

    output = mix!(folder, ["compile"], env)
    assert output =~ "Compiling hello v0.1.0" and output =~ "unused variable: `unused`"
    refute output =~ "reason" or output =~ "Finished"
    assert output =~ "warning: unused variable: `unused`\n --> src/main.rs:2:9\n"
    assert System.cmd(Path.join(folder, "_build/dev/lib/shop/priv/nodes/hello"), []) == {"hello\n", 0}

    assert File.read!(Path.join(folder, "asked")) =~
             "build --bins --message-format=json --profile dev"

    assert {_, 1} = mix(folder, ["compile", "--warnings-as-errors"], env)
    mix!(folder, ["clean"], env)
    assert File.read!(Path.join(folder, "asked")) =~ "clean --quiet --profile dev"
    refute File.exists?(Path.join(folder, "_build/dev/lib/shop/priv/nodes/hello"))
  end

  test "a build that fails", %{tmp_dir: folder, env: env} do
    says(folder, 101, ~S"""
    {"reason":"compiler-message","package_id":"path+file:///somewhere/hello#0.1.0","manifest_path":"/somewhere/hello/Cargo.toml","target":{"kind":["bin"],"crate_types":["bin"],"name":"hello","src_path":"/somewhere/hello/src/main.rs","edition":"2021","doc":true,"doctest":false,"test":true},"message":{"rendered":"error[E0308]: mismatched types\n --> src/main.rs:2:23\n  |\n2 |     let number: i64 = \"text\";\n  |                 ---   ^^^^^^ expected `i64`, found `&str`\n  |                 |\n  |                 expected due to this\n\n","$message_type":"diagnostic","children":[],"level":"error","message":"mismatched types","spans":[{"byte_end":40,"byte_start":34,"column_end":29,"column_start":23,"expansion":null,"file_name":"src/main.rs","is_primary":true,"label":"expected `i64`, found `&str`","line_end":2,"line_start":2,"suggested_replacement":null,"suggestion_applicability":null,"text":[]}],"code":{"code":"E0308","explanation":null}}}
    error: could not compile `hello` (bin "hello") due to 1 previous error
    {"reason":"build-finished","success":false}
    """)

    assert {output, 1} = mix(folder, ["compile"], env)
    assert output =~ "error[E0308]: mismatched types"
    refute output =~ "reason"

    # Nothing that is known as an error, and yet no success.
    says(folder, 3, "")
    assert {output, 1} = mix(folder, ["compile"], env)
    assert output =~ "cargo exited with status 3"
  end

  defp says(folder, status, text) do
    write(folder, "said", String.replace(text, "FOLDER", folder))
    write(folder, "status", Integer.to_string(status))
  end
end
