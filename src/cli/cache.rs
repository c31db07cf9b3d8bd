//! Where a user's caches lie, system by system.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder for this program's caches: `$XDG_CACHE_HOME/tesela` or `~/.cache/tesela`, on macOS
/// `~/Library/Caches/tesela`, on Windows `%LOCALAPPDATA%\tesela`. `None` where the environment names none of them.
pub(super) fn folder() -> Option<PathBuf> {
    place(std::env::consts::OS, |name| std::env::var_os(name)).map(|caches| caches.join("tesela"))
}

fn place(os: &str, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG base directory specification: a path that is not absolute is to be ignored.
    let path = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.has_root());
    match os {
        "windows" => path("LOCALAPPDATA"),
        "macos" => path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join("Library/Caches"))),
        _ => path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_place() {
        let of =
            |os, set: &[(&str, &str)]| place(os, |name| set.iter().find(|s| s.0 == name).map(|s| s.1.into()));
        let home = ("HOME", "/home/a");
        assert_eq!(of("linux", &[home]), Some("/home/a/.cache".into()));
        assert_eq!(of("linux", &[home, ("XDG_CACHE_HOME", "/c")]), Some("/c".into()));
        assert_eq!(of("linux", &[home, ("XDG_CACHE_HOME", "c")]), Some("/home/a/.cache".into()));
        assert_eq!(of("macos", &[home]), Some("/home/a/Library/Caches".into()));
        assert_eq!(of("windows", &[home, ("LOCALAPPDATA", "/l")]), Some("/l".into()));
        assert_eq!(of("windows", &[home]), None);
        assert_eq!(of("linux", &[("HOME", "")]), None);
    }
}
