//! Parse, dispatch to `cli`, exit code.

fn main() {}
