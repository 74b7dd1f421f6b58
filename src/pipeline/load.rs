use super::{
    CancelToken, Pipeline, PipelineError, Placement, memory, preview::Projection,
    prompt::PromptEncoder, reader::Reader,
};
use crate::{
    checkpoint::{Checkpoint, Part, Tokenizer},
    model::{AutoencoderKl, SchedulerConfig, Transformer},
};

/// A small file may say how latents look; see [`Projection`].
const PREVIEW_FILE: &str = "preview.json";

/// What the transformer and the decoder take at 1024 × 1024 besides weights, generously.
const ROOM_TO_PAINT: u64 = 3 << 30;

/// The parts of a pipeline, wherever they came from.
#[derive(Debug)]
pub struct Networks {
    /// Absent for random weights, to which prompts mean nothing.
    pub tokenizer: Option<Tokenizer>,
    /// Words to features.
    pub reader: Reader,
    /// Noise to latents.
    pub transformer: Transformer,
    /// Latents to pixels, and back.
    pub vae: AutoencoderKl,
    /// The noise levels.
    pub scheduler: SchedulerConfig,
    /// How latents look.
    pub projection: Projection,
}

impl Networks {
    /// Loads all parts of `checkpoint` onto the device. `progress` takes bytes done and bytes in all.
    ///
    /// # Errors
    /// [`PipelineError::Checkpoint`] with what is wrong with which file, or [`PipelineError::Cancelled`] within one
    /// tensor after `cancel` is set; nothing stays on the device then.
    pub fn load(
        checkpoint: &Checkpoint,
        placement: &Placement,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &CancelToken,
    ) -> Result<Self, PipelineError> {
        let (device, dtype) = (&placement.device, placement.precision.dtype());
        // What is small and can be wrong comes first.
        let tokenizer = Some(checkpoint.tokenizer()?);
        let projection = projection(checkpoint)?;
        let scheduler = checkpoint.configs().scheduler.clone();
        let streamed = placement.low_memory || is_short_of_memory(checkpoint, placement);
        let mut all = checkpoint.bytes();
        if streamed {
            all -= checkpoint.tensors(Part::TextEncoder).bytes();
        }
        let mut report = |done| {
            progress(done, all);
            cancel.go_on()
        };
        let mut before = 0;
        let mut part = |part: Part| {
            let begin = before;
            before += checkpoint.tensors(part).bytes();
            begin
        };
        let reader = if streamed {
            Reader::Streamed(Box::new(checkpoint.text_encoder_files(device, dtype)?))
        } else {
            let begin = part(Part::TextEncoder);
            let report = &mut |done, _| report(begin + done);
            Reader::Resident(checkpoint.load_text_encoder(device, dtype, report)?)
        };
        let begin = part(Part::Vae);
        let vae = checkpoint.load_vae(device, dtype, &mut |done, _| report(begin + done))?;
        let begin = part(Part::Transformer);
        let form = placement.precision.form();
        let report = &mut |done, _| report(begin + done);
        let transformer = checkpoint.load_transformer_as(form, device, dtype, report)?;
        // What was only needed for loading.
        device.memory_cleanup();
        Ok(Self {
            tokenizer,
            reader,
            transformer,
            vae,
            scheduler,
            projection,
        })
    }
}

/// Whether the device lacks the room for all weights and a picture of 1024 × 1024 beside them, so that the text encoder
/// has to be streamed.
fn is_short_of_memory(checkpoint: &Checkpoint, placement: &Placement) -> bool {
    placement.device.memory_cleanup();
    let free = if placement.is_cuda() {
        placement.free_memory()
    } else {
        memory::free_memory()
    };
    let Some(free) = free else {
        return false;
    };
    let narrow = placement.precision.eight_bit().map_or(0, |_| {
        // A byte a number less.
        checkpoint.tensors(Part::Transformer).parameters()
    });
    let parameters: u64 = Part::ALL
        .iter()
        .map(|part| checkpoint.tensors(*part).parameters())
        .sum();
    let weights = parameters * placement.precision.dtype().size() as u64 - narrow;
    // A small model paints small pictures.
    free < weights + ROOM_TO_PAINT.min(weights)
}

impl Pipeline {
    /// Loads a checkpoint onto a device. `progress` takes bytes done and bytes in all.
    ///
    /// # Errors
    /// [`PipelineError::Checkpoint`] with what is wrong with which file, or [`PipelineError::Cancelled`] within one
    /// tensor after `cancel` is set; nothing stays on the device then.
    pub fn load(
        checkpoint: &Checkpoint,
        placement: &Placement,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &CancelToken,
    ) -> Result<Self, PipelineError> {
        Ok(Self::new(
            Networks::load(checkpoint, placement, progress, cancel)?,
            placement,
        ))
    }

    /// Puts together networks that are on `placement` already.
    pub fn new(networks: Networks, placement: &Placement) -> Self {
        let Networks {
            tokenizer,
            reader,
            transformer,
            vae,
            scheduler,
            projection,
        } = networks;
        Self {
            prompts: PromptEncoder::new(tokenizer, reader),
            transformer,
            vae,
            scheduler,
            projection,
            placement: placement.clone(),
        }
    }
}

/// The preview's coefficients: those in the model's folder if it has any, else those of the published autoencoder.
fn projection(checkpoint: &Checkpoint) -> Result<Projection, PipelineError> {
    let path = checkpoint.path().join(PREVIEW_FILE);
    if path.is_file() {
        Projection::read(&path)
    } else {
        Ok(Projection::FLUX)
    }
}
