//! The linear map from latents to colours that live previews use, fitted to the autoencoder.

use burn::tensor::Device;
use image::imageops::{self, FilterType};
use serde_json::{Value, json};

use super::pictures::{self, NATIVE};
use super::render;
use crate::model::AutoencoderKl;
use crate::train::TrainError;

/// Pictures to fit to.
const PICTURES: u64 = 48;
/// Added to the diagonal, so that channels that say nothing get no weight.
const RIDGE: f64 = 1e-3;

/// Fits colour = latentᵀ·matrix + bias by least squares over training pictures shrunk to the latents' size; colours
/// lie in −1..=1, latents are as the transformer writes them. Gives the content of a model's `preview.json`.
///
/// # Errors
/// When the device fails.
pub fn fit(vae: &AutoencoderKl, device: &Device) -> Result<Value, TrainError> {
    let channels = vae.config().latent_channels;
    let width = channels + 1;
    let (mut normal, mut right) = (vec![vec![0.0; width]; width], vec![[0.0; 3]; width]);
    for index in 0..PICTURES {
        let picture = render(&pictures::scene(1, index), NATIVE);
        let tensor = pictures::tensor(pictures::planes(&picture), 1, NATIVE, device);
        let encoded = pictures::encode(vae, tensor)?;
        let side = encoded.dims()[3];
        let data = encoded
            .try_into_data()
            .map_err(|error| TrainError::device("fitting the preview", error))?;
        let latents: Vec<f32> = data.iter::<f32>().collect();
        let small = imageops::resize(&picture, side as u32, side as u32, FilterType::Triangle);
        for (pixel, colour) in small.pixels().enumerate() {
            let mut row: Vec<f64> = (0..channels)
                .map(|c| f64::from(latents[c * side * side + pixel]))
                .collect();
            row.push(1.0);
            for i in 0..width {
                for j in 0..width {
                    normal[i][j] += row[i] * row[j];
                }
                for (sum, &level) in right[i].iter_mut().zip(&colour.0) {
                    *sum += row[i] * (f64::from(level) / 127.5 - 1.0);
                }
            }
        }
    }
    let solution = solve(normal, right);
    let (matrix, bias) = solution.split_at(channels);
    Ok(json!({"matrix": matrix, "bias": bias[0]}))
}

/// Solves (A + ridge)·X = B for a positive definite A, by elimination.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<[f64; 3]>) -> Vec<[f64; 3]> {
    let n = a.len();
    for (i, row) in a.iter_mut().enumerate() {
        row[i] += RIDGE;
    }
    for pivot in 0..n {
        let (pivot_row, pivot_right) = (a[pivot].clone(), b[pivot]);
        for row in 0..n {
            if row == pivot {
                continue;
            }
            let factor = a[row][pivot] / pivot_row[pivot];
            for (value, &above) in a[row].iter_mut().zip(&pivot_row) {
                *value -= factor * above;
            }
            for (value, above) in b[row].iter_mut().zip(pivot_right) {
                *value -= factor * above;
            }
        }
    }
    (0..n).map(|i| b[i].map(|value| value / a[i][i])).collect()
}
