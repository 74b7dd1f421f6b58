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
pub mod start_image;

pub use batch::{Batch, GivenNoise};
pub use cancel::CancelToken;
pub use device::{DeviceChoice, DeviceInfo, Placement, Precision, list_devices};
pub use error::PipelineError;
pub use latents::Latents;
pub use load::{Networks, native_size};
pub use observer::{Observer, Silent, Stage, StepReport};
pub use picture::{PeakMemory, Picture, Timings};

use crate::{
    model::{AutoencoderKl, FlowMatchEuler, SchedulerConfig, Transformer},
    request::{Prompt, Request},
};
use burn::tensor::Tensor;
use denoise::{Conditioning, Denoising, GuidanceRule, Kept};
use memory::MemoryGauge;
use prompt::PromptEncoder;
use std::time::Instant;

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

/// Where a picture's steps begin: noise, or a start image under noise.
struct Start {
    latents: Tensor<4>,
    schedule: FlowMatchEuler,
    kept: Option<Kept>,
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
        let request = batch.request;
        let interrupted = || cancel.is_cancelled();
        let go_on = || {
            if cancel.is_cancelled() {
                Err(PipelineError::Cancelled)
            } else {
                Ok(())
            }
        };
        let shape = self.latent_shape(request)?;
        batch.check_noise(shape)?;
        let mut gauge = MemoryGauge::default();
        let mut pictures = Vec::with_capacity(batch.len());

        for (position, text) in batch.prompts().enumerate() {
            // 1. Tokenise, and 2. encode the words.
            go_on()?;
            observer.stage(Stage::EncodeText, pictures.len());
            let (conditioning, mut encode_text) = self
                .timed("encoding the prompt", |pipeline| {
                    pipeline.condition(request, text, observer, &interrupted)
                })?;

            for _ in 0..request.count.get() {
                let index = pictures.len();
                let seed = request.seed.nth(index as u32);

                // 3. Draw the noise.
                go_on()?;
                if request.start.is_some() {
                    observer.stage(Stage::EncodeImage, index);
                }
                let (start, encode_image) = self.timed("preparing the noise", |pipeline| {
                    pipeline.start(batch, index, shape)
                })?;

                // 4. Denoise.
                go_on()?;
                observer.stage(Stage::Denoise, index);
                let mut steps = Vec::with_capacity(start.schedule.steps());
                let mut step_began = Instant::now();
                let denoising = Denoising {
                    transformer: &self.transformer,
                    schedule: &start.schedule,
                    conditioning: &conditioning,
                    guidance: GuidanceRule::of(request),
                    kept: start.kept,
                    interrupted: &interrupted,
                };
                let (latents, values) =
                    denoising.run(start.latents, &mut |step, sigma, values| {
                        steps.push(step_began.elapsed().as_secs_f64());
                        gauge.sample(&self.placement);
                        observer.step(&StepReport {
                            picture: index,
                            pictures: batch.len(),
                            seed,
                            step,
                            steps: start.schedule.steps(),
                            sigma,
                            seconds: steps[step - 1],
                            size: request.size,
                            latents: values,
                            shape,
                            projection: &self.projection,
                        });
                        step_began = Instant::now();
                    })?;

                // 5. Decode, and 6. make pixels.
                go_on()?;
                observer.stage(Stage::Decode, index);
                let (pixels, decode) = self.timed("decoding", |pipeline| {
                    decode::decode(&pipeline.vae, latents)
                })?;
                go_on()?;

                gauge.sample(&self.placement);
                let denoise = steps.iter().sum();
                let total = encode_text + encode_image + denoise + decode;
                let timings = Timings {
                    encode_text,
                    encode_image,
                    denoise,
                    steps,
                    decode,
                    total,
                };
                let picture = Picture {
                    pixels,
                    seed,
                    prompt: position,
                    latents: values,
                    timings,
                    peak_memory: gauge.peak(),
                };
                observer.picture(&picture);
                pictures.push(picture);
                encode_text = 0.0;
            }
        }
        Ok(pictures)
    }

    /// Latents of one picture: channels, height and width.
    fn latent_shape(&self, request: &Request) -> Result<[usize; 3], PipelineError> {
        let factor = self.vae.config().spatial_factor();
        let multiple = factor * self.transformer.config().patch_size();
        let sides = [
            request.size.height() as usize,
            request.size.width() as usize,
        ];
        if sides.iter().any(|side| side % multiple != 0) {
            return Err(PipelineError::Unsupported(format!(
                "its pictures' sides are multiples of {multiple}"
            )));
        }
        Ok([
            self.transformer.config().in_channels,
            sides[0] / factor,
            sides[1] / factor,
        ])
    }

    /// Encodes the words, and the negative ones where they will be felt.
    fn condition(
        &mut self,
        request: &Request,
        text: &Prompt,
        observer: &mut dyn Observer,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Conditioning, PipelineError> {
        let [_, height, width] = self.latent_shape(request)?;
        let mut context = |text: &Prompt| {
            let encoded = self.prompts.encode(text, interrupted)?;
            if let Some(cut) = encoded.cut() {
                observer.prompt_cut(cut);
            }
            Ok::<_, PipelineError>(self.transformer.encode_context(
                &[encoded.features],
                [height, width],
                interrupted,
            )?)
        };
        let positive = context(text)?;
        let negative = match &request.negative {
            _ if !request.guidance.is_on() => None,
            Some(negative) => Some(context(negative)?),
            None => Some(context(&Prompt::blank())?),
        };
        Ok(Conditioning { positive, negative })
    }

    /// Draws the noise of picture `index`, and puts it over the start image if there is one.
    fn start(
        &self,
        batch: &Batch<'_>,
        index: usize,
        shape: [usize; 3],
    ) -> Result<Start, PipelineError> {
        let request = batch.request;
        let device = &self.placement.device;
        let shift = request.shift.map(|shift| shift.get());
        let patch = self.transformer.config().patch_size();
        let tokens = (shape[1] / patch) * (shape[2] / patch);
        let schedule =
            FlowMatchEuler::new(&self.scheduler, request.steps.get() as usize, tokens, shift);
        let mut draws = batch.draws(index, shape);
        let Some(from) = &request.start else {
            return Ok(Start {
                latents: latents::to_device(draws.initial(), shape, device),
                schedule,
                kept: None,
            });
        };

        let picture = start_image::read_image(&from.image, request.size)?;
        let posterior = latents::to_device(draws.posterior(), shape, device);
        let clean = start_image::encode(&self.vae, &picture, posterior, device)?;
        let noise = latents::to_device(draws.initial(), shape, device);
        let schedule = schedule.starting_at_strength(from.strength.as_written());
        let latents = FlowMatchEuler::add_noise(clean.clone(), noise.clone(), schedule.sigmas()[0]);
        let kept = match &from.mask {
            None => None,
            Some(path) => {
                let mask = start_image::read_mask(path, request.size)?;
                let mask = start_image::mask_to_latents(&mask, [shape[1], shape[2]], device);
                Some(Kept { mask, clean, noise })
            }
        };
        Ok(Start {
            latents,
            schedule,
            kept,
        })
    }

    /// Runs `work` and waits for the device, so that the seconds are those of this work alone.
    fn timed<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&mut Self) -> Result<T, PipelineError>,
    ) -> Result<(T, f64), PipelineError> {
        let begin = Instant::now();
        let result = work(self)?;
        self.placement
            .device
            .sync()
            .map_err(|error| PipelineError::Execution {
                doing,
                cause: error.to_string(),
            })?;
        Ok((result, begin.elapsed().as_secs_f64()))
    }

    /// Where the model is.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Tokenizer and text encoder.
    pub fn prompts(&mut self) -> &mut PromptEncoder {
        &mut self.prompts
    }

    /// Gives back memory that is held only for speed: known prompts, and what the device's allocator keeps.
    pub fn free_caches(&mut self) {
        self.prompts.forget();
        self.placement.device.memory_cleanup();
    }
}
