//! Training the demo model's text encoder and transformer together.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::caption::{self, Language};
use super::networks::{Painter, Sizes};
use super::pictures::{LatentPool, NATIVE};
use super::scene::Scene;
use super::{autoencoder, sampling, tokenizer};
use crate::checkpoint::Tokenizer;
use crate::model::AutoencoderKl;
use crate::pipeline::noise::Noise;
use crate::request::Seed;
use crate::train::optimizer::AdamWConfig;
use crate::train::prefetch::Prefetch;
use crate::train::trainer::{Plan, Trainer};
use crate::train::{TrainError, flow_matching};

/// What the training of text encoder and transformer is given.
#[derive(Clone, Debug)]
pub struct Job {
    /// The networks' sizes.
    pub sizes: Sizes,
    /// Seeds pictures, captions, noise and weights.
    pub seed: u64,
    /// Pictures of the native size a step; small pictures come twice as many.
    pub batch: usize,
    /// Pictures to draw from, of each size.
    pub pool: u64,
    /// Share of the steps at the beginning that see small pictures alone.
    pub small_share: f64,
    /// When to stop, and where to write.
    pub plan: Plan,
}

/// Half the native size: learnt first, since layouts and words need no fine pixels and cost a third there.
const SMALL: u32 = NATIVE / 2;
/// After the beginning, one step in so many is small.
const SMALL_EVERY: u64 = 8;
/// One step in so many has long captions.
const LONG_EVERY: u64 = 4;
/// Tokens of a caption with its template.
const SHORT_TOKENS: usize = 32;
const LONG_TOKENS: usize = 64;
/// Shift of the training's noise levels.
const SHIFT: f32 = 2.0;
const DECAY: f64 = 0.9985;
const TOKENIZER: &str = "tokenizer.json";

/// Everything of one step, prepared on the host.
struct Batch {
    points: Vec<f32>,
    wanted: Vec<f32>,
    sigmas: Vec<f32>,
    ids: Vec<i32>,
    lengths: Vec<usize>,
    shape: [usize; 4],
}

/// The networks that a sample needs.
pub struct Studio<'a> {
    /// Words and transformer.
    pub painter: &'a Painter,
    /// Decoder.
    pub vae: &'a AutoencoderKl,
    /// Words to ids.
    pub tokenizer: &'a Tokenizer,
    /// Where they are.
    pub device: &'a Device,
}

/// Trains, or goes on training, by `job` on the latents of the autoencoder whose state is in `autoencoder`.
///
/// # Errors
/// Whatever stops the training.
pub fn run(job: &Job, autoencoder: &Path, device: &Device) -> Result<(), TrainError> {
    let vae = autoencoder::load(autoencoder, &job.sizes.vae, device)?;
    let tokenizer = Arc::new(learnt_tokenizer(job.seed, &job.plan.folder)?);
    let pools =
        [SMALL, NATIVE].map(|size| LatentPool::paint(job.seed, job.pool, size, &vae, device));
    let [small, native] = pools;
    let pools = Arc::new([small?, native?]);
    tracing::info!(pictures = 2 * job.pool, "painted and encoded");

    let recorded = device.clone().autodiff();
    device.seed(job.seed);
    let painter = Painter {
        text_encoder: job.sizes.text_encoder.init(&recorded),
        transformer: job.sizes.transformer.init(&recorded),
    };
    let mut trainer = Trainer::new(painter, AdamWConfig::default(), DECAY);
    trainer.resume(&job.plan, &recorded)?;
    let (plan, words) = (job.clone(), tokenizer.clone());
    let batches = Prefetch::start(trainer.step, move |step| {
        prepare(&plan, step, &pools, &words)
    })?;
    trainer.run(
        &job.plan,
        || batches.next()?,
        |painter, batch| loss(painter, batch, &recorded),
        |trainer| {
            let painter = trainer.average.apply(&trainer.module);
            let studio = Studio {
                painter: &painter,
                vae: &vae,
                tokenizer: &tokenizer,
                device,
            };
            sampling::write_sheet(&studio, &job.plan.folder, trainer.step)
        },
    )
}

/// The tokenizer in `folder`, learnt if it is not there yet.
///
/// # Errors
/// When it cannot be learnt or read.
pub fn learnt_tokenizer(seed: u64, folder: &Path) -> Result<Tokenizer, TrainError> {
    std::fs::create_dir_all(folder).map_err(|source| crate::files::FileError::Write {
        path: folder.to_path_buf(),
        source,
    })?;
    let path = folder.join(TOKENIZER);
    if !path.is_file() {
        tokenizer::train(seed, &path)?;
    }
    Ok(Tokenizer::open(&path)?)
}

fn prepare(
    job: &Job,
    step: u64,
    pools: &[LatentPool; 2],
    tokenizer: &Tokenizer,
) -> Result<Batch, TrainError> {
    let only_small = step < (job.plan.rate.total as f64 * job.small_share) as u64;
    let small = only_small || step % SMALL_EVERY == SMALL_EVERY - 1;
    let (pool, count) = if small {
        (&pools[0], 2 * job.batch)
    } else {
        (&pools[1], job.batch)
    };
    let long = step % LONG_EVERY == LONG_EVERY - 1;
    let tokens = if long { LONG_TOKENS } else { SHORT_TOKENS };
    let base = job.seed ^ (step << 24);
    let sigmas = flow_matching::sample_sigmas(base, count, SHIFT);
    let [channels, height, width] = pool.shape();
    let items: Vec<_> = sigmas
        .par_iter()
        .enumerate()
        .map(|(item, &sigma)| {
            let rng = &mut ChaCha8Rng::seed_from_u64(base.wrapping_add(item as u64 + 1));
            let (scene, latents) = pool.get(rng.random_range(0..pool.len()));
            let noise = Noise::new(Seed(rng.random())).draw(latents.len());
            let (point, wanted) = flow_matching::noisy_point(latents, &noise, sigma);
            Ok((
                point,
                wanted,
                caption_ids(scene, tokenizer, long, tokens, rng)?,
            ))
        })
        .collect::<Result<_, TrainError>>()?;
    let mut batch = Batch {
        points: Vec::new(),
        wanted: Vec::new(),
        sigmas,
        ids: Vec::with_capacity(count * tokens),
        lengths: Vec::with_capacity(count),
        shape: [count, channels, height, width],
    };
    for (point, wanted, ids) in items {
        batch.points.extend(point);
        batch.wanted.extend(wanted);
        batch.lengths.push(ids.len());
        let padding = tokens - ids.len();
        batch.ids.extend(
            ids.into_iter()
                .map(|id| id as i32)
                .chain(std::iter::repeat_n(0, padding)),
        );
    }
    Ok(batch)
}

/// Ids of a caption that, with its template, fills at most `tokens`; a long one fills more than [`SHORT_TOKENS`], so
/// that all captions of a batch are padded to the same length and none needs a mask.
fn caption_ids(
    scene: &Scene,
    tokenizer: &Tokenizer,
    long: bool,
    tokens: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<u32>, TrainError> {
    let mut text = caption::sample(scene, rng);
    while long && tokenizer.encode(&text, tokens)?.ids.len() <= SHORT_TOKENS {
        let language = if rng.random_bool(0.5) {
            Language::Chinese
        } else {
            Language::English
        };
        let more = caption::word(scene, language, caption::Mention::ALL, rng);
        text = if text.is_empty() {
            more
        } else {
            format!("{text}. {more}")
        };
    }
    loop {
        let encoded = tokenizer.encode(&text, tokens)?;
        if long || encoded.truncated.is_none() {
            return Ok(encoded.ids);
        }
        text = caption::sample(scene, rng);
    }
}

fn loss(painter: &Painter, batch: Batch, device: &Device) -> Result<Tensor<1>, TrainError> {
    let [count, _, height, width] = batch.shape;
    let rows = batch.ids.len() / count;
    let ids = Tensor::<2, Int>::from_data(TensorData::new(batch.ids, [count, rows]), device);
    let features = painter.text_encoder.forward_batch(ids, &never)?;
    let context = painter.transformer.encode_context_batch(
        features,
        &batch.lengths,
        [height, width],
        &never,
    )?;
    let place =
        |values: Vec<f32>| Tensor::<4>::from_data(TensorData::new(values, batch.shape), device);
    let times: Vec<f32> = batch.sigmas.iter().map(|sigma| 1.0 - sigma).collect();
    let times = Tensor::<1>::from_data(TensorData::new(times, [count]), device);
    let velocity = painter
        .transformer
        .forward(place(batch.points), times, &context, &never)?;
    Ok(flow_matching::loss(velocity, place(batch.wanted)))
}

/// A training is stopped between steps, not inside one.
fn never() -> bool {
    false
}
