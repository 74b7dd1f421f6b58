//! Training the demo model's text encoder and transformer together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::latent_pool::{LatentPool, Order};
use super::networks::{Painter, Sizes};
use super::pictures::NATIVE;
use super::wordings::{LONG_TOKENS, SHORT_TOKENS, Wordings};
use super::{autoencoder, sampling, tokenizer};
use crate::checkpoint::Tokenizer;
use crate::model::AutoencoderKl;
use crate::train::muon::Muon;
use crate::train::optimizer::OptimizerConfig;
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
    /// Pictures of the native size to draw from; there are half as many small ones.
    pub pool: u64,
    /// Where encoded pictures are kept for the next piece of the training, if anywhere.
    pub cache: Option<PathBuf>,
    /// Share of the steps at the beginning that see small pictures alone.
    pub small_share: f64,
    /// What moves the weights.
    pub optimizer: OptimizerConfig,
    /// Decay of the moving average of the weights, if one is wanted.
    pub average: Option<f64>,
    /// When to stop, and where to write.
    pub plan: Plan,
}

/// Half the native size: learnt first, since layouts and words need no fine pixels and cost a third there.
const SMALL: u32 = NATIVE / 2;
/// After the beginning, one step in so many is small.
const SMALL_EVERY: u64 = 8;
/// One step in so many has long captions.
const LONG_EVERY: u64 = 8;
/// Shift of the training's noise levels: that of sampling, which never looks at a picture with less noise than 0.3.
const SHIFT: f32 = sampling::SHIFT as f32;
/// How much more the subject's places count than others at the beginning. A subject fills a sixth of a picture, and its
/// kind and colour are most of what a caption says.
const EMPHASIS: f64 = 2.0;
/// Share of the steps over which the emphasis falls to nothing: weights that depend on the picture bend the mean that
/// is learnt, so the last word has the plain loss.
const EMPHASISED: f64 = 0.7;
const TOKENIZER: &str = "tokenizer.json";

/// The optimiser that the demo model was trained with: Muon inside the blocks, AdamW for embeddings, modulation, norms
/// and the ways in and out.
pub fn optimizer() -> OptimizerConfig {
    let inside_blocks = |name: &str| {
        let block = name.contains("layers.") || name.contains("_refiner.");
        block && name.ends_with(".weight") && !name.contains("norm") && !name.contains("adaLN")
    };
    OptimizerConfig {
        muon: Some(Muon::for_matrices(inside_blocks)),
        ..OptimizerConfig::default()
    }
}

/// What a step trains on, by numbers: the pictures themselves are on the device.
struct Batch {
    small: bool,
    pictures: Vec<i32>,
    sigmas: Vec<f32>,
    ids: Vec<i32>,
    lengths: Vec<usize>,
    emphasis: f64,
    seed: u64,
}

/// Pictures of one size with their captions.
struct Corpus {
    pool: LatentPool,
    wordings: Arc<Wordings>,
    count: usize,
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
    let tokenizer = learnt_tokenizer(job.seed, &job.plan.folder)?;
    let small = corpus(job, SMALL, (job.pool / 2).max(1), &vae, &tokenizer, device)?;
    let native = corpus(job, NATIVE, job.pool, &vae, &tokenizer, device)?;
    tracing::info!(
        small = small.count,
        native = native.count,
        "painted and encoded"
    );

    let recorded = device.clone().autodiff();
    device.seed(job.seed);
    let painter = Painter::new(&job.sizes, &recorded);
    let mut trainer = Trainer::new(painter, job.optimizer, job.average);
    trainer.resume(&job.plan, &recorded)?;
    let plan = job.clone();
    let words = [&small, &native].map(|corpus| (corpus.wordings.clone(), corpus.count));
    let batches = Prefetch::start(trainer.step, move |step| prepare(&plan, step, &words))?;
    trainer.run(
        &job.plan,
        || batches.next(),
        |painter, batch| {
            let corpus = if batch.small { &small } else { &native };
            loss(painter, batch, &corpus.pool, device)
        },
        |trainer| {
            let studio = Studio {
                painter: &trainer.result(),
                vae: &vae,
                tokenizer: &tokenizer,
                device,
            };
            sampling::write_sheet(&studio, &job.plan.folder, trainer.step)
        },
    )
}

fn corpus(
    job: &Job,
    size: u32,
    count: u64,
    vae: &AutoencoderKl,
    tokenizer: &Tokenizer,
    device: &Device,
) -> Result<Corpus, TrainError> {
    let order = Order {
        seed: job.seed,
        count,
        size,
    };
    let scenes = order.scenes();
    Ok(Corpus {
        pool: LatentPool::new(&order, &scenes, vae, job.cache.as_deref(), device)?,
        wordings: Arc::new(Wordings::new(&scenes, tokenizer)?),
        count: scenes.len(),
    })
}

/// The tokenizer in `folder`, learnt if it is not there yet.
///
/// # Errors
/// When it cannot be learnt or read.
fn learnt_tokenizer(seed: u64, folder: &Path) -> Result<Tokenizer, TrainError> {
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

/// The batch of a step, from the job's seed and the step alone; `words` are those of small and of native pictures.
fn prepare(job: &Job, step: u64, words: &[(Arc<Wordings>, usize); 2]) -> Batch {
    let share = step as f64 / job.plan.rate.total.max(1) as f64;
    let small = share < job.small_share || step % SMALL_EVERY == SMALL_EVERY - 1;
    let count = if small { 2 * job.batch } else { job.batch };
    let (wordings, pictures) = &words[usize::from(!small)];
    let long = step % LONG_EVERY == LONG_EVERY / 2;
    let tokens = if long { LONG_TOKENS } else { SHORT_TOKENS };
    let seed = job.seed ^ (step << 24);
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut batch = Batch {
        small,
        pictures: Vec::with_capacity(count),
        sigmas: flow_matching::sample_sigmas(seed, count, SHIFT),
        ids: Vec::with_capacity(count * tokens),
        lengths: Vec::with_capacity(count),
        emphasis: EMPHASIS * (1.0 - share / EMPHASISED).max(0.0),
        seed,
    };
    for _ in 0..count {
        let picture = rng.random_range(0..*pictures);
        let ids = wordings.pick(picture, long, rng);
        batch.pictures.push(picture as i32);
        batch.lengths.push(ids.len());
        batch.ids.extend(ids.iter().map(|&id| i32::from(id)));
        let padding = tokens.saturating_sub(ids.len());
        batch.ids.extend(std::iter::repeat_n(0, padding));
    }
    batch
}

fn loss(
    painter: &Painter,
    batch: Batch,
    pool: &LatentPool,
    device: &Device,
) -> Result<Tensor<1>, TrainError> {
    let count = batch.pictures.len();
    let [_, height, width] = pool.shape();
    let (pictures, cover) = pool.gather(&batch.pictures);
    // Seeded anew, so that the noise of a step does not depend on the steps before.
    device.seed(batch.seed);
    let noise = Tensor::random(pictures.dims(), Distribution::Normal(0.0, 1.0), device);
    let sigmas = Tensor::<1>::from_data(TensorData::new(batch.sigmas, [count]), device);
    let times = sigmas.clone().neg() + 1.0;
    let (points, wanted) = flow_matching::noisy_points(pictures, noise, sigmas);

    let recorded = device.clone().autodiff();
    let rows = batch.ids.len() / count.max(1);
    let ids = Tensor::<2, Int>::from_data(TensorData::new(batch.ids, [count, rows]), &recorded);
    let features = painter.text_encoder.forward_batch(ids, &never)?;
    let context = painter.transformer.encode_context_batch(
        features,
        &batch.lengths,
        [height, width],
        &never,
    )?;
    let velocity =
        painter
            .transformer
            .forward(points.autodiff(), times.autodiff(), &context, &never)?;
    let weights = cover * batch.emphasis + 1.0;
    Ok(flow_matching::loss(
        velocity,
        wanted.autodiff(),
        weights.autodiff(),
    ))
}

/// A training is stopped between steps, not inside one.
fn never() -> bool {
    false
}
