//! What is wanted of an autoencoder: pictures that come back, from latents that stay near a normal distribution.

use burn::tensor::Tensor;

use crate::model::{AutoencoderKl, ops};

/// Weights of the loss's parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of the difference between neighbouring pixels' differences: keeps edges sharp.
    pub edges: f64,
    /// Of the divergence of the latents from a standard normal distribution, per latent number.
    pub divergence: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            edges: 0.5,
            divergence: 1e-3,
        }
    }
}

/// Which half of an autoencoder a loss trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    /// Both.
    Both,
    /// The decoder: pictures keep their latents, so that what was trained on them stays good.
    Decoder,
}

/// The loss `[1]` of pictures `[B, 3, H, W]` in −1..=1 sent through the autoencoder with the latents' own `noise`
/// `[B, C, h, w]`; nothing for an autoencoder without encoder.
pub fn loss(
    autoencoder: &AutoencoderKl,
    pictures: Tensor<4>,
    noise: Tensor<4>,
    weights: Weights,
    trained: Trained,
) -> Option<Tensor<1>> {
    let (mut mean, mut log_variance) = autoencoder.encode(pictures.clone())?;
    if trained == Trained::Decoder {
        (mean, log_variance) = (mean.detach(), log_variance.detach());
    }
    let variance = log_variance.clone().exp();
    let latents = mean.clone() + variance.clone().sqrt() * noise;
    let back = autoencoder.decode(latents);
    let divergence = ops::mean(mean.clone() * mean + variance - log_variance - 1.0) * 0.5;
    let error = back - pictures;
    let edges = (ops::mean(differences(error.clone(), 2).abs())
        + ops::mean(differences(error.clone(), 3).abs()))
        * weights.edges;
    Some(ops::mean(error.abs()) + edges + divergence * weights.divergence)
}

/// Differences of neighbours along `dimension`. Linear, so that of an error it is the error of the differences.
fn differences(pictures: Tensor<4>, dimension: usize) -> Tensor<4> {
    let length = pictures.dims()[dimension] - 1;
    pictures.clone().narrow(dimension, 1, length) - pictures.narrow(dimension, 0, length)
}
