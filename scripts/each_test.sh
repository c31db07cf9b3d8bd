#!/usr/bin/env bash
#
# Runs every test in a process of its own, as nextest does, with nothing but cargo: a lost device or a driver's global
# state in one test cannot reach the next.
#
#   scripts/each_test.sh                  build the tests, run all
#   scripts/each_test.sh --one BIN NAME   run one (used by itself)

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Output of a test is shown where it fails.
one() {
    local log status=0 limit=()
    log="$(mktemp)"
    # A software adapter is slow, a hung kernel is for ever. macOS has no `timeout`.
    ! command -v timeout >/dev/null 2>&1 || limit=(timeout --kill-after=5 600)
    CARGO_MANIFEST_DIR="$PWD" ${limit[@]+"${limit[@]}"} "$1" --exact "$2" --nocapture </dev/null >"$log" 2>&1 || status=$?
    # A name that matches nothing would pass: the test must have run.
    if [ "$status" -eq 0 ] && ! grep -E '^test result: ok\. 1 passed' "$log" >/dev/null; then
        status=1
    fi
    if [ "$status" -ne 0 ]; then
        printf 'FAILED (%d) %s %s\n%s\n\n' "$status" "${1##*/}" "$2" "$(cat "$log")"
    else
        printf 'ok %s %s\n' "${1##*/}" "$2"
    fi
    rm -f "$log"
    [ "$status" -eq 0 ]
}

names() {
    "$@" --list --format terse | sed -n 's/: test$//p'
}

all() {
    local work failed=0
    work="$(mktemp -d)"
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$work'" EXIT
    cargo test --color never --locked --all-features --lib --bins --tests --no-run 2>"$work/cargo" || failed=1
    cat "$work/cargo" >&2
    [ "$failed" -eq 0 ] || return 1
    sed -n 's/^ *Executable .*(\(.*\))$/\1/p' "$work/cargo" >"$work/programs"
    : >"$work/run"
    : >"$work/ignored"
    local program
    while IFS= read -r program; do
        names "$program" | sort >"$work/listed"
        names "$program" --ignored | sort >"$work/not"
        cat "$work/not" >>"$work/ignored"
        comm -23 "$work/listed" "$work/not" | while IFS= read -r name; do
            printf '%s\n%s\n' "$program" "$name"
        done >>"$work/run"
    done <"$work/programs"
    [ -s "$work/run" ] || { echo "each_test: cargo built no tests" >&2; return 1; }

    tr '\n' '\0' <"$work/run" |
        xargs -0 -n 2 -P "$(getconf _NPROCESSORS_ONLN)" scripts/each_test.sh --one >"$work/log" || failed=1
    grep -v '^ok ' "$work/log" || true
    printf '%d passed, %d failed, %d ignored\n' \
        "$(grep -c '^ok ' "$work/log" || true)" "$(grep -c '^FAILED (' "$work/log" || true)" \
        "$(wc -l <"$work/ignored")"
    return "$failed"
}

case "${1:-}" in
--one) one "$2" "$3" ;;
"") all ;;
*) echo "each_test: there is no option \`$1\`" >&2 && exit 2 ;;
esac
