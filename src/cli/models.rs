//! `danqing models`: what a model on disk is, and whether it is whole.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::terminal::{print_line, printable};
use crate::checkpoint::{
    Checkpoint, CheckpointError, FileDigest, Layout, PartReport, Report, find_demo_model,
};

/// Exit code for a model that cannot be used.
const UNSOUND: u8 = 2;

/// Arguments of `danqing models`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check that a model is whole: every tensor's name, shape and number format, from headers alone
    Check(CheckArgs),
}

/// Arguments of `danqing models check`.
#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// A model folder, or a transformer's .safetensors file with its companions beside it
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Also read every byte and print the SHA-256 of each file
    #[arg(long)]
    hash: bool,
}

/// Runs `danqing models`. The exit code is 0 for a sound model and 2 for one that cannot be used.
///
/// # Errors
/// Only when the answer cannot be put into words.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Command::Check(args) = &args.command;
    let answer = Answer::find(args);
    if args.json {
        print_line(&serde_json::to_string(&answer)?);
    } else {
        let mut words = Vec::new();
        answer.print(&mut words)?;
        print_line(printable(&String::from_utf8_lossy(&words)).trim_end());
    }
    Ok(if answer.sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNSOUND)
    })
}

/// Everything `models check` says.
#[derive(Debug, Serialize)]
struct Answer {
    path: String,
    sound: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    model: Option<Model>,
}

/// A model that could be opened.
#[derive(Debug, Serialize)]
struct Model {
    name: String,
    layout: Layout,
    #[serde(flatten)]
    report: Report,
    tokenizer_tokens: Option<u32>,
    shift: f64,
    dynamic_shift: bool,
    scheduler_assumed: bool,
    quick_hash: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sha256: Vec<FileDigest>,
}

impl Answer {
    fn find(args: &CheckArgs) -> Self {
        let Some(path) = args.path.clone().or_else(find_demo_model) else {
            return Self {
                path: String::new(),
                sound: false,
                error: Some(
                    "no model was named and the demo model is not installed; name a model folder"
                        .into(),
                ),
                model: None,
            };
        };
        let opened = Checkpoint::open(&path);
        let path = path.display().to_string();
        match opened {
            Ok(checkpoint) => {
                let (model, error) = Model::about(&checkpoint, args.hash);
                let sound = error.is_none() && model.report.is_sound();
                Self {
                    path,
                    sound,
                    error: error.map(|error| error.to_string()),
                    model: Some(model),
                }
            }
            Err(error) => Self {
                path,
                sound: false,
                error: Some(error.to_string()),
                model: None,
            },
        }
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        if let Some(model) = &self.model {
            model.print(out)?;
        }
        if let Some(error) = &self.error {
            writeln!(out, "{error}")?;
        }
        match &self.model {
            Some(model) if !model.report.is_sound() => {
                write!(out, "{}", model.report)?;
                writeln!(out, "problems: {}", model.report.problems())
            }
            Some(_) if self.sound => writeln!(out, "sound: every tensor is in its place"),
            _ => Ok(()),
        }
    }
}

impl Model {
    /// Asks a checkpoint everything; an error of one question does not keep the others from being answered.
    fn about(checkpoint: &Checkpoint, hash: bool) -> (Self, Option<CheckpointError>) {
        let mut error = None;
        let scheduler = &checkpoint.configs().scheduler;
        let model = Self {
            name: checkpoint.name(),
            layout: checkpoint.layout(),
            report: checkpoint.check(),
            tokenizer_tokens: keep(checkpoint.tokenizer(), &mut error)
                .map(|tokenizer| tokenizer.size()),
            shift: scheduler.shift,
            dynamic_shift: scheduler.use_dynamic_shifting,
            scheduler_assumed: checkpoint.is_scheduler_assumed(),
            quick_hash: keep(checkpoint.quick_hash(), &mut error),
            sha256: if hash {
                keep(
                    checkpoint.full_hash(&mut |_, _| ControlFlow::Continue(())),
                    &mut error,
                )
                .unwrap_or_default()
            } else {
                Vec::new()
            },
        };
        (model, error)
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let layout = match self.layout {
            Layout::Folder => "Hugging Face folder",
            Layout::SingleFile => "single files",
        };
        writeln!(out, "{} ({layout})", self.name)?;
        for part in &self.report.parts {
            print_part(part, out)?;
        }
        if let Some(tokens) = self.tokenizer_tokens {
            writeln!(out, "  {:<18} {tokens} tokens", "tokenizer")?;
        }
        let shift = if self.dynamic_shift {
            "dynamic".to_owned()
        } else {
            self.shift.to_string()
        };
        let origin = if self.scheduler_assumed {
            " (Z-Image-Turbo's, since no scheduler_config.json was found)"
        } else {
            ""
        };
        writeln!(out, "  {:<18} shift {shift}{origin}", "schedule")?;
        if let Some(hash) = &self.quick_hash {
            writeln!(out, "  {:<18} {hash}", "quick hash")?;
        }
        for digest in &self.sha256 {
            writeln!(out, "  {}  {}", digest.sha256, digest.file)?;
        }
        Ok(())
    }
}

fn print_part(part: &PartReport, out: &mut impl Write) -> std::io::Result<()> {
    let dtypes: Vec<&str> = part.dtypes.iter().map(String::as_str).collect();
    let files = match part.files.len() {
        1 => "1 file".to_owned(),
        several => format!("{several} files"),
    };
    writeln!(
        out,
        "  {:<18} {} tensors, {} weights, {} as {}, {files}",
        part.part.to_string(),
        part.tensors,
        decimal(part.parameters, ""),
        decimal(part.bytes, "B"),
        dtypes.join(" and "),
    )
}

/// 24619635712 → "24.6 GB".
fn decimal(number: u64, unit: &str) -> String {
    const STEPS: [(u64, &str); 3] = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    for (step, prefix) in STEPS {
        if number >= step {
            return format!("{:.1} {prefix}{unit}", number as f64 / step as f64);
        }
    }
    format!("{number} {unit}").trim_end().to_owned()
}

/// Takes the value, or keeps the first error.
fn keep<T>(result: Result<T, CheckpointError>, error: &mut Option<CheckpointError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(found) => {
            error.get_or_insert(found);
            None
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn answer(path: &str) -> Answer {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/files")
            .join(path);
        Answer::find(&CheckArgs {
            path: Some(path),
            json: false,
            hash: false,
        })
    }

    fn printed(answer: &Answer) -> String {
        let mut out = Vec::new();
        answer.print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_sound_model_is_described_and_called_sound() {
        let answer = answer("golden/tiny/model_f32");
        let text = printed(&answer);
        assert!(
            text.starts_with("model_f32 (Hugging Face folder)\n"),
            "{text}"
        );
        assert!(text.contains("transformer        "), "{text}");
        assert!(text.contains("shift 3\n"), "{text}");
        assert!(
            text.ends_with("sound: every tensor is in its place\n"),
            "{text}"
        );
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["sound"], true);
        assert_eq!(json["parts"][1]["part"], "transformer");
        assert_eq!(json["tokenizer_tokens"], 446);
    }

    #[test]
    fn a_file_that_is_no_model_is_called_what_it_is() {
        let answer = answer("golden/tiny_extra/lora_comfy_split.safetensors");
        assert!(!answer.sound);
        assert!(printed(&answer).contains("is a LoRA"));
        let json = serde_json::to_value(&answer).unwrap();
        assert!(json["error"].as_str().unwrap().contains("is a LoRA"));
    }

    #[test]
    fn sizes_read_as_people_write_them() {
        assert_eq!(decimal(24_619_635_712, "B"), "24.6 GB");
        assert_eq!(decimal(6_154_908_736, ""), "6.2 G");
        assert_eq!(decimal(999, "B"), "999 B");
        assert_eq!(decimal(0, ""), "0");
    }
}
