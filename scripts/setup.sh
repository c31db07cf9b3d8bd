#!/usr/bin/env bash
#
# Makes a machine ready to build and run Tesela: a C linker, a Rust toolchain, the Vulkan loader and an adapter.
#
#   scripts/setup.sh             install what is missing, where that can be done
#   scripts/setup.sh --check     only say what is missing
#   . scripts/setup.sh           the same for a calling script, which then finds cargo too
#
# It asks nothing, says each thing that it does in one line on stderr, and does nothing where nothing is missing.
# Exit codes: 0 ready, 1 something is missing (the message says what to do).

set -euo pipefail

TESELA_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck source-path=SCRIPTDIR source=setup/packages.sh
. "$TESELA_ROOT/scripts/setup/packages.sh"
# shellcheck source-path=SCRIPTDIR source=setup/rust.sh
. "$TESELA_ROOT/scripts/setup/rust.sh"
# shellcheck source-path=SCRIPTDIR source=setup/vulkan.sh
. "$TESELA_ROOT/scripts/setup/vulkan.sh"
# shellcheck source-path=SCRIPTDIR source=setup/browser.sh
. "$TESELA_ROOT/scripts/setup/browser.sh"

# Some containers set no HOME; the tilde then asks the system.
: "${HOME:=$(cd ~ && pwd)}"
export HOME

say() {
    printf 'setup: %s\n' "$*" >&2
}

# Says what is missing and what to do about it, and ends.
give_up() {
    say "$*"
    exit 1
}

# Whether a C program can be linked: a compiler without the C library's files is not enough.
links_c() {
    command -v cc >/dev/null 2>&1 || return 1
    local dir status=0
    dir="$(mktemp -d)"
    echo 'int main(void) { return 0; }' >"$dir/main.c"
    cc "$dir/main.c" -o "$dir/main" >/dev/null 2>&1 || status=1
    rm -rf "$dir"
    return "$status"
}

setup_linker() {
    links_c && return
    if [ "$(uname -s)" = Darwin ]; then
        give_up "no C linker: run \`xcode-select --install\`, accept the dialogue, then run this again"
    fi
    say "no C linker (cc), which Rust needs"
    case "$(package_manager)" in
    apt) install_packages gcc libc6-dev ;;
    dnf | pacman) install_packages gcc ;;
    *) give_up "install a C compiler that can be run as \`cc\`, then run this again" ;;
    esac
    links_c || give_up "\`cc\` still does not link a program; see what \`cc\` says about a file of one empty main"
}

setup() {
    case "$(uname -s)" in
    Linux)
        setup_linker
        setup_rust
        setup_vulkan
        setup_browser
        ;;
    Darwin)
        # Metal is part of the system.
        setup_linker
        setup_rust
        ;;
    MINGW* | MSYS* | CYGWIN*)
        say "Windows: the adapter comes with the system (Direct3D 12); the linker comes with Visual Studio's C++ tools"
        setup_rust
        ;;
    *)
        say "$(uname -s) is not a system that this script knows; only the Rust toolchain is looked at"
        setup_rust
        ;;
    esac
}

SETUP_CHECK=no
SETUP_LINTS="${SETUP_LINTS:-no}"
SETUP_BROWSER="${SETUP_BROWSER:-no}"
# When sourced, the arguments are the caller's.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case "${1:-}" in
    "") ;;
    --check) SETUP_CHECK=yes ;;
    *) give_up "there is no option \`$1\`; it takes --check or nothing" ;;
    esac
fi
setup
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    say "ready: $(rustc --version), $(adapter_summary)"
fi
