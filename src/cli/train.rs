//! `danqing train`: making checkpoints.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::terminal::print_line;
use crate::checkpoint::{Checkpoint, find_demo_model};
use crate::pipeline::device::{DeviceChoice, Placement};
use crate::pipeline::{CancelToken, Pipeline};
use crate::request::Guidance;
use crate::train::autoencoding::Trained;
use crate::train::demo::networks::Sizes;
use crate::train::demo::painter::Distillation;
use crate::train::demo::{autoencoder, evaluate, export, painter, scene::Scene, sheet};
use crate::train::optimizer::{LearningRate, OptimizerConfig};
use crate::train::trainer::Plan;

/// Arguments of `danqing train`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The demo model that comes with the program, from nothing
    #[command(subcommand)]
    Demo(Demo),
}

#[derive(Debug, Subcommand)]
enum Demo {
    /// Train the autoencoder; goes on from the state if there is one
    Autoencoder(Autoencoding),
    /// Train text encoder and transformer on a trained autoencoder; goes on from the state if there is one
    Painter(Painting),
    /// Write what was trained as a model folder
    Export(Export),
    /// Lay out pictures on a contact sheet: those of files, or else training pictures
    Sheet(Sheet),
    /// Measure how well a model follows prompts about combinations it was never trained on
    Evaluate(Evaluate),
}

/// Takes numbers of `range`; anything else, NaN too, is refused with it.
fn number(
    range: RangeInclusive<f64>,
) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let parsed = text.trim().parse().ok();
        parsed
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                format!(
                    "a number from {} to {} is wanted",
                    range.start(),
                    range.end()
                )
            })
    }
}

#[derive(Debug, ClapArgs)]
#[command(allow_negative_numbers = true)]
struct Training {
    /// Folder of the states, `autoencoder` and `painter` below it
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Steps in all, over which the learning rate falls
    #[arg(long, default_value_t = 6000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Stop and save after this long, even if steps are left
    #[arg(long, default_value_t = 10.0, value_parser = number(0.0..=1e6))]
    minutes: f64,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Highest learning rate; 0.001 for the autoencoder and 0.002 for the painter if it is not given
    #[arg(long, value_parser = number(0.0..=1.0))]
    rate: Option<f64>,
    /// Pictures a step; 32 for the autoencoder and 128 for the painter if it is not given
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=8_192))]
    batch: Option<u32>,
    /// Share of the steps that keep the highest rate; until its end --steps may still be changed
    #[arg(long, default_value_t = 0.4, value_parser = number(0.0..=1.0))]
    hold: f64,
    /// Share of the steps, at the beginning, on small pictures or crops
    #[arg(long, default_value_t = 0.2, value_parser = number(0.0..=1.0))]
    small_share: f64,
    /// Who moves matrices and kernels
    #[arg(long, default_value = "muon")]
    optimizer: OptimizerChoice,
    /// Decay of a moving average of the weights, such as 0.999; none is kept without it
    #[arg(long, value_name = "DECAY", value_parser = number(0.0..=1.0))]
    average: Option<f64>,
    /// Steps between two saved states, each with a sheet of samples
    #[arg(long, default_value_t = 0)]
    save_every: u64,
    /// Seeds everything
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Sizes of the networks
    #[arg(long, default_value = "demo")]
    size: SizeChoice,
}

#[derive(Debug, ClapArgs)]
struct Autoencoding {
    #[command(flatten)]
    training: Training,
    /// Train the decoder alone: latents, and with them a painter, stay as they are
    #[arg(long)]
    decoder_only: bool,
}

#[derive(Debug, ClapArgs)]
struct Painting {
    #[command(flatten)]
    training: Training,
    /// Pictures of the native size to draw from; fewer of other sizes come on top
    #[arg(long, default_value_t = 49_152, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pool: u64,
    /// Keep the encoded pictures in this folder, for the next piece of the training
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// State of a finished painter: begin with its weights and learn its guided velocities, so that one pass is enough
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,
    /// The guidance scale that is learnt from the teacher
    #[arg(long, default_value_t = 2.5, requires = "teacher", value_parser = number(1.0..=20.0))]
    teacher_guidance: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OptimizerChoice {
    /// Muon, which needs about half the steps
    Muon,
    /// AdamW for all weights
    Adamw,
}

impl OptimizerChoice {
    /// `muon`, a part's own choice of matrices, or none.
    fn or(self, muon: OptimizerConfig) -> OptimizerConfig {
        match self {
            Self::Muon => muon,
            Self::Adamw => OptimizerConfig::default(),
        }
    }
}

#[derive(Debug, ClapArgs)]
struct Export {
    /// Folder of the states
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The model folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, ClapArgs)]
struct Sheet {
    /// Pictures of one size to lay out, in this order; training pictures are painted without any
    #[arg(value_name = "PICTURE")]
    pictures: Vec<PathBuf>,
    /// The PNG or JPEG to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Pictures in a row
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    columns: u32,
    /// The first picture's seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Pictures
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    count: u64,
}

#[derive(Debug, ClapArgs)]
struct Evaluate {
    /// The model folder; the one that comes with the program if none is named
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Prompts, half of them Chinese; three and a half times as many pictures are painted
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    prompts: u64,
    /// Guidance scale, 1 = off
    #[arg(long, default_value_t = 1.0)]
    guidance: f32,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SizeChoice {
    /// The model that is shipped
    Demo,
    /// A model for tests of the training itself
    Tiny,
}

impl SizeChoice {
    fn sizes(self) -> Sizes {
        match self {
            Self::Demo => Sizes::demo(),
            Self::Tiny => Sizes::tiny(),
        }
    }
}

impl Training {
    fn plan(&self, part: &str, peak: f64, warm_up: u64) -> Plan {
        Plan {
            rate: LearningRate {
                peak: self.rate.unwrap_or(peak),
                warm_up,
                hold: self.hold,
                total: self.steps,
            },
            limit: Duration::from_secs_f64(self.minutes * 60.0),
            piece: u64::MAX,
            folder: self.state.join(part),
            save_every: self.save_every,
        }
    }
}

const AUTOENCODER: &str = "autoencoder";
const PAINTER: &str = "painter";

/// Runs `danqing train`.
///
/// # Errors
/// Whatever stops the training, with what to do next.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Command::Demo(demo) = &args.command;
    match demo {
        Demo::Autoencoder(wanted) => {
            let training = &wanted.training;
            let job = autoencoder::Job {
                sizes: training.size.sizes(),
                seed: training.seed,
                batch: training.batch.unwrap_or(32).into(),
                crop_share: training.small_share,
                optimizer: training.optimizer.or(autoencoder::optimizer()),
                trained: if wanted.decoder_only {
                    Trained::Decoder
                } else {
                    Trained::Both
                },
                average: training.average,
                plan: training.plan(AUTOENCODER, 1e-3, 100),
            };
            let device = Placement::resolve(training.device, None)?.device;
            let statistics = autoencoder::run(&job, &device)?;
            print_line(&format!(
                "reconstruction of held-out pictures: {:.2} dB",
                statistics.psnr
            ));
        }
        Demo::Painter(painting) => {
            let training = &painting.training;
            let job = painter::Job {
                sizes: training.size.sizes(),
                seed: training.seed,
                batch: training.batch.unwrap_or(128) as usize,
                pool: painting.pool,
                cache: painting.cache.clone(),
                small_share: training.small_share,
                distillation: painting.teacher.clone().map(|teacher| Distillation {
                    teacher,
                    guidance: painting.teacher_guidance,
                }),
                optimizer: training.optimizer.or(painter::optimizer()),
                average: training.average,
                plan: training.plan(PAINTER, 2e-3, 200),
            };
            let device = Placement::resolve(training.device, None)?.device;
            painter::run(&job, &training.state.join(AUTOENCODER), &device)?;
        }
        Demo::Export(export) => {
            let from = (export.state.join(AUTOENCODER), export.state.join(PAINTER));
            export::write(&Sizes::demo(), &from.0, &from.1, &export.out)?;
            print_line(&export.out.display().to_string());
        }
        Demo::Sheet(wanted) => {
            let pictures = if wanted.pictures.is_empty() {
                (0..wanted.count)
                    .map(|index| wanted.seed.wrapping_add(index))
                    .map(|seed| crate::train::demo::render(&Scene::sample(seed), 256))
                    .collect()
            } else {
                sheet::read(&wanted.pictures)?
            };
            let sheet = sheet::contact_sheet(&pictures, wanted.columns, 4);
            sheet::write(&sheet, &wanted.out)?;
        }
        Demo::Evaluate(wanted) => {
            let model = wanted
                .model
                .clone()
                .or_else(find_demo_model)
                .context("no demo model is installed; name one with --model")?;
            let placement = Placement::resolve(wanted.device, None)?;
            let mut pipeline = Pipeline::load(
                &Checkpoint::open(&model)?,
                &placement,
                &mut |_, _| {},
                &CancelToken::new(),
            )?;
            let guidance = Guidance::new(wanted.guidance)?;
            let bar = indicatif::ProgressBar::no_length();
            let evaluation =
                evaluate::evaluate(&mut pipeline, wanted.prompts, guidance, &mut |done| {
                    bar.set_position(done)
                })?;
            bar.finish_and_clear();
            print_line(&serde_json::to_string_pretty(&evaluation)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
