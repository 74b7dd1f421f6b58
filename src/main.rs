//! The program: the window, or a headless subcommand.

fn main() {}
