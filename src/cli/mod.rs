//! The headless ways in, one subcommand a file.

pub mod models;
