# What one does every day. `just` shows the list; each recipe calls a script or cargo, so nothing here needs just.

# Show the list.
default:
    @just --list --unsorted

# Build everything that the tests start.
build:
    make -C c_src
    cargo build --workspace --bins --examples

# Everything that says whether the project works, but the tests beside other servers.
test *options:
    scripts/test {{options}}

# The part of the tests for daily work; it says what it left out.
quick:
    scripts/test --quick

# All of it, as CI runs it.
full:
    .ci/run

# Check format, lints and documentation.
lint:
    scripts/lint

# Put all code into its format.
fmt:
    cargo fmt --all

# The documentation of all crates, in a browser.
docs:
    cargo doc --workspace --no-deps --open

# The benchmark of whole nodes: run it when nothing else runs.
bench *options:
    scripts/bench {{options}}

# The benchmark of the codec.
bench-codec *options:
    cargo bench -p nodex-proto --bench codec -- {{options}}

# Write the crates out under the names of the registry, and package them.
package *options:
    scripts/package {{options}}

# Check the crates with the oldest release of Rust that they promise.
msrv:
    scripts/msrv

# Replay the corpus of the fuzzer, without a fuzzer.
fuzz-replay:
    cargo test -p nodex-core --test it hostile_corpus::

# Fuzz every target for so many seconds.
fuzz seconds="60":
    fuzz/campaign {{seconds}}

# Load and faults for so many minutes.
soak minutes="10":
    scripts/soak {{minutes}}

# Write anew what the command prints and what the macros complain about, to be looked at before it is committed.
update-snapshots:
    INSTA_UPDATE=always cargo test -p nodex-cli
    TRYBUILD=overwrite cargo test -p nodex --test it ui::

# Write anew how many instructions messages and terms cost.
update-counts:
    UPDATE_INSTRUCTIONS=1 cargo test -p wire --test instructions
    UPDATE_INSTRUCTIONS=1 cargo test -p nodex-proto --test codec_instructions

# Record the known answers of the OTP of this machine anew; CONTRIBUTING.md has those that need another release.
update-vectors:
    scripts/vectors/terms.escript > nodex-proto/tests/etf_vectors/terms.tsv
    scripts/vectors/order.escript > nodex-proto/tests/etf_vectors/order.tsv
    scripts/vectors/derive.escript tests/macros/derive_vectors.tsv
    scripts/vectors/supervisor.escript > nodex-host/src/supervisor/core/tests/otp.txt
