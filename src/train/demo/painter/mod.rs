//! Training the demo model's text encoder and transformer together.

mod batch;
mod shapes;
mod teacher;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::latent_pool::{LatentPool, Order};
use super::networks::{Painter, Sizes};
use super::sampling::{self, Studio};
use super::scene::Scene;
use super::wordings::Wordings;
use super::{autoencoder, tokenizer};
use crate::checkpoint::Tokenizer;
use crate::model::AutoencoderKl;
use crate::train::muon::Muon;
use crate::train::optimizer::OptimizerConfig;
use crate::train::prefetch::Prefetch;
use crate::train::trainer::{Plan, Trainer};
use crate::train::{TrainError, flow_matching};
use batch::{Batch, Choice, never};
use shapes::{POOLS, Pool, SHAPES};
use teacher::Teacher;

pub use teacher::{Distillation, load};

/// What the training of text encoder and transformer is given.
#[derive(Clone, Debug)]
pub struct Job {
    /// The networks' sizes.
    pub sizes: Sizes,
    /// Seeds pictures, captions, noise and weights.
    pub seed: u64,
    /// Pictures of the native size a step; other sizes come in numbers that cost as much.
    pub batch: usize,
    /// Pictures of the native size to draw from; there are fewer of the others.
    pub pool: u64,
    /// Where encoded pictures are kept for the next piece of the training, if anywhere.
    pub cache: Option<PathBuf>,
    /// Share of the steps at the beginning that see small pictures alone.
    pub small_share: f64,
    /// What is distilled, where the painter learns from another one instead of from pictures alone.
    pub distillation: Option<Distillation>,
    /// What moves the weights.
    pub optimizer: OptimizerConfig,
    /// Decay of the moving average of the weights, if one is wanted.
    pub average: Option<f64>,
    /// When to stop, and where to write.
    pub plan: Plan,
}

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

/// Square pictures of one size with their captions.
struct Corpus {
    pool: LatentPool,
    scenes: Vec<Scene>,
    wordings: Arc<Wordings>,
}

/// Trains, or goes on training, by `job` on the latents of the autoencoder whose state is in `autoencoder`.
///
/// # Errors
/// Whatever stops the training.
pub fn run(job: &Job, autoencoder: &Path, device: &Device) -> Result<(), TrainError> {
    let vae = autoencoder::load(autoencoder, &job.sizes.vae, device)?;
    let tokenizer = tokenizer(job)?;
    let corpora = POOLS
        .iter()
        .map(|pool| corpus(job, pool, &vae, &tokenizer, device))
        .collect::<Result<Vec<_>, _>>()?;
    let choices = choices(&corpora)?;
    tracing::info!("pictures painted and encoded");

    let recorded = device.clone().autodiff();
    device.seed(job.seed);
    let (painter, teacher) = match &job.distillation {
        None => (Painter::new(&job.sizes, &recorded), None),
        Some(distillation) => (
            teacher::load(&distillation.teacher, &job.sizes, &recorded)?,
            Some(Teacher::load(distillation, &job.sizes, &tokenizer, device)?),
        ),
    };
    let mut trainer = Trainer::new(painter, job.optimizer, job.average);
    trainer.resume(&job.plan, &recorded)?;
    let plan = job.clone();
    let batches = Prefetch::start(trainer.step, move |step| {
        Batch::prepare(&plan, step, &choices)
    })?;
    trainer.run(
        &job.plan,
        || batches.next(),
        |painter, batch| {
            let pool = &corpora[SHAPES[batch.shape].pool].pool;
            loss(painter, batch, pool, teacher.as_ref(), device)
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
    pool: &Pool,
    vae: &AutoencoderKl,
    tokenizer: &Tokenizer,
    device: &Device,
) -> Result<Corpus, TrainError> {
    let order = Order {
        seed: job.seed,
        count: pool.pictures(job.pool),
        size: pool.side,
    };
    let scenes = order.scenes();
    Ok(Corpus {
        pool: LatentPool::new(&order, &scenes, vae, job.cache.as_deref(), device)?,
        wordings: Arc::new(Wordings::new(&scenes, tokenizer)?),
        scenes,
    })
}

/// What the steps of each of [`SHAPES`] choose from.
fn choices(corpora: &[Corpus]) -> Result<Vec<Choice>, TrainError> {
    SHAPES
        .iter()
        .map(|shape| {
            let corpus = &corpora[shape.pool];
            let numbered = corpus.scenes.iter().enumerate();
            let pictures: Vec<usize> = numbered
                .filter(|(_, scene)| shape.shows(scene))
                .map(|(number, _)| number)
                .collect();
            if pictures.is_empty() {
                return Err(TrainError::Pool);
            }
            Ok(Choice {
                wordings: corpus.wordings.clone(),
                pictures,
            })
        })
        .collect()
}

/// The tokenizer of the state, learnt if it is not there yet; a pupil has its teacher's.
fn tokenizer(job: &Job) -> Result<Tokenizer, TrainError> {
    let folder = &job.plan.folder;
    std::fs::create_dir_all(folder).map_err(|source| crate::files::FileError::Write {
        path: folder.clone(),
        source,
    })?;
    let path = folder.join(TOKENIZER);
    if !path.is_file() {
        match &job.distillation {
            Some(distillation) => {
                let words = crate::files::read_capped(
                    &distillation.teacher.join(TOKENIZER),
                    tokenizer::CAP_BYTES,
                )?;
                crate::files::replace(&path, &words)?;
            }
            None => tokenizer::train(job.seed, &path)?,
        }
    }
    Ok(Tokenizer::open(&path)?)
}

fn loss(
    painter: &Painter,
    batch: Batch,
    pool: &LatentPool,
    teacher: Option<&Teacher>,
    device: &Device,
) -> Result<Tensor<1>, TrainError> {
    let count = batch.pictures.len();
    let window = SHAPES[batch.shape].window(pool.factor());
    let (pictures, cover) = pool.gather(&batch.pictures, window);
    let noise = Tensor::from_data(TensorData::new(batch.noise, pictures.dims()), device);
    let sigmas = Tensor::<1>::from_data(TensorData::new(batch.sigmas, [count]), device);
    let times = sigmas.clone().neg() + 1.0;
    let (points, of_picture) = flow_matching::noisy_points(pictures, noise, sigmas);
    let wanted = match teacher {
        None => of_picture,
        Some(teacher) => teacher.velocity(&points, &times, batch.captions.clone())?,
    };

    let recorded = device.clone().autodiff();
    let context = batch.captions.context(painter, window.size, &recorded)?;
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
