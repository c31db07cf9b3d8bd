# shellcheck shell=bash
# Sourced by setup.sh: a browser for the test that opens the report. Only where SETUP_BROWSER=yes asks for one, as
# continuous integration does: nothing else needs it.

# The same names in the same order as in tests/page.rs.
has_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    return 1
}

setup_browser() {
    [ "$SETUP_BROWSER" = yes ] || return 0
    ! has_browser || return 0
    say "no Chromium, in which a test opens the report"
    # Where the package is only a door to another store (Ubuntu's snap), nothing comes of it, and the test says so.
    case "$(package_manager)" in
    apt | dnf | pacman) install_packages chromium ;;
    *) say "install Chromium, or the test of the page is ignored" ;;
    esac
}
