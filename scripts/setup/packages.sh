# shellcheck shell=bash
# Sourced by setup.sh: the system's package manager, asked nothing and asking nothing.

# apt, dnf, pacman, brew or none.
package_manager() {
    local manager
    for manager in apt-get dnf pacman brew; do
        if command -v "$manager" >/dev/null 2>&1; then
            echo "${manager%-get}"
            return
        fi
    done
    echo none
}

# Runs a command as root: by itself for root, else by sudo where that asks no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        say "this needs root, and sudo would ask for a password"
        return 1
    fi
}

# One line that a person can paste.
install_command() {
    case "$(package_manager)" in
    apt) echo "sudo apt-get update && sudo apt-get install -y $*" ;;
    dnf) echo "sudo dnf install -y $*" ;;
    pacman) echo "sudo pacman -S --needed $*" ;;
    brew) echo "brew install $*" ;;
    *) echo "(your package manager) $*" ;;
    esac
}

apt_lists_are_fresh=no

# apt with no questions; package lists are fetched once a run, since a fresh machine has none.
refresh_lists() {
    [ "$(package_manager)" = apt ] && [ "$apt_lists_are_fresh" = no ] || return 0
    say "fetching the package lists (apt-get update)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >&2 || return 1
    apt_lists_are_fresh=yes
}

# Installs packages, or ends with what to do by hand.
install_packages() {
    local by_hand
    by_hand="$(install_command "$@")"
    if [ "$SETUP_CHECK" = yes ]; then
        give_up "missing; to install it: $by_hand"
    fi
    # A list that cannot be fetched may still be good enough: only the installation decides.
    refresh_lists || say "the package lists could not be fetched (no network?); trying with those that are here"
    say "installing $*"
    local installed=yes
    case "$(package_manager)" in
    apt)
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null >&2 || installed=no
        ;;
    dnf) as_root dnf install -y -q "$@" </dev/null >&2 || installed=no ;;
    pacman)
        # The lists of a fresh container are empty; those of a kept system must not be renewed without an upgrade.
        as_root pacman -S --needed --noconfirm "$@" </dev/null >&2 ||
            as_root pacman -Sy --needed --noconfirm "$@" </dev/null >&2 || installed=no
        ;;
    brew) brew install "$@" </dev/null >&2 || installed=no ;;
    *) installed=no ;;
    esac
    [ "$installed" = yes ] || give_up "could not install $*; with a network connection, run: $by_hand"
}

# The version of a package that the package manager would install; empty where it has none.
package_version() {
    local version=""
    case "$(package_manager)" in
    apt) version="$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *//p')" ;;
    dnf) version="$(dnf -q repoquery --latest-limit=1 --qf '%{version}\n' "$1" 2>/dev/null | sed -n 1p)" ;;
    pacman) version="$(pacman -Si "$1" 2>/dev/null | sed -n 's/^Version *: *//p')" ;;
    brew) version="$(brew info --formula "$1" 2>/dev/null | sed -n '1s/^.*stable \([0-9.]*\).*/\1/p')" ;;
    esac
    # An epoch, as in 1:1.95.0, is no part of the version proper.
    [ "$version" = "(none)" ] || echo "${version#*:}"
}
