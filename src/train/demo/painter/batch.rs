//! What a step trains on, by numbers: the pictures themselves are on the device.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Job;
use super::shapes::{SHAPES, Shape};
use crate::model::transformer::Context;
use crate::pipeline::noise::Noise;
use crate::request::Seed;
use crate::train::demo::networks::Painter;
use crate::train::demo::sampling;
use crate::train::demo::wordings::{LONG_TOKENS, SHORT_TOKENS, Wordings};
use crate::train::{TrainError, flow_matching};

/// One step in so many has long captions; no multiple of the sizes' turns, so that each size has some.
const LONG_EVERY: u64 = 7;
/// Shift of the training's noise levels: that of sampling, which never looks at a picture with less noise than 0.3.
const SHIFT: f32 = sampling::SHIFT as f32;
/// How much more the subject's places count than others at the beginning. A subject fills a sixth of a picture, and its
/// kind and colour are most of what a caption says.
const EMPHASIS: f64 = 2.0;
/// Share of the steps over which the emphasis falls to nothing: weights that depend on the picture bend the mean that
/// is learnt, so the last word has the plain loss.
const EMPHASISED: f64 = 0.7;

/// The pictures, noise levels and captions of one step.
pub struct Batch {
    /// Index in [`SHAPES`] of what the pictures look like.
    pub shape: usize,
    /// Numbers of the pictures in their pool.
    pub pictures: Vec<i32>,
    /// Noise level of each.
    pub sigmas: Vec<f32>,
    /// Their captions.
    pub captions: Captions,
    /// How much more the subject's places count.
    pub emphasis: f64,
    /// Standard normal numbers, as many as the pictures' latents have.
    pub noise: Vec<f32>,
}

/// Captions as token ids, all filled up to one length.
#[derive(Clone, Debug, Default)]
pub struct Captions {
    ids: Vec<i32>,
    lengths: Vec<usize>,
}

impl Captions {
    /// Adds a caption, filled up to `tokens`.
    pub fn push(&mut self, ids: &[u16], tokens: usize) {
        self.lengths.push(ids.len());
        self.ids.extend(ids.iter().map(|&id| i32::from(id)));
        let padding = tokens.saturating_sub(ids.len());
        self.ids.extend(std::iter::repeat_n(0, padding));
    }

    /// What `painter`'s transformer knows of the captions, for latents of `size` = `[h, w]`, on `device`.
    ///
    /// # Errors
    /// When the networks refuse them.
    pub fn context(
        self,
        painter: &Painter,
        size: [usize; 2],
        device: &Device,
    ) -> Result<Context, TrainError> {
        let count = self.lengths.len();
        let rows = self.ids.len() / count.max(1);
        let ids = Tensor::<2, Int>::from_data(TensorData::new(self.ids, [count, rows]), device);
        let features = painter.text_encoder.forward_batch(ids, &never)?;
        let transformer = &painter.transformer;
        Ok(transformer.encode_context_batch(features, &self.lengths, size, &never)?)
    }
}

/// A training is stopped between steps, not inside one.
pub fn never() -> bool {
    false
}

/// The pictures that a shape can show, by their numbers, and the captions of all of its pool.
pub struct Choice {
    /// Captions of the pool's pictures.
    pub wordings: Arc<Wordings>,
    /// Pictures to choose from.
    pub pictures: Vec<usize>,
}

impl Batch {
    /// The batch of a step, from the job's seed and the step alone; `choices` are those of each of [`SHAPES`].
    pub fn prepare(job: &Job, step: u64, choices: &[Choice]) -> Self {
        let share = step as f64 / job.plan.rate.total.max(1) as f64;
        let shape = Shape::of_step(step, share < job.small_share);
        let count = SHAPES[shape].batch(job.batch);
        let Choice { wordings, pictures } = &choices[shape];
        let long = step % LONG_EVERY == LONG_EVERY / 2;
        let tokens = if long { LONG_TOKENS } else { SHORT_TOKENS };
        let seed = job.seed ^ (step << 24);
        let window = SHAPES[shape].window(job.sizes.vae.spatial_factor());
        let latents = job.sizes.vae.latent_channels * window.size[0] * window.size[1];
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut batch = Self {
            shape,
            pictures: Vec::with_capacity(count),
            sigmas: flow_matching::sample_sigmas(seed, count, SHIFT),
            captions: Captions::default(),
            emphasis: EMPHASIS * (1.0 - share / EMPHASISED).max(0.0),
            noise: Noise::new(Seed(seed)).draw(count * latents),
        };
        for _ in 0..count {
            let picture = pictures[rng.random_range(0..pictures.len())];
            let ids = wordings.pick(picture, long, rng);
            batch.pictures.push(picture as i32);
            batch.captions.push(ids, tokens);
        }
        batch
    }
}
