# The tests start nodes, so this BEAM has to be one.
:ok = NodexRs.Distribution.ensure(true)
exclude = if System.get_env("NODEX_RS_TEST_WITHOUT_CARGO"), do: [:cargo], else: []
# Generous: the machine may be busy with others.
ExUnit.start(capture_log: true, assert_receive_timeout: 60_000, exclude: exclude)
