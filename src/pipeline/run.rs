//! One run of the pipeline: the six steps, each with its stage told, its seconds taken, and its chance to be cancelled.

use super::{
    Batch, CancelToken, Observer, Picture, Pipeline, PipelineError, Stage, StepReport, Timings,
    decode,
    denoise::{Conditioning, Denoising, GuidanceRule, Kept},
    latents,
    memory::MemoryGauge,
    start_image,
};
use crate::{
    model::{Context, FlowMatchEuler},
    request::{Prompt, StartImage},
};
use burn::tensor::Tensor;
use image::RgbImage;
use std::time::Instant;

/// Where a picture's steps begin: noise, or a start image under noise.
pub(super) struct Start {
    latents: Tensor<4>,
    schedule: FlowMatchEuler,
    kept: Option<Kept>,
}

/// A batch in the making.
pub(super) struct Run<'a> {
    pipeline: &'a mut Pipeline,
    batch: &'a Batch<'a>,
    observer: &'a mut dyn Observer,
    cancel: &'a CancelToken,
    /// `[C, h, w]`
    shape: [usize; 3],
    gauge: MemoryGauge,
    /// Of the picture in the making.
    timings: Timings,
    /// Of the picture in the making, `[C, h, w]`.
    values: Vec<f32>,
    /// Of the picture in the making.
    decoded_in_tiles: bool,
    /// Those that are finished.
    pub(super) pictures: Vec<Picture>,
}

impl<'a> Run<'a> {
    /// Checks that the model can make the batch.
    pub(super) fn begin(
        pipeline: &'a mut Pipeline,
        batch: &'a Batch<'a>,
        observer: &'a mut dyn Observer,
        cancel: &'a CancelToken,
    ) -> Result<Self, PipelineError> {
        let shape = batch.latent_shape(pipeline.transformer.config(), pipeline.vae.config())?;
        Ok(Self {
            pipeline,
            batch,
            observer,
            cancel,
            shape,
            gauge: MemoryGauge::default(),
            timings: Timings::default(),
            values: Vec::new(),
            decoded_in_tiles: false,
            pictures: Vec::with_capacity(batch.len()),
        })
    }

    /// Steps 1 and 2: the words, and the negative ones where they will be felt.
    pub(super) fn encode(&mut self, prompt: &Prompt) -> Result<Conditioning, PipelineError> {
        let begin = self.stage(Some(Stage::EncodeText))?;
        let request = self.batch.request;
        let positive = self.context(prompt)?;
        let negative = match &request.negative {
            _ if !request.guidance.is_on() => None,
            Some(negative) => Some(self.context(negative)?),
            None => Some(self.context(&Prompt::blank())?),
        };
        self.timings.encode_text = self.seconds("encoding the prompt", begin)?;
        Ok(Conditioning { positive, negative })
    }

    fn context(&mut self, prompt: &Prompt) -> Result<Context, PipelineError> {
        let interrupted = || self.cancel.is_cancelled();
        let encoded = self.pipeline.prompts.encode(prompt, &interrupted)?;
        if let Some(cut) = encoded.cut() {
            self.observer.prompt_cut(cut);
        }
        let [_, height, width] = self.shape;
        let transformer = &self.pipeline.transformer;
        Ok(transformer.encode_context(&[encoded.features], [height, width], &interrupted)?)
    }

    /// Step 3: the noise of the picture that is next, over the start image if there is one.
    pub(super) fn start(&mut self) -> Result<Start, PipelineError> {
        let from = self.batch.request.start.as_ref();
        let begin = self.stage(from.map(|_| Stage::EncodeImage))?;
        let schedule = self.schedule();
        let mut draws = self.batch.draws(self.pictures.len(), self.shape);
        let device = &self.pipeline.placement.device;
        let start = match from {
            None => Start {
                latents: latents::to_device(draws.initial(), self.shape, device),
                schedule,
                kept: None,
            },
            Some(from) => {
                // The order of the draws is part of what a seed means.
                let posterior = latents::to_device(draws.posterior(), self.shape, device);
                let noise = latents::to_device(draws.initial(), self.shape, device);
                self.start_from(from, posterior, noise, schedule)?
            }
        };
        self.timings.encode_image = self.seconds("preparing the noise", begin)?;
        Ok(start)
    }

    /// The whole schedule of a picture.
    fn schedule(&self) -> FlowMatchEuler {
        let request = self.batch.request;
        let patch = self.pipeline.transformer.config().patch_size();
        let tokens = (self.shape[1] / patch) * (self.shape[2] / patch);
        let shift = request.shift.map(|shift| shift.get());
        FlowMatchEuler::new(
            &self.pipeline.scheduler,
            request.steps.get() as usize,
            tokens,
            shift,
        )
    }

    /// The start image under noise, at the level where its strength lets the schedule begin.
    fn start_from(
        &self,
        from: &StartImage,
        posterior: Tensor<4>,
        noise: Tensor<4>,
        schedule: FlowMatchEuler,
    ) -> Result<Start, PipelineError> {
        let size = self.batch.request.size;
        let device = &self.pipeline.placement.device;
        let picture = start_image::read_image(&from.image, size)?;
        let clean = start_image::encode(&self.pipeline.vae, &picture, posterior, device, &|| {
            self.cancel.is_cancelled()
        })?;
        let schedule = schedule.starting_at_strength(from.strength.as_written());
        let latents = FlowMatchEuler::add_noise(clean.clone(), noise.clone(), schedule.sigmas()[0]);
        let kept = match &from.mask {
            None => None,
            Some(path) => {
                let mask = start_image::read_mask(path, size)?;
                let [_, height, width] = self.shape;
                let mask = start_image::mask_to_latents(&mask, [height, width], device);
                Some(Kept { mask, clean, noise })
            }
        };
        Ok(Start {
            latents,
            schedule,
            kept,
        })
    }

    /// Step 4: all steps, with a report of each.
    pub(super) fn denoise(
        &mut self,
        start: Start,
        conditioning: &Conditioning,
    ) -> Result<Tensor<4>, PipelineError> {
        let mut begin = self.stage(Some(Stage::Denoise))?;
        let (index, request) = (self.pictures.len(), self.batch.request);
        let denoising = Denoising {
            transformer: &self.pipeline.transformer,
            schedule: &start.schedule,
            conditioning,
            guidance: GuidanceRule::of(request),
            kept: start.kept,
            interrupted: &|| self.cancel.is_cancelled(),
        };
        let mut seconds = Vec::with_capacity(start.schedule.steps());
        let (latents, values) = denoising.run(start.latents, &mut |step| {
            seconds.push(begin.elapsed().as_secs_f64());
            // What one step took stays reserved for the next, and asking makes a CUDA device idle for a moment.
            if step.number == 1 {
                self.gauge.sample(&self.pipeline.placement);
            }
            self.observer.step(&StepReport {
                picture: index,
                pictures: self.batch.len(),
                seed: request.seed.nth(index as u32),
                step: step.number,
                steps: start.schedule.steps(),
                sigma: step.after.0,
                seconds: seconds[step.number - 1],
                size: request.size,
                latents: step.after.1,
                before: step.before,
                shape: self.shape,
                projection: &self.pipeline.projection,
                vae: &self.pipeline.vae,
                placement: &self.pipeline.placement,
                cancel: self.cancel,
            });
            begin = Instant::now();
        })?;
        self.timings.denoise = seconds.iter().sum();
        self.timings.steps = seconds;
        self.values = values;
        Ok(latents)
    }

    /// Steps 5 and 6: latents to pixels.
    pub(super) fn decode(&mut self, latents: Tensor<4>) -> Result<RgbImage, PipelineError> {
        let begin = self.stage(Some(Stage::Decode))?;
        let interrupted = || self.cancel.is_cancelled();
        let (vae, placement) = (&self.pipeline.vae, &self.pipeline.placement);
        let [_, height, width] = self.shape;
        let tile = decode::tile_for(vae, [height, width], placement);
        self.decoded_in_tiles = tile.is_some();
        let pixels = decode::decode(vae, latents, tile, &interrupted)?;
        self.timings.decode = self.seconds("decoding", begin)?;
        // A picture that was cancelled while it was decoded is not handed out.
        self.stage(None)?;
        Ok(pixels)
    }

    /// Hands the picture out.
    pub(super) fn finish(&mut self, prompt: usize, pixels: RgbImage) {
        self.gauge.sample(&self.pipeline.placement);
        let mut timings = std::mem::take(&mut self.timings);
        timings.total =
            timings.encode_text + timings.encode_image + timings.denoise + timings.decode;
        let picture = Picture {
            pixels,
            seed: self.batch.request.seed.nth(self.pictures.len() as u32),
            prompt,
            latents: std::mem::take(&mut self.values),
            latent_shape: self.shape,
            timings,
            peak_memory: self.gauge.peak(),
            decoded_in_tiles: self.decoded_in_tiles,
        };
        self.observer.picture(&picture);
        self.pictures.push(picture);
    }

    /// Begins a stage, and tells of it if it has a name.
    fn stage(&mut self, stage: Option<Stage>) -> Result<Instant, PipelineError> {
        if self.cancel.is_cancelled() {
            return Err(PipelineError::Cancelled);
        }
        if let Some(stage) = stage {
            self.observer.stage(stage, self.pictures.len());
        }
        Ok(Instant::now())
    }

    /// Waits for the device, so that the seconds since `begin` are those of one stage alone.
    fn seconds(&self, doing: &'static str, begin: Instant) -> Result<f64, PipelineError> {
        let device = &self.pipeline.placement.device;
        device.sync().map_err(|error| PipelineError::Execution {
            doing,
            cause: error.to_string(),
        })?;
        Ok(begin.elapsed().as_secs_f64())
    }
}
