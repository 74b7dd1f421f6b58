//! The arguments that say which model runs where, and the model they name.

use super::{Failure, progress, terminal::note};
use crate::{
    checkpoint::{Checkpoint, find_demo_model},
    engine::{Demands, Fit},
    gallery::metadata::ModelRecord,
    pipeline::{CancelToken, DeviceChoice, Pipeline, Placement, Precision, free_memory},
    request::ImageSize,
};
use std::{path::PathBuf, time::Instant};

/// `--model`, `--device`, `--dtype`, `--low-memory`.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// A Z-Image model: a Hugging Face folder, or a .safetensors file with its companions beside it. Without this,
    /// the small demo model that comes with Danqing
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Where to run: auto, cpu, or cuda:0 with the number of the card
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Number format of weights and activations: f32, bf16, or on CUDA fp8 or int8 (the transformer's big products in 8
    /// bits: faster, smaller, slightly other pictures). Without this, bf16 on CUDA and f32 on the CPU
    #[arg(long, value_name = "FORMAT")]
    pub dtype: Option<Precision>,
    /// Read the text encoder from its files for each new prompt instead of keeping it in memory: the published model
    /// then takes 7 GiB less. Done without being asked on a device that does not hold it
    #[arg(long)]
    pub low_memory: bool,
}

impl ModelArgs {
    /// Finds the device for a model with so many bytes of weights, and says so on stderr where it is not the one that
    /// would be expected.
    pub fn place(&self, weight_bytes: u64) -> Result<Placement, Failure> {
        let mut placement = Placement::resolve(self.device.suited_to(weight_bytes), self.dtype)?;
        if let Some(notice) = &placement.notice {
            note(notice);
        }
        placement.low_memory = self.low_memory;
        Ok(placement)
    }

    /// Opens the checkpoint: headers only.
    pub fn open(&self) -> Result<Checkpoint, Failure> {
        if let Some(path) = &self.model {
            return Ok(Checkpoint::open(path)?);
        }
        let path = find_demo_model().ok_or_else(|| {
            Failure::Input(
                "no --model was given and the demo model is not installed; name a model folder"
                    .into(),
            )
        })?;
        note(&format!(
            "no --model was given, so the small demo model paints: {}",
            path.display()
        ));
        Ok(Checkpoint::open(&path)?)
    }
}

/// Refuses what the machine's memory does not hold, as the system would otherwise stop the program in the midst of it. A
/// card says by itself that it is full.
pub fn expect_room(
    checkpoint: &Checkpoint,
    placement: &Placement,
    size: ImageSize,
) -> Result<(), Failure> {
    if placement.is_cuda() {
        return Ok(());
    }
    let demands = Demands::of(checkpoint, placement.precision);
    let free = free_memory().unwrap_or(u64::MAX);
    match demands.fit(size, free, false) {
        Fit::Fits => Ok(()),
        Fit::TooLarge { needs, instead, .. } => Err(too_large(placement, [needs, free], instead)),
    }
}

/// The sentence for a model that `needs` more bytes than are `free`.
pub fn too_large(
    placement: &Placement,
    [needs, free]: [u64; 2],
    instead: Option<ImageSize>,
) -> Failure {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let remedy = match (instead, placement.precision) {
        (Some(size), _) => format!("use --size {size}"),
        (None, Precision::F32) => "use --dtype bf16, a card, or a smaller model".into(),
        (None, _) => "use a card, or a smaller model".into(),
    };
    Failure::Input(format!(
        "this takes about {:.1} GiB of memory in {} and {:.1} GiB are free; {remedy}",
        gib(needs),
        placement.precision,
        gib(free),
    ))
}

/// A model on its device.
pub struct Loaded {
    /// Ready to paint.
    pub pipeline: Pipeline,
    /// What to call it in records.
    pub record: ModelRecord,
    /// Seconds that loading took.
    pub seconds: f64,
}

/// Loads `checkpoint` with a progress bar on stderr, unless `cancel` is set meanwhile.
pub fn load(
    checkpoint: &Checkpoint,
    placement: &Placement,
    cancel: &CancelToken,
) -> Result<Loaded, Failure> {
    let begin = Instant::now();
    let record = ModelRecord {
        name: checkpoint.name(),
        hash: Some(checkpoint.quick_hash()?),
    };
    let bar = progress::loading(checkpoint.bytes());
    let mut progress = |done, _| bar.set_position(done);
    let pipeline = Pipeline::load(checkpoint, placement, &mut progress, cancel);
    bar.finish_and_clear();
    Ok(Loaded {
        pipeline: pipeline?,
        record,
        seconds: begin.elapsed().as_secs_f64(),
    })
}
