defmodule NodexRs.ReleaseTest do
  use ExUnit.Case
  import NodexRs.{Project, World}

  @moduletag :tmp_dir
  @moduletag timeout: 600_000

  test "a node in a release", %{tmp_dir: folder} do
    # As the compiler leaves it; that has tests of its own, which need cargo.
    File.mkdir_p!(Path.join(folder, "priv/nodes"))
    File.cp!(executable("docs_calc"), Path.join(folder, "priv/nodes/calc"))

    write(folder, "lib/shop.ex", """
    defmodule Shop do
      use Application

      def start(_, _) do
        children = [{NodexRs, exec: {:shop, "calc"}, name: Shop.Calc}]
        Supervisor.start_link(children, strategy: :one_for_one)
      end

      def add(a, b), do: NodexRs.call(Shop.Calc, {:add, a, b}, 60_000)
    end
    """)

    new(folder)
    mix!(folder, ["release", "--quiet"], [{"MIX_ENV", "prod"}])

    name = "shop-#{unique()}-#{System.pid()}"

    env = [
      {"RELEASE_DISTRIBUTION", "name"},
      {"RELEASE_NODE", name <> "@127.0.0.1"},
      {"RELEASE_COOKIE", "a_cookie_of_the_release"},
      {"ERL_AFLAGS", "-kernel inet_dist_use_interface {127,0,0,1}"},
      # It finds epmd by itself, but has to leave the one of the tests alone.
      {"ERL_EPMD_PORT", System.get_env("ERL_EPMD_PORT")}
    ]

    release = Path.join(folder, "_build/prod/rel/shop/bin/shop")
    start = Task.async(fn -> run(release, ["start"], folder, env) end)
    rpc = fn expression -> run(release, ["rpc", expression], folder, env) end

    assert eventually(fn -> match?({_, 0}, rpc.("Shop.add(1, 1)")) end)
    assert rpc.("IO.inspect(Shop.add(2, 3))") == {"{:ok, 5}\n", 0}
    {os_pid, 0} = rpc.("IO.puts(NodexRs.info(Shop.Calc).os_pid)")
    os_pid = String.to_integer(String.trim(os_pid))
    gone_with_the_test(os_pid)
    assert {path, 0} = rpc.("IO.puts(NodexRs.info(Shop.Calc).exec)")
    assert String.trim(path) =~ "/_build/prod/rel/shop/lib/shop-0.1.0/priv/nodes/calc"
    refute File.read!("/proc/#{os_pid}/cmdline") =~ "a_cookie_of_the_release"

    signal(os_pid, "KILL")
    assert eventually(fn -> rpc.("IO.inspect(Shop.add(3, 4))") == {"{:ok, 7}\n", 0} end)
    {again, 0} = rpc.("IO.puts(NodexRs.info(Shop.Calc).os_pid)")
    again = String.to_integer(String.trim(again))
    assert again != os_pid

    assert {_, 0} = run(release, ["stop"], folder, env)
    assert {output, 0} = Task.await(start, deadline())
    refute alive?(again)
    assert output =~ "is gone: it was ended by signal 9"
  end
end
