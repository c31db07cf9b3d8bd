# shellcheck shell=bash
# Sourced by setup.sh: a Rust toolchain that is new enough, with clippy and rustfmt where the caller lints.

# The oldest Rust that builds Tesela: one fact, and Cargo.toml is its home.
rust_wanted() {
    sed -n 's/^rust-version = "\(.*\)"/\1/p' "$TESELA_ROOT/Cargo.toml"
}

# Whether version $1 is at least version $2; only the first two numbers count.
at_least() {
    local have_major have_minor want_major want_minor rest
    IFS=. read -r have_major have_minor rest <<<"${1%%[-+~ ]*}"
    IFS=. read -r want_major want_minor rest <<<"$2"
    [ "$((10#${have_major:-0}))" -gt "$want_major" ] ||
        { [ "$((10#${have_major:-0}))" -eq "$want_major" ] && [ "$((10#${have_minor:-0}))" -ge "$want_minor" ]; }
}

# The version of the rustc that would be used; empty where there is none.
rust_found() {
    if command -v cargo >/dev/null 2>&1 && command -v rustc >/dev/null 2>&1; then
        rustc --version 2>/dev/null | cut -d' ' -f2 || true
    fi
}

rust_is_ready() {
    at_least "$(rust_found)" "$(rust_wanted)" || return 1
    [ "$SETUP_LINTS" = no ] || { cargo clippy --version && cargo fmt --version; } >/dev/null 2>&1
}

# rustup installs a toolchain beside those that are there; the default of the user stays what it was.
rust_by_rustup() {
    if [ "$SETUP_CHECK" = yes ]; then
        give_up "Rust $(rust_wanted) is missing; to install it: rustup toolchain install stable"
    fi
    say "installing the stable Rust toolchain by rustup"
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt --no-self-update \
        </dev/null >&2 || give_up "rustup could not install it (no network?); run: rustup toolchain install stable"
    export RUSTUP_TOOLCHAIN=stable
}

rust_packages() {
    case "$(package_manager)" in
    apt) echo "rustc cargo rust-clippy rustfmt" ;;
    dnf) echo "rust cargo clippy rustfmt" ;;
    pacman | brew) echo "rust" ;;
    esac
}

# The distribution's compiler where it is new enough, else its rustup where it has one.
rust_by_packages() {
    [ "$(package_manager)" != none ] || return 0
    [ "$SETUP_CHECK" = yes ] || refresh_lists || true
    local offered
    offered="$(package_version "$([ "$(package_manager)" = apt ] && echo rustc || echo rust)")"
    if at_least "$offered" "$(rust_wanted)"; then
        # shellcheck disable=SC2046 # a list of words
        install_packages $(rust_packages)
        return
    fi
    [ -z "$offered" ] || say "the package manager offers Rust $offered, which is too old"
    case "$(package_manager)" in
    apt | pacman)
        if [ -n "$(package_version rustup)" ]; then
            install_packages rustup
            rust_by_rustup
        fi
        ;;
    esac
}

setup_rust() {
    rust_is_ready && return
    # rustup's programs, for shells that were started before it was installed.
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    rust_is_ready && return
    local found
    found="$(rust_found)"
    say "Rust $(rust_wanted) or newer is needed, $([ -n "$found" ] && echo "$found is here" || echo "none is here")"
    if command -v rustup >/dev/null 2>&1; then
        rust_by_rustup
    else
        rust_by_packages
    fi
    rust_is_ready && return
    give_up "install Rust from https://rustup.rs, by:" \
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y   and run this again"
}
