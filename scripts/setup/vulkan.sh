# shellcheck shell=bash
# Sourced by setup.sh: the Vulkan loader, and a driver that gives an adapter.

has_loader() {
    # No `grep -q`: it would end before ldconfig does, and the pipe would count as failed.
    if PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -F libvulkan.so.1 >/dev/null; then
        return 0
    fi
    local dir
    local IFS=:
    for dir in ${LD_LIBRARY_PATH:-} /usr/lib /usr/lib64 /usr/local/lib /usr/lib/*-linux-gnu*; do
        [ ! -e "$dir/libvulkan.so.1" ] || return 0
    done
    return 1
}

# The manifests of the installed drivers, one a line: those that the environment names, else those that the loader
# finds by itself.
driver_manifests() {
    local named="${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}" dir
    local IFS=:
    if [ -n "$named" ]; then
        # shellcheck disable=SC2086 # a list, split at its colons
        ls -1 $named 2>/dev/null || true
        return
    fi
    for dir in ${XDG_CONFIG_DIRS:-/etc/xdg} /etc "${XDG_DATA_HOME:-$HOME/.local/share}" \
        ${XDG_DATA_DIRS:-/usr/local/share:/usr/share} /usr/share; do
        ls -1 "$dir"/vulkan/icd.d/*.json 2>/dev/null || true
    done
}

is_software() {
    case "${1##*/}" in
    lvp_icd* | *swiftshader*) return 0 ;;
    *) return 1 ;;
    esac
}

# Whether one of the manifests is of a software driver ("software") or of a card's ("card").
has_driver_for() {
    local file kind
    while IFS= read -r file; do
        kind=card
        ! is_software "$file" || kind=software
        [ "$kind" != "$1" ] || return 0
    done < <(driver_manifests)
    return 1
}

# Whether Mesa's software adapter, llvmpipe, is installed.
has_llvmpipe() {
    driver_manifests | grep -F lvp_icd >/dev/null
}

# Whether the system shows a graphics card: a kernel driver's node, or WSL's.
has_card() {
    local node
    for node in /dev/dri/renderD* /dev/nvidia[0-9]* /dev/dxg; do
        [ ! -e "$node" ] || return 0
    done
    return 1
}

has_adapter() {
    has_driver_for software || { has_card && has_driver_for card; }
}

# What there is, in a few words.
adapter_summary() {
    if [ "$(uname -s)" != Linux ]; then
        echo "the system's own adapter"
    elif has_card && has_driver_for card; then
        echo "a graphics card with a Vulkan driver"
    else
        echo "a software adapter"
    fi
}

setup_vulkan() {
    has_loader && has_adapter && return
    if ! has_adapter && [ -n "${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}" ]; then
        give_up "VK_DRIVER_FILES (or VK_ICD_FILENAMES) names no driver that is here; unset it, or name one"
    fi
    has_loader || say "the Vulkan loader (libvulkan.so.1) is missing"
    has_adapter || say "no Vulkan driver gives an adapter; Mesa's gives one to every machine"
    case "$(package_manager)" in
    apt) install_packages libvulkan1 mesa-vulkan-drivers ;;
    dnf) install_packages vulkan-loader mesa-vulkan-drivers ;;
    pacman) install_packages vulkan-icd-loader vulkan-swrast ;;
    *) give_up "install the Vulkan loader and Mesa's Vulkan drivers, then run this again" ;;
    esac
    has_loader || give_up "the Vulkan loader was installed, but libvulkan.so.1 is not found; run: sudo ldconfig"
    has_adapter || give_up "Mesa's drivers were installed, but no manifest lies in /usr/share/vulkan/icd.d;" \
        "if it lies elsewhere, name it in VK_DRIVER_FILES"
    if has_card && ! has_driver_for card; then
        say "the graphics card has no Vulkan driver: the software adapter will be used; see your vendor's driver"
    fi
}
