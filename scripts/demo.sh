#!/usr/bin/env bash
#
# Reproduces the thesis's experiment on this machine, from a fresh checkout to a report:
#
#   scripts/demo.sh                    the whole run
#   scripts/demo.sh --quick            fewer sizes and samples
#   scripts/demo.sh --out DIR          where the results go
#   scripts/demo.sh --data DIR         your own slices
#
# Every option is passed on to `tesela reproduce`; see `tesela reproduce --help`. A program that is built already can be
# named in TESELA_BIN. Exit codes are those of tesela.

set -euo pipefail

started_in="$PWD"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
-h | --help)
    sed -n '3,11s/^# \{0,1\}//p' scripts/demo.sh
    exit 0
    ;;
esac

# The run takes place in the repository's root, so a path that the caller gave must not depend on where that is.
absolute() {
    case "$1" in
    /* | [A-Za-z]:*) printf '%s' "$1" ;;
    *) printf '%s/%s' "$started_in" "$1" ;;
    esac
}

out=results
arguments=()
while [ "$#" -gt 0 ]; do
    case "$1" in
    --out | --data)
        option="$1"
        [ "$#" -ge 2 ] || { echo "demo: $option needs a folder" >&2; exit 2; }
        value="$(absolute "$2")"
        shift
        ;;
    --out=* | --data=*)
        option="${1%%=*}"
        value="$(absolute "${1#*=}")"
        ;;
    *)
        arguments+=("$1")
        shift
        continue
        ;;
    esac
    [ "$option" != --out ] || out="$value"
    arguments+=("$option" "$value")
    shift
done

# Also puts cargo on the PATH.
# shellcheck source-path=SCRIPTDIR source=setup.sh
. scripts/setup.sh

tesela="${TESELA_BIN:+$(absolute "$TESELA_BIN")}"
if [ -z "$tesela" ]; then
    echo "demo: building the program (a few minutes the first time)" >&2
    cargo build --release --locked --bin tesela
    tesela="${CARGO_TARGET_DIR:-target}/release/tesela"
fi

# A file older than the report, to find the report by.
stamp="$(mktemp)"
trap 'rm -f "$stamp"' EXIT

echo "demo: tesela reproduce ${arguments[*]-}" >&2
"$tesela" reproduce ${arguments[@]+"${arguments[@]}"} </dev/null

report="$(find "$out" -name '*.html' -newer "$stamp" 2>/dev/null | sort | sed -n 1p || true)"
if [ -z "$report" ]; then
    echo "demo: the run ended well, but left no report in $out" >&2
    exit 1
fi
echo "demo: the report: $report (one page, open it in a browser)" >&2
