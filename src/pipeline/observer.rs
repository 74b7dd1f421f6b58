use super::preview::Projection;
use super::{CancelToken, PipelineError, Placement, decode, latents, preview};
use crate::model::AutoencoderKl;
use crate::request::{ImageSize, Seed};
use image::RgbImage;

/// What the pipeline is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Words into features, negative words too.
    EncodeText,
    /// The start image into latents.
    EncodeImage,
    /// The transformer's steps.
    Denoise,
    /// Latents into pixels.
    Decode,
}

/// One step done.
#[derive(Clone, Copy)]
pub struct StepReport<'a> {
    /// Which picture, counted from 0.
    pub picture: usize,
    /// Pictures in all.
    pub pictures: usize,
    /// Seed of this picture.
    pub seed: Seed,
    /// Steps done, counted from 1.
    pub step: usize,
    /// Steps this picture takes.
    pub steps: usize,
    /// The noise that remains after this step, from 1 down to 0.
    pub sigma: f32,
    /// Seconds this step took.
    pub seconds: f64,
    /// The picture's size in pixels.
    pub size: ImageSize,
    /// `shape`, row-major: the latents after this step, already checked to be finite.
    pub latents: &'a [f32],
    /// Channels, height and width of the latents.
    pub shape: [usize; 3],
    /// The noise level and the latents before this step.
    pub(super) before: (f32, &'a [f32]),
    pub(super) projection: &'a Projection,
    pub(super) vae: &'a AutoencoderKl,
    pub(super) placement: &'a Placement,
    pub(super) cancel: &'a CancelToken,
}

impl StepReport<'_> {
    /// A small picture of what the latents are about to become, an eighth of the size on each side. Costs a few
    /// milliseconds at 1024 × 1024, on the CPU.
    pub fn preview(&self) -> RgbImage {
        let [_, height, width] = self.shape;
        self.projection
            .latents_to_rgb(&self.foretold(), width, height)
    }

    /// The same as it will be: decoded as a picture is, for what that takes.
    ///
    /// # Errors
    /// As for decoding a picture.
    pub fn decoded_preview(&self) -> Result<RgbImage, PipelineError> {
        let [_, height, width] = self.shape;
        let tile = decode::tile_for(self.vae, [height, width], self.placement);
        let latents = latents::to_device(self.foretold(), self.shape, &self.placement.device);
        let interrupted = || self.cancel.is_cancelled();
        decode::decode(self.vae, latents, tile, &interrupted)
    }

    fn foretold(&self) -> Vec<f32> {
        preview::foretell((self.sigma, self.latents), self.before)
    }
}

/// Told of a picture's progress, on the thread that makes it: return soon, and never wait for a window.
pub trait Observer {
    /// A stage of picture `picture` (counted from 0) begins.
    fn stage(&mut self, stage: Stage, picture: usize) {
        let _ = (stage, picture);
    }

    /// A step is done.
    fn step(&mut self, report: &StepReport<'_>) {
        let _ = report;
    }

    /// The encoder could not take the whole prompt: `cut` is the part it will not see.
    fn prompt_cut(&mut self, cut: &str) {
        let _ = cut;
    }

    /// A picture is finished; those after it may yet fail or be cancelled.
    fn picture(&mut self, picture: &super::Picture) {
        let _ = picture;
    }
}

/// The observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
