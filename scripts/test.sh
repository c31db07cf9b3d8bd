#!/usr/bin/env bash
#
# Everything that must hold before a change goes in, on a fresh machine too:
#
#   scripts/test.sh
#
# Formatting, clippy, tests on the software adapter (each in its own process), doc tests, docs, licences and duplicate
# crates, the scripts themselves, and a smoke run of the demo. It stops at the first step that fails.
#
# The crate is compiled three times, and no fewer will do: clippy and docs share what `cargo check` leaves; tests are
# built with overflow checks and debug assertions, which find faults; and the demo is built as users build it, in
# release, because that build is what gets measured and what a newcomer meets first.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
step="setup"
trap 'status=$?; [ "$status" -eq 0 ] || printf "\ntest: FAILED at: %s\n" "$step" >&2' EXIT

# Used by the script sourced next, which also puts cargo on the PATH.
export SETUP_LINTS=yes
# Integration services set CI; there a browser is installed where it can be, for the test that opens the report.
if [ "${CI:-}" = true ]; then
    export SETUP_BROWSER=yes
fi
# shellcheck source-path=SCRIPTDIR source=setup.sh
. scripts/setup.sh

begin() {
    step="$1"
    printf '\ntest: [%3d s] %s\n' "$SECONDS" "$step" >&2
}

# Drivers differ from machine to machine; the software adapter is what every machine can have, so tests run on it.
# Whoever wants another names it: WGPU_ADAPTER_NAME=radeon scripts/test.sh
if [ -z "${WGPU_ADAPTER_NAME:-}" ] && [ "$(uname -s)" = Linux ] && has_llvmpipe; then
    export WGPU_ADAPTER_NAME=llvmpipe
fi
# A browser that is there must do; without one that test is ignored, and says so.
if [ "${CI:-}" = true ] && has_browser; then
    export TESELA_REQUIRE_BROWSER=1
fi
# A test that needs an adapter fails without one; elsewhere it would be reported as ignored.
export TESELA_REQUIRE_GPU=1
printf 'test: adapter: %s\n' "${WGPU_ADAPTER_NAME:-the first of this machine}" >&2

begin "dependencies, as Cargo.lock has them"
cargo fetch --locked

begin "formatting"
cargo fmt --all --check

begin "clippy, warnings denied"
cargo clippy --locked --all-targets --all-features -- -D warnings

begin "tests, one process each"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --all-features
else
    scripts/each_test.sh
fi

begin "doc tests"
cargo test --locked --all-features --doc

begin "docs, warnings denied"
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --locked --all-features --no-deps

begin "licences and duplicate crates"
if cargo deny --version >/dev/null 2>&1; then
    cargo deny --all-features --locked check licenses bans sources
else
    printf 'test: cargo-deny is not installed; the lists of deny.toml were held by tests/licences.rs\n' >&2
fi

begin "scripts"
if command -v shellcheck >/dev/null 2>&1; then
    shellcheck -x .ci/run scripts/*.sh scripts/setup/*.sh benches/peers/*.sh
else
    for script in .ci/run scripts/*.sh scripts/setup/*.sh benches/peers/*.sh; do bash -n "$script"; done
    printf 'test: shellcheck is not installed: the syntax alone was looked at\n' >&2
fi

begin "a short demo"
demo_out="$(mktemp -d)"
scripts/demo.sh --quick --out "$demo_out/report"
rm -rf "$demo_out"

begin "done"
