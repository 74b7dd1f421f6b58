//! Training the demo model's autoencoder.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::networks::Sizes;
use super::pictures::{self, NATIVE};
use super::scene::Scene;
use super::{render, sheet};
use crate::files;
use crate::model::{AutoencoderKl, VaeConfig};
use crate::pipeline::noise::Noise;
use crate::request::Seed;
use crate::train::autoencoding::{self, Trained, Weights};
use crate::train::muon::Muon;
use crate::train::optimizer::OptimizerConfig;
use crate::train::prefetch::Prefetch;
use crate::train::trainer::{Plan, Trainer};
use crate::train::{TrainError, state};

/// What the training of an autoencoder is given.
#[derive(Clone, Debug)]
pub struct Job {
    /// The networks' sizes.
    pub sizes: Sizes,
    /// Seeds pictures, noise and weights.
    pub seed: u64,
    /// Whole pictures a step; at first four crops of each.
    pub batch: u64,
    /// Share of the steps that see crops.
    pub crop_share: f64,
    /// What moves the weights.
    pub optimizer: OptimizerConfig,
    /// Decay of the moving average of the weights, if one is wanted.
    pub average: Option<f64>,
    /// Which half is trained.
    pub trained: Trained,
    /// When to stop, and where to write.
    pub plan: Plan,
}

/// The optimiser that the demo model was trained with: Muon for all kernels but those at pixels and latents, AdamW for
/// the rest.
pub fn optimizer() -> OptimizerConfig {
    let inside = |name: &str| {
        name.ends_with(".weight") && !name.contains("conv_in") && !name.contains("conv_out")
    };
    OptimizerConfig {
        muon: Some(Muon::for_matrices(inside)),
        ..OptimizerConfig::default()
    }
}

/// What was measured of a trained autoencoder; kept beside its state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentStatistics {
    /// Mean of the latents.
    pub shift: f64,
    /// One over their standard deviation.
    pub scale: f64,
    /// Peak signal-to-noise ratio of held-out pictures that went through it, in dB.
    pub psnr: f64,
}

const STATISTICS: &str = "latents.json";
/// Pictures over which latents are measured.
const MEASURED: u64 = 192;
/// Held-out pictures on a sheet of samples.
const SHOWN: u64 = 16;

/// Trains, or goes on training, by `job`.
///
/// # Errors
/// Whatever stops the training.
pub fn run(job: &Job, device: &Device) -> Result<LatentStatistics, TrainError> {
    let recorded = device.clone().autodiff();
    device.seed(job.seed);
    let vae = job.sizes.vae.init(&recorded);
    let mut trainer = Trainer::new(vae, job.optimizer, job.average);
    trainer.resume(&job.plan, &recorded)?;
    let last_crop = (job.plan.rate.total as f64 * job.crop_share) as u64;
    let (seed, batch) = (job.seed, job.batch);
    let (channels, factor) = (
        job.sizes.vae.latent_channels,
        job.sizes.vae.spatial_factor(),
    );
    let batches = Prefetch::start(trainer.step, move |step| {
        let indices = step * batch..(step + 1) * batch;
        let pictures = if step < last_crop {
            pictures::crops(seed, indices)
        } else {
            pictures::whole(seed, indices)
        };
        let side = pictures.size as usize / factor;
        let shape = [pictures.count, channels, side, side];
        // The device's own generator belongs to the whole process: whoever else drew from it would change the step.
        let numbers = Noise::new(Seed(seed ^ (step << 20))).draw(shape.iter().product());
        (pictures, TensorData::new(numbers, shape))
    })?;
    trainer.run(
        &job.plan,
        || batches.next(),
        |vae, (batch, noise)| {
            let noise = Tensor::from_data(noise, &recorded);
            let pictures = pictures::tensor(batch.planes, batch.count, batch.size, &recorded);
            autoencoding::loss(vae, pictures, noise, Weights::default(), job.trained)
                .ok_or_else(|| TrainError::device("training", "this autoencoder has no encoder"))
        },
        |trainer| show(&trainer.result(), &job.plan.folder, device),
    )?;
    let statistics = measure(&trainer.result(), job.seed, device)?;
    let json = serde_json::to_vec_pretty(&statistics).unwrap_or_default();
    files::replace(&job.plan.folder.join(STATISTICS), &json)?;
    tracing::info!(?statistics, "autoencoder");
    Ok(statistics)
}

/// The autoencoder of the state in `folder`, its configuration completed by what was measured.
///
/// # Errors
/// When the state is missing or not whole.
pub fn load(
    folder: &Path,
    config: &VaeConfig,
    device: &Device,
) -> Result<AutoencoderKl, TrainError> {
    let statistics = statistics(folder)?;
    let config = VaeConfig {
        scaling_factor: statistics.scale,
        shift_factor: Some(statistics.shift),
        ..config.clone()
    };
    state::load_result(config.init(device), folder, device)
}

/// What was measured of the autoencoder in `folder`.
///
/// # Errors
/// When its training did not come to an end.
pub fn statistics(folder: &Path) -> Result<LatentStatistics, TrainError> {
    let path: PathBuf = folder.join(STATISTICS);
    let bytes = files::read_capped(&path, 64 << 10)?;
    serde_json::from_slice(&bytes).map_err(|error| TrainError::State {
        path,
        problem: error.to_string(),
    })
}

/// Pictures held out of all trainings.
fn held_out(seed: u64, count: u64) -> Vec<Scene> {
    (0..count)
        .map(|index| Scene::sample_split(seed ^ (index << 32), true))
        .collect()
}

fn measure(
    vae: &AutoencoderKl,
    seed: u64,
    device: &Device,
) -> Result<LatentStatistics, TrainError> {
    let fetch = |tensor: Tensor<4>| -> Result<Vec<f32>, TrainError> {
        let data = tensor
            .try_into_data()
            .map_err(|error| TrainError::device("measuring", error))?;
        Ok(data.iter::<f32>().collect())
    };
    let (mut sum, mut squares, mut numbers, mut error, mut values) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for scenes in held_out(seed, MEASURED).chunks(pictures::AT_A_TIME) {
        let planes: Vec<f32> = scenes
            .iter()
            .flat_map(|scene| pictures::planes(&render(scene, NATIVE)))
            .collect();
        let pictures = pictures::tensor(planes.clone(), scenes.len(), NATIVE, device);
        let (mean, _) = vae
            .encode(pictures)
            .ok_or_else(|| TrainError::device("measuring", "no encoder"))?;
        let back = fetch(vae.decode(mean.clone()))?;
        for (value, &original) in back.iter().zip(&planes) {
            error += f64::from((value.clamp(-1.0, 1.0) - original) / 2.0).powi(2);
        }
        values += planes.len() as f64;
        for value in fetch(mean)? {
            sum += f64::from(value);
            squares += f64::from(value).powi(2);
            numbers += 1.0;
        }
    }
    let shift: f64 = sum / numbers;
    let deviation = (squares / numbers - shift * shift).max(1e-12).sqrt();
    Ok(LatentStatistics {
        shift,
        scale: 1.0 / deviation,
        psnr: -10.0 * (error / values).log10(),
    })
}

/// A sheet of held-out pictures, each above what comes back.
fn show(vae: &AutoencoderKl, folder: &Path, device: &Device) -> Result<(), TrainError> {
    let scenes = held_out(1, SHOWN);
    let originals: Vec<_> = scenes.iter().map(|scene| render(scene, NATIVE)).collect();
    let planes = originals.iter().flat_map(pictures::planes).collect();
    let tensor = pictures::tensor(planes, scenes.len(), NATIVE, device);
    let (mean, _) = vae
        .encode(tensor)
        .ok_or_else(|| TrainError::device("sampling", "no encoder"))?;
    let back = sheet::pictures(vae.decode(mean))?;
    let all: Vec<_> = originals.into_iter().chain(back).collect();
    sheet::write(
        &sheet::contact_sheet(&all, scenes.len() as u32, 2),
        &folder.join("reconstructions.png"),
    )
}
