//! Models from files: the pipeline as the engine's painter.

use std::any::Any;

use super::error::panic_words;
use super::painter::{Loader, Painter, PreviewQuality, Progress, Provenance};
use super::{CancelToken, EngineError, ModelChoice};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::gallery::metadata::ModelRecord;
use crate::pipeline::device::DeviceError;
use crate::pipeline::{Observer, Picture, Pipeline, PipelineError, Placement, Stage, StepReport};
use crate::request::Request;

/// Loads checkpoints onto the device that is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub struct PipelineLoader;

impl Loader for PipelineLoader {
    fn load(
        &mut self,
        choice: &ModelChoice,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &CancelToken,
    ) -> Result<Box<dyn Painter>, EngineError> {
        let unusable = |error: &dyn std::fmt::Display| EngineError::Model(error.to_string());
        let checkpoint = Checkpoint::open(&choice.path).map_err(|error| unusable(&error))?;
        let placement = place(choice, checkpoint.bytes())
            .map_err(|error| EngineError::Device(error.to_string()))?;
        let provenance = Provenance::of(&checkpoint, &placement)?;
        let pipeline = Pipeline::load(&checkpoint, &placement, progress, cancel)?;
        Ok(Box::new(PipelinePainter {
            pipeline,
            provenance,
        }))
    }
}

/// The device of `choice` for a model with so many bytes of weights.
///
/// # Errors
/// [`DeviceError`] when the device or the number format that was asked for cannot be used.
pub fn place(choice: &ModelChoice, weight_bytes: u64) -> Result<Placement, DeviceError> {
    let ModelChoice {
        device, precision, ..
    } = *choice;
    let suited = device.suited_to(weight_bytes);
    // A number format that only a card has asks for the card, also for a model so small that it would do without.
    let mut placement = match Placement::resolve(suited, precision) {
        Err(_) if suited != device => Placement::resolve(device, precision)?,
        placement => placement?,
    };
    placement.low_memory = choice.low_memory;
    Ok(placement)
}

impl Provenance {
    /// What pictures say that `checkpoint` paints on `placement`.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the checkpoint's files can no longer be read.
    pub fn of(checkpoint: &Checkpoint, placement: &Placement) -> Result<Self, EngineError> {
        let hash = checkpoint
            .quick_hash()
            .map_err(|error| EngineError::Model(error.to_string()))?;
        Ok(Self {
            model: ModelRecord {
                name: checkpoint.name(),
                hash: Some(hash),
            },
            loras: Vec::new(),
            device: format!("{} ({})", placement.choice, placement.name),
            dtype: placement.precision.to_string(),
            notice: placement.notice.clone(),
        })
    }
}

struct PipelinePainter {
    pipeline: Pipeline,
    provenance: Provenance,
}

impl Painter for PipelinePainter {
    fn paint(
        &mut self,
        request: &Request,
        report: &mut dyn FnMut(Progress),
        cancel: &CancelToken,
    ) -> Result<Picture, EngineError> {
        let mut pictures = self
            .pipeline
            .generate(request, &mut Reporter(report), cancel)?;
        pictures
            .pop()
            .ok_or_else(|| EngineError::Request("the model made no picture".into()))
    }

    fn provenance(&self) -> Provenance {
        self.provenance.clone()
    }

    fn free_caches(&mut self) {
        self.pipeline.free_caches();
    }
}

/// Passes on what the pipeline tells.
struct Reporter<'a>(&'a mut dyn FnMut(Progress));

impl Observer for Reporter<'_> {
    fn stage(&mut self, stage: Stage, _picture: usize) {
        (self.0)(Progress::Stage(stage));
    }

    fn step(&mut self, report: &StepReport<'_>) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (self.0)(Progress::Step {
            step: count(report.step),
            steps: count(report.steps),
            preview: &|quality| match quality {
                PreviewQuality::Good => report.decoded_preview().unwrap_or_else(|error| {
                    if !matches!(error, PipelineError::Cancelled) {
                        tracing::warn!(%error, "no preview through the autoencoder");
                    }
                    report.preview()
                }),
                _ => report.preview(),
            },
        });
    }

    fn prompt_cut(&mut self, cut: &str) {
        (self.0)(Progress::PromptCut(cut.to_owned()));
    }
}

impl From<PipelineError> for EngineError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Cancelled => Self::Cancelled,
            PipelineError::Execution { cause, .. } => device_trouble(&cause),
            PipelineError::Device(error) => Self::Device(error.to_string()),
            PipelineError::Checkpoint(error) => match &error {
                CheckpointError::Device { reason, .. } => device_trouble(reason),
                _ => Self::Model(error.to_string()),
            },
            error @ PipelineError::NotFinite { .. } => Self::Model(error.to_string()),
            other => Self::Request(other.to_string()),
        }
    }
}

/// After these, every further call to the driver fails until the process ends.
const FATAL: [&str; 9] = [
    "poison",
    "illegal",
    "launch_failed",
    "launch failure",
    "misaligned",
    "device lost",
    "uncorrectable",
    "hardware_stack",
    "cuda_error_assert",
];

/// What a device's own words mean. Its errors come as text, with a backtrace behind the first lines.
pub(super) fn device_trouble(words: &str) -> EngineError {
    let lower = words.to_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    let short: String = words
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect();
    if says(&[
        "out of memory",
        "out_of_memory",
        "out of device memory",
        "can't allocate buffer",
    ]) {
        EngineError::OutOfMemory(short)
    } else if says(&FATAL) {
        EngineError::DeviceLost(short)
    } else {
        EngineError::Request(format!("the device failed: {short}"))
    }
}

/// What a panic means: CUDA's own failures may come as one.
pub(super) fn panic_trouble(panic: &(dyn Any + Send)) -> EngineError {
    let words = panic_words(panic);
    match device_trouble(&words) {
        trouble @ (EngineError::OutOfMemory(_) | EngineError::DeviceLost(_)) => trouble,
        _ => EngineError::Panicked(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fault rows 29 and 30.
    #[test]
    fn the_devices_words_are_told_apart_by_what_helps() {
        for (words, expected) in [
            (
                "out of device memory allocating 12 bytes\n0: backtrace",
                "memory",
            ),
            (
                "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
                "memory",
            ),
            ("the device is poisoned by an earlier fault", "lost"),
            ("DriverError(CUDA_ERROR_ILLEGAL_ADDRESS)", "lost"),
            ("A validation error happened during execution", "request"),
        ] {
            let kind = match device_trouble(words) {
                EngineError::OutOfMemory(words) => {
                    assert!(!words.contains("backtrace"));
                    "memory"
                }
                EngineError::DeviceLost(_) => "lost",
                _ => "request",
            };
            assert_eq!(kind, expected, "{words}");
        }
    }
}
