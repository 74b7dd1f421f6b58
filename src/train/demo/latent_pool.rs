//! The latents of many pictures, encoded once and kept on the device: a step gathers its pictures by their numbers.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use half::bf16;
use rayon::prelude::*;

use super::pictures::{self, AT_A_TIME};
use super::scene::Scene;
use super::{render, subject_cover};
use crate::checkpoint::{load_tensors, save_tensors};
use crate::model::AutoencoderKl;
use crate::train::TrainError;
use crate::train::prefetch::Prefetch;

/// Which pictures a pool holds.
#[derive(Clone, Debug)]
pub struct Order {
    /// Seeds the scenes, together with the size.
    pub seed: u64,
    /// Pictures.
    pub count: u64,
    /// Width and height in pixels.
    pub size: u32,
}

/// Latents `[N, C·h·w]` and the subjects' cover `[N, h·w]` of N pictures of one size, both bf16.
pub struct LatentPool {
    latents: Tensor<2>,
    cover: Tensor<2>,
    shape: [usize; 3],
    factor: usize,
}

/// A part of latents: top, left, height and width in their own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows above it.
    pub top: usize,
    /// Columns before it.
    pub left: usize,
    /// Rows and columns.
    pub size: [usize; 2],
}

/// Pictures sent to the device at a time.
const SHARD: usize = 8192;
/// No pool's file is larger.
const CAP_BYTES: u64 = 64 << 30;
const LATENTS: &str = "latents";

impl Order {
    /// The scenes of the pictures.
    pub fn scenes(&self) -> Vec<Scene> {
        let seed = self.seed ^ u64::from(self.size);
        (0..self.count)
            .into_par_iter()
            .map(|index| pictures::scene(seed, index))
            .collect()
    }
}

impl LatentPool {
    /// Paints and encodes the pictures of `scenes` at `size` pixels. Latents come out shifted and scaled as the
    /// transformer reads them. With a `cache` folder they are written there, and read instead of made the next time.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub fn new(
        order: &Order,
        scenes: &[Scene],
        vae: &AutoencoderKl,
        cache: Option<&Path>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let factor = vae.config().spatial_factor();
        let side = order.size as usize / factor;
        let shape = [vae.config().latent_channels, side, side];
        let identity = identity(order, vae);
        let path = cache.map(|folder| folder.join(format!("{LATENTS}-{}.safetensors", order.size)));
        let kept = match &path {
            Some(path) if path.is_file() => {
                let (mut tensors, metadata) = load_tensors(path, CAP_BYTES)?;
                tensors.remove(LATENTS).filter(|_| metadata == identity)
            }
            _ => None,
        };
        let latents = match kept {
            Some(latents) => latents,
            None => {
                let numbers = encode_all(order, scenes, vae, device)?;
                let width: usize = shape.iter().product();
                let data = TensorData::new(numbers, [scenes.len(), width]);
                if let Some(path) = &path {
                    let tensors = BTreeMap::from([(LATENTS.to_owned(), data)]);
                    save_tensors(path, &tensors, &identity)?;
                    tensors.into_values().next().unwrap_or_else(empty)
                } else {
                    data
                }
            }
        };
        let numbers: Vec<bf16> = latents.iter::<bf16>().collect();
        drop(latents);
        let cover: Vec<bf16> = scenes
            .par_iter()
            .flat_map_iter(|scene| subject_cover(scene, side as u32))
            .map(bf16::from_f32)
            .collect();
        Ok(Self {
            latents: upload(&numbers, scenes.len(), device),
            cover: upload(&cover, scenes.len(), device),
            shape,
            factor,
        })
    }

    /// How many times smaller than pictures latents are.
    pub fn factor(&self) -> usize {
        self.factor
    }

    /// Latents `[B, C, h, w]` and cover `[B, 1, h, w]` of a part of the pictures `numbers`, in f32.
    pub fn gather(&self, numbers: &[i32], window: Window) -> (Tensor<4>, Tensor<4>) {
        let batch = numbers.len();
        let [channels, height, width] = self.shape;
        let numbers = TensorData::new(numbers.to_vec(), [batch]);
        let numbers = Tensor::<1, Int>::from_data(numbers, &self.latents.device());
        let rows = |pool: &Tensor<2>, channels: usize| {
            pool.clone()
                .select(0, numbers.clone())
                .cast(DType::F32)
                .reshape([batch, channels, height, width]) // [B, C·H·W] → [B, C, H, W]
                .narrow(2, window.top, window.size[0])
                .narrow(3, window.left, window.size[1]) // [B, C, h, w]
        };
        (rows(&self.latents, channels), rows(&self.cover, 1))
    }
}

fn empty() -> TensorData {
    TensorData::new(Vec::<bf16>::new(), [0, 0])
}

/// What makes one pool differ from another.
fn identity(order: &Order, vae: &AutoencoderKl) -> BTreeMap<String, String> {
    let config = vae.config();
    let measured = format!(
        "{} {}",
        config.scaling_factor,
        config.shift_factor.unwrap_or(0.0)
    );
    BTreeMap::from([
        ("seed".to_owned(), order.seed.to_string()),
        ("count".to_owned(), order.count.to_string()),
        ("autoencoder".to_owned(), measured),
    ])
}

/// Painted on all cores while the device encodes what was painted before.
fn encode_all(
    order: &Order,
    scenes: &[Scene],
    vae: &AutoencoderKl,
    device: &Device,
) -> Result<Vec<bf16>, TrainError> {
    let (scenes, size) = (scenes.to_vec(), order.size);
    let chunks = scenes.len().div_ceil(AT_A_TIME);
    let painted = Prefetch::start(0, move |chunk: u64| {
        let chunk = scenes.chunks(AT_A_TIME).nth(chunk as usize).unwrap_or(&[]);
        let planes: Vec<Vec<f32>> = chunk
            .par_iter()
            .map(|scene| pictures::planes(&render(scene, size)))
            .collect();
        (planes.concat(), chunk.len())
    })?;
    let mut latents = Vec::new();
    for _ in 0..chunks {
        let (planes, count) = painted.next()?;
        let encoded = pictures::encode(vae, pictures::tensor(planes, count, size, device))?;
        let data = encoded
            .try_into_data()
            .map_err(|error| TrainError::device("encoding", error))?;
        latents.extend(data.iter::<f32>().map(bf16::from_f32));
    }
    Ok(latents)
}

fn upload(numbers: &[bf16], rows: usize, device: &Device) -> Tensor<2> {
    let width = numbers.len() / rows.max(1);
    let shards = numbers
        .chunks((SHARD * width).max(1))
        .map(|shard| {
            let data = TensorData::new(shard.to_vec(), [shard.len() / width.max(1), width]);
            Tensor::from_data(data, (device, DType::BF16))
        })
        .collect();
    Tensor::cat(shards, 0)
}
