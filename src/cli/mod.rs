//! The headless ways in, one subcommand a file.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | the program or the device failed |
//! | 2 | the input cannot be used: an argument, a file, a folder, a full disk |
//! | 130 | cancelled with Ctrl+C |
//!
//! Results go to stdout, everything said along the way to stderr.

mod bench;
mod failure;
mod generate;
mod info;
mod interrupt;
mod model;
pub mod models;
mod progress;
mod random_weights;
mod show;

pub use failure::Failure;

use clap::{CommandFactory as _, Parser, Subcommand};
use std::{io::Write as _, panic::catch_unwind, process::ExitCode};

/// Danqing paints pictures from words with Z-Image-Turbo.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 unusable input, 130 cancelled.\n\
                          `danqing COMMAND --help` says more about each command.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Paint pictures from a prompt
    Generate(Box<generate::Args>),
    /// Print how a picture came about
    Show(show::Args),
    /// List devices, memory and versions, and what is missing for CUDA
    Info(info::Args),
    /// Measure how fast a model is on a device
    Bench(bench::Args),
    /// Look at models on disk
    Models(models::Args),
}

/// Runs the program with the arguments it was started with. Without any, the window opens.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let Some(command) = cli.command else {
        return without_command();
    };
    // A fault in a library must still end with a sentence and an exit code; the panic hook has printed the rest.
    let outcome = catch_unwind(|| run(&command)).unwrap_or(Err(Failure::Unexpected));
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Generate(args) => generate::run(args).map(|()| ExitCode::SUCCESS),
        Command::Show(args) => show::run(args).map(|()| ExitCode::SUCCESS),
        Command::Info(args) => info::run(args).map(|()| ExitCode::SUCCESS),
        Command::Bench(args) => bench::run(args).map(|()| ExitCode::SUCCESS),
        Command::Models(args) => {
            models::run(args).map_err(|error| Failure::Failed(error.to_string()))
        }
    }
}

/// Prints a line on stdout. Whoever reads it may have gone (`danqing show … | head -1`), which is no failure: what was
/// asked for is done.
fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn without_command() -> ExitCode {
    // Help that cannot be printed helps nobody.
    let _ = Cli::command().print_help();
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_declared_without_contradiction() {
        Cli::command().debug_assert();
    }
}
