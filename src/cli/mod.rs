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
mod terminal;
pub mod train;
pub mod verify;

pub use failure::Failure;

use clap::{
    CommandFactory as _, Parser, Subcommand,
    error::{ContextKind, ErrorKind},
};
use std::{panic::catch_unwind, path::PathBuf, process::ExitCode};

/// Danqing paints pictures from words with Z-Image-Turbo.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    /// Presets, pictures or model folders to open in the window
    files: Vec<PathBuf>,
    /// The model that the window loads, instead of the one used last
    #[arg(long, value_name = "PATH")]
    model: Option<PathBuf>,
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
    /// Make the demo model's pictures and train on them
    Train(train::Args),
}

/// Opens the window with these files, and with this model; returns when it is closed.
pub type OpenWindow = fn(Vec<PathBuf>, Option<PathBuf>) -> ExitCode;

/// Runs the program with the arguments it was started with. Without a command, the window opens, where there is one.
pub fn main(window: Option<OpenWindow>) -> ExitCode {
    let Cli {
        files,
        model,
        command,
    } = Cli::try_parse().unwrap_or_else(|error| explain(&error));
    let Some(command) = command else {
        return window.map_or_else(without_window, |open| open(files, model));
    };
    // A fault in a library must still end with a sentence and an exit code; the panic hook has printed the rest.
    let outcome = catch_unwind(|| run(&command)).unwrap_or(Err(Failure::Unexpected));
    let outcome = match terminal::lost() {
        Some(error) => outcome.and(Err(Failure::output(error))),
        None => outcome,
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            terminal::say("error", &failure.to_string());
            failure.exit_code()
        }
    }
}

/// Ends the program as clap would, with a word on the commonest mistake.
fn explain(error: &clap::Error) -> ! {
    if error.kind() == ErrorKind::UnknownArgument {
        let stray = error
            .get(ContextKind::InvalidArg)
            .is_some_and(|argument| !argument.to_string().starts_with('-'));
        if stray {
            eprintln!(
                "tip: a prompt of several words goes in quotes: danqing generate \"a red fox\"\n"
            );
        }
    }
    error.exit()
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
        Command::Train(args) => {
            train::run(args).map_err(|error| Failure::Failed(error.to_string()))
        }
    }
}

fn without_window() -> ExitCode {
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
