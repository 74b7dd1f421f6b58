//! Bars on stderr. Where stderr is no terminal, nothing is drawn.

use super::terminal::{print_line, printable};
use crate::pipeline::{Stage, StepReport};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for bytes of weights.
pub fn loading(bytes: u64) -> ProgressBar {
    bar(
        bytes,
        "{msg:22} {bar:30} {binary_bytes} of {binary_total_bytes}, {eta} left",
    )
    .with_message("loading the model")
}

/// A bar for the steps of all pictures.
#[derive(Debug)]
pub struct Steps {
    bar: ProgressBar,
    pictures: usize,
}

impl Steps {
    /// Nothing done yet.
    pub fn new(pictures: usize) -> Self {
        Self {
            bar: bar(0, "{msg:22} {bar:30} step {pos} of {len}, {eta} left"),
            pictures,
        }
    }

    /// Another stage has begun.
    pub fn stage(&self, stage: Stage, picture: usize) {
        let doing = match stage {
            Stage::EncodeText => "reading the prompt",
            Stage::EncodeImage => "reading the start image",
            Stage::Denoise => "painting",
            Stage::Decode => "developing",
        };
        let message = match self.pictures {
            1 => doing.to_owned(),
            pictures => format!("{doing} {} of {pictures}", picture + 1),
        };
        self.bar.set_message(message);
        self.bar.tick();
    }

    /// A step is done.
    pub fn step(&self, report: &StepReport<'_>) {
        self.bar.set_length((report.steps * report.pictures) as u64);
        self.bar
            .set_position((report.steps * report.picture + report.step) as u64);
    }

    /// Says something above the bar.
    pub fn say(&self, words: &str) {
        self.bar.suspend(|| eprintln!("{}", printable(words)));
    }

    /// Prints a result, on stdout.
    pub fn print(&self, line: &str) {
        self.bar.suspend(|| print_line(line));
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    // A template that does not parse costs looks only.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style.progress_chars("━╸─"))
}
