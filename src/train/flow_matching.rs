//! Flow matching (Lipman et al., arXiv:2210.02747) along straight lines: the network learns, at a point between noise
//! and picture, the way to the picture.

use burn::tensor::Tensor;
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// Noise levels for a batch, one of each equal share of 0..=1, shuffled and shifted.
///
/// Shares make the levels of every batch cover the whole way, which steadies the loss. The shift
/// σ' = kσ / (1 + (k−1)σ) is that of sampling (Stable Diffusion 3, arXiv:2403.03206): most steps of a short schedule
/// lie at high noise, so most training does.
pub fn sample_sigmas(seed: u64, batch: usize, shift: f32) -> Vec<f32> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut sigmas: Vec<f32> = (0..batch)
        .map(|share| {
            let sigma = (share as f32 + rng.random::<f32>()) / batch as f32;
            shift * sigma / (1.0 + (shift - 1.0) * sigma)
        })
        .collect();
    sigmas.shuffle(rng);
    sigmas
}

/// The point at noise level σ, σ·noise + (1 − σ)·picture, and the velocity wanted there, picture − noise.
pub fn noisy_point(picture: &[f32], noise: &[f32], sigma: f32) -> (Vec<f32>, Vec<f32>) {
    picture
        .iter()
        .zip(noise)
        .map(|(picture, noise)| (sigma * noise + (1.0 - sigma) * picture, picture - noise))
        .unzip()
}

/// Mean squared error of a velocity `[B, C, h, w]` → `[1]`.
pub fn loss(velocity: Tensor<4>, wanted: Tensor<4>) -> Tensor<1> {
    let error = velocity - wanted;
    (error.clone() * error).mean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_cover_the_whole_way_and_lean_to_noise() {
        let sigmas = sample_sigmas(1, 1000, 3.0);
        let mean = sigmas.iter().sum::<f32>() / 1000.0;
        // ∫ 3s/(1+2s) ds over 0..=1 is 1.5 − 0.75·ln 3.
        assert!((mean - 0.676).abs() < 0.01, "{mean}");
        assert!(
            sigmas.iter().any(|&sigma| sigma < 0.01) && sigmas.iter().any(|&sigma| sigma > 0.998)
        );
    }

    #[test]
    fn following_the_velocity_from_any_point_leads_to_the_picture() {
        let (picture, noise) = ([0.5, -1.0], [2.0, 0.25]);
        let (point, velocity) = noisy_point(&picture, &noise, 0.75);
        let arrived: Vec<f32> = point
            .iter()
            .zip(&velocity)
            .map(|(x, v)| x + 0.75 * v)
            .collect();
        assert_eq!(arrived, picture);
    }
}
