//! The training pictures in a fixed order: the picture of an index depends on the seed and the index alone.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::render;
use super::scene::Scene;
use crate::model::AutoencoderKl;
use crate::train::TrainError;

/// Width of the pictures an autoencoder learns from at first, cut out of larger ones.
const CROP: u32 = 128;
/// Native width of the demo model.
pub const NATIVE: u32 = 256;
/// Pictures that go through an autoencoder at a time, outside of training: as many as in a step of its training, so
/// that a device tunes its convolutions once.
pub const AT_A_TIME: usize = 16;

/// The scene of a training picture.
pub fn scene(seed: u64, index: u64) -> Scene {
    Scene::sample_split(
        seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(index),
        false,
    )
}

/// A picture as three planes with values in −1..=1.
pub fn planes(picture: &RgbImage) -> Vec<f32> {
    (0..3)
        .flat_map(|channel| {
            picture
                .pixels()
                .map(move |pixel| f32::from(pixel.0[channel]) / 127.5 - 1.0)
        })
        .collect()
}

/// `count` pictures as one tensor `[count, 3, size, size]`.
pub fn tensor(planes: Vec<f32>, count: usize, size: u32, device: &Device) -> Tensor<4> {
    Tensor::from_data(
        TensorData::new(planes, [count, 3, size as usize, size as usize]),
        device,
    )
}

/// Pictures for one step of an autoencoder.
pub struct PictureBatch {
    /// `[count, 3, size, size]`, row-major.
    pub planes: Vec<f32>,
    /// Pictures.
    pub count: usize,
    /// Width and height.
    pub size: u32,
}

/// Whole pictures.
pub fn whole(seed: u64, indices: Range<u64>) -> PictureBatch {
    let count = (indices.end - indices.start) as usize;
    let pictures: Vec<Vec<f32>> = indices
        .into_par_iter()
        .map(|index| planes(&render(&scene(seed, index), NATIVE)))
        .collect();
    PictureBatch {
        planes: pictures.concat(),
        count,
        size: NATIVE,
    }
}

/// Four squares cut out of each picture: the same pixels a step as [`whole`], in a quarter of the memory each.
pub fn crops(seed: u64, indices: Range<u64>) -> PictureBatch {
    let count = 4 * (indices.end - indices.start) as usize;
    let cut = |index: u64| {
        let picture = render(&scene(seed, index), NATIVE);
        let rng = &mut ChaCha8Rng::seed_from_u64(index);
        (0..4)
            .flat_map(|_| {
                let (x, y) = (
                    rng.random_range(0..=NATIVE - CROP),
                    rng.random_range(0..=NATIVE - CROP),
                );
                planes(&image::imageops::crop_imm(&picture, x, y, CROP, CROP).to_image())
            })
            .collect::<Vec<f32>>()
    };
    let pictures: Vec<Vec<f32>> = indices.into_par_iter().map(cut).collect();
    PictureBatch {
        planes: pictures.concat(),
        count,
        size: CROP,
    }
}

/// The latents of many pictures of one size, ready to be drawn from.
pub struct LatentPool {
    scenes: Vec<Scene>,
    latents: Vec<f32>,
    side: usize,
    channels: usize,
}

impl LatentPool {
    /// Paints and encodes `count` pictures of `size` pixels. Latents come out shifted and scaled as the transformer
    /// reads them.
    ///
    /// # Errors
    /// When the device fails.
    pub fn paint(
        seed: u64,
        count: u64,
        size: u32,
        vae: &AutoencoderKl,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let scenes: Vec<Scene> = (0..count)
            .into_par_iter()
            .map(|index| scene(seed ^ u64::from(size), index))
            .collect();
        let mut latents = Vec::new();
        let mut side = 0;
        for chunk in scenes.chunks(AT_A_TIME) {
            let pictures: Vec<Vec<f32>> = chunk
                .par_iter()
                .map(|scene| planes(&render(scene, size)))
                .collect();
            let encoded = encode(vae, tensor(pictures.concat(), chunk.len(), size, device))?;
            side = encoded.dims()[3];
            let data = encoded
                .try_into_data()
                .map_err(|error| TrainError::device("encoding", error))?;
            latents.extend(data.iter::<f32>());
        }
        Ok(Self {
            scenes,
            latents,
            side,
            channels: vae.config().latent_channels,
        })
    }

    /// Pictures in the pool.
    pub fn len(&self) -> usize {
        self.scenes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scenes.is_empty()
    }

    /// Latent shape of one picture, `[C, h, w]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.side, self.side]
    }

    /// A picture's scene and latents.
    pub fn get(&self, index: usize) -> (&Scene, &[f32]) {
        let length = self.shape().iter().product::<usize>();
        (
            &self.scenes[index],
            &self.latents[index * length..(index + 1) * length],
        )
    }
}

/// Pictures `[B, 3, H, W]` → the mean of their latents as the transformer reads them.
///
/// # Errors
/// [`TrainError::Device`] for an autoencoder without encoder.
pub fn encode(vae: &AutoencoderKl, pictures: Tensor<4>) -> Result<Tensor<4>, TrainError> {
    let (mean, _) = vae
        .encode(pictures)
        .ok_or_else(|| TrainError::device("encoding", "this autoencoder has no encoder"))?;
    let config = vae.config();
    Ok((mean - config.shift_factor.unwrap_or(0.0)) * config.scaling_factor)
}
