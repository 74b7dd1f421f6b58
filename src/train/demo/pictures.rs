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
/// Pictures that go through an autoencoder at a time, outside of training.
pub const AT_A_TIME: usize = 32;

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
