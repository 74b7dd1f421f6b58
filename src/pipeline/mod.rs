//! A request becomes pixels, in six steps: [`Pipeline::generate`] reads as they are numbered here.
//!
//! 1. Tokenise and 2. encode the words ([`prompt`]), once a prompt.
//! 3. Draw the noise ([`noise`]) from the picture's seed, or read the picture to start from ([`start_image`]).
//! 4. Denoise ([`denoise`]): one report a step ([`Observer`]), with a [`preview`] for who wants one.
//! 5. Decode and 6. make pixels ([`decode`]).
//!
//! Pictures are made one after the other, whatever the number asked for: so a picture has the same pixels alone and
//! among others, the first is there early, and memory does not grow with their number.

mod batch;
mod cancel;
pub mod decode;
pub mod denoise;
pub mod device;
mod error;
mod latents;
mod load;
mod memory;
pub mod noise;
mod observer;
mod picture;
pub mod preview;
pub mod prompt;
pub mod reader;
mod run;
pub mod start_image;
mod suited;
mod tiles;

pub use batch::{Batch, GivenNoise};
pub use cancel::CancelToken;
pub use device::{DeviceChoice, DeviceInfo, Placement, Precision, list_devices};
pub use error::PipelineError;
pub use latents::Latents;
pub use load::Networks;
pub use memory::{free_memory, machine_memory};
pub use observer::{Observer, Silent, Stage, StepReport};
pub use picture::{PeakMemory, Picture, Timings};
pub use suited::{SUITED_FILE, Suited, native_size};

use crate::{
    model::{AutoencoderKl, SchedulerConfig, Transformer},
    request::Request,
};
use prompt::PromptEncoder;
use run::Run;

/// A loaded model on its device, ready to make pictures.
#[derive(Debug)]
pub struct Pipeline {
    prompts: PromptEncoder,
    transformer: Transformer,
    vae: AutoencoderKl,
    scheduler: SchedulerConfig,
    projection: preview::Projection,
    placement: Placement,
}

impl Pipeline {
    /// Makes the pictures of `request`: picture `i` from seed `seed + i`.
    ///
    /// # Errors
    /// [`PipelineError::Cancelled`] soon after `cancel` is set, else what went wrong; the observer has by then been
    /// handed the pictures that were finished.
    pub fn generate(
        &mut self,
        request: &Request,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Vec<Picture>, PipelineError> {
        self.generate_batch(&Batch::of(request), observer, cancel)
    }

    /// As [`generate`](Self::generate), for several prompts or with given noise.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn generate_batch(
        &mut self,
        batch: &Batch<'_>,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Vec<Picture>, PipelineError> {
        let mut run = Run::begin(self, batch, observer, cancel)?;
        for (position, prompt) in batch.prompts().enumerate() {
            // 1. Tokenise, and 2. encode the words.
            let conditioning = run.encode(prompt)?;
            for _ in 0..batch.request.count.get() {
                // 3. Draw the noise.
                let start = run.start()?;
                // 4. Denoise.
                let latents = run.denoise(start, &conditioning)?;
                // 5. Decode, and 6. make pixels.
                let pixels = run.decode(latents)?;
                run.finish(position, pixels);
            }
        }
        Ok(run.pictures)
    }

    /// Where the model is.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Tokenizer and text encoder.
    pub fn prompts(&mut self) -> &mut PromptEncoder {
        &mut self.prompts
    }

    /// The autoencoder.
    pub fn autoencoder(&self) -> &AutoencoderKl {
        &self.vae
    }

    /// Gives back memory that is held only for speed: known prompts, and what the device's allocator keeps.
    pub fn free_caches(&mut self) {
        self.prompts.forget();
        self.placement.device.memory_cleanup();
    }
}
