//! Flow matching (Lipman et al., arXiv:2210.02747) along straight lines: the network learns, at a point between noise
//! and picture, the way to the picture.

use crate::model::ops;
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

/// The points at noise levels `sigmas` `[B]`, σ·noise + (1 − σ)·picture, and the velocity wanted there, picture −
/// noise; all of `[B, C, h, w]`.
pub fn noisy_points(
    pictures: Tensor<4>,
    noise: Tensor<4>,
    sigmas: Tensor<1>,
) -> (Tensor<4>, Tensor<4>) {
    let wanted = pictures.clone() - noise;
    let batch = sigmas.dims()[0];
    let sigmas = sigmas.reshape([batch, 1, 1, 1]);
    (pictures - wanted.clone() * sigmas, wanted)
}

/// Mean squared error of a velocity `[B, C, h, w]` → `[1]`, in which each place counts by its weight `[B, 1, h, w]`.
pub fn loss(velocity: Tensor<4>, wanted: Tensor<4>, weights: Tensor<4>) -> Tensor<1> {
    let error = velocity - wanted;
    // Means over as many numbers as there are channels times more: their quotient is that of the sums per number.
    ops::mean(error.clone() * error * weights.clone()) / ops::mean(weights)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use burn::tensor::Device;

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

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.try_into_data().unwrap().iter::<f32>().collect()
    }

    #[test]
    fn following_the_velocity_from_any_point_leads_to_the_picture() {
        let device = Device::flex();
        let picture = Tensor::<1>::from_floats([0.5, -1.0], &device).reshape([1, 2, 1, 1]);
        let noise = Tensor::<1>::from_floats([2.0, 0.25], &device).reshape([1, 2, 1, 1]);
        let sigma = Tensor::<1>::from_floats([0.75], &device);
        let (points, velocity) = noisy_points(picture.clone(), noise, sigma);
        assert_eq!(numbers(points + velocity * 0.75), numbers(picture));
    }

    #[test]
    fn places_count_by_their_weight() {
        let device = Device::flex();
        let row = |values: [f32; 2]| Tensor::<1>::from_floats(values, &device);
        let velocity = row([1.0, 3.0]).reshape([1, 1, 1, 2]);
        let wanted = row([0.0, 0.0]).reshape([1, 1, 1, 2]);
        let weighed = |weights| {
            let weights = row(weights).reshape([1, 1, 1, 2]);
            numbers(loss(velocity.clone(), wanted.clone(), weights))
        };
        assert_eq!(weighed([1.0, 1.0]), [5.0]);
        assert_eq!(weighed([3.0, 1.0]), [3.0]);
    }
}
