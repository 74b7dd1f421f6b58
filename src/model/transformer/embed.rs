//! The ways in and out of the transformer: time, patches, and the final layer.

#![allow(non_snake_case, reason = "adaLN_modulation is the checkpoint's name")]

use burn::module::{Initializer, Module};
use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::model::config::TransformerConfig;
use crate::model::layers::{Linear, Silu};
use crate::model::ops;

/// Sinusoids of the time, half cosines and half sines.
const SINUSOIDS: usize = 256;

/// Inner width of the time embedding, the same for every size of the transformer.
const TIME_HIDDEN: usize = 1024;

/// Epsilon of the final layer norm.
const FINAL_NORM_EPS: f64 = 1e-6;

/// Sinusoids of t, then Linear → SiLU → Linear.
#[derive(Module, Debug)]
pub struct TimestepEmbedder {
    /// 256 → 1024 → min(dim, 256).
    pub mlp: (Linear, Silu, Linear),
}

impl TimestepEmbedder {
    pub(super) fn new(config: &TransformerConfig, device: &Device) -> Self {
        let normal = Initializer::Normal {
            mean: 0.0,
            std: 0.02,
        };
        let linear = |sizes| Linear::new(sizes, true, &normal, device);
        Self {
            mlp: (
                linear([SINUSOIDS, TIME_HIDDEN]),
                Silu,
                linear([TIME_HIDDEN, config.modulation_dim()]),
            ),
        }
    }

    /// `t` `[B]`, already multiplied by `t_scale` → `[B, min(dim, 256)]` in the type of the weights.
    pub fn forward(&self, t: Tensor<1>) -> Tensor<2> {
        let (first, silu, second) = &self.mlp;
        let waves = sinusoids(t).cast(first.weight.dtype());
        second.forward(silu.forward(first.forward(waves)))
    }
}

/// cos and sin of t·10000^(−j/128), f32: `[B]` → `[B, 256]`, cosines first.
fn sinusoids(t: Tensor<1>) -> Tensor<2> {
    let half = SINUSOIDS / 2;
    let frequencies: Vec<f32> = (0..half)
        .map(|j| (-(10_000f32.ln()) * j as f32 / half as f32).exp())
        .collect();
    let frequencies = Tensor::<2>::from_data(
        TensorData::new(frequencies, [1, half]),
        (&t.device(), DType::F32),
    );
    let angles = t.cast(DType::F32).unsqueeze_dim::<2>(1) * frequencies;
    Tensor::cat(vec![angles.clone().cos(), angles.sin()], 1)
}

/// LayerNorm·(1 + Linear(SiLU(c))), then the projection to patch features.
#[derive(Module, Debug)]
pub struct FinalLayer {
    /// `[patch features, dim]`
    pub linear: Linear,
    /// `[dim, min(dim, 256)]`, behind a SiLU.
    pub adaLN_modulation: (Silu, Linear),
}

impl FinalLayer {
    pub(super) fn new(config: &TransformerConfig, device: &Device) -> Self {
        let linear = |sizes| Linear::new(sizes, true, &Initializer::Zeros, device);
        Self {
            linear: linear([config.dim, config.patch_dim()]),
            adaLN_modulation: (Silu, linear([config.modulation_dim(), config.dim])),
        }
    }

    /// `x` `[B, S, dim]`, `modulation` `[B, min(dim, 256)]` → `[B, S, patch features]`.
    pub fn forward(&self, x: Tensor<3>, modulation: Tensor<2>) -> Tensor<3> {
        let (silu, linear) = &self.adaLN_modulation;
        let scale = linear
            .forward(silu.forward(modulation))
            .unsqueeze_dim::<3>(1); // [B, dim] → [B, 1, dim]
        self.linear
            .forward(ops::layer_norm_modulate(x, scale, FINAL_NORM_EPS))
    }
}

/// Cuts latents into patches, row by row; inside a patch rows, then columns, then channels (fastest).
///
/// `[B, C, h, w]` → `[B, (h/p)·(w/p), p·p·C]`.
pub(super) fn patchify(latents: Tensor<4>, patch: usize) -> Tensor<3> {
    let [batch, channels, height, width] = latents.dims();
    let (rows, columns) = (height / patch, width / patch);
    latents
        .reshape([batch, channels, rows, patch, columns, patch])
        .permute([0, 2, 4, 3, 5, 1]) // [B, C, r, p, c, p] → [B, r, c, p, p, C]
        .reshape([batch, rows * columns, patch * patch * channels])
}

/// The inverse of [`patchify`]: `[B, (h/p)·(w/p), p·p·C]` → `[B, C, h, w]`.
pub(super) fn unpatchify(
    features: Tensor<3>,
    patch: usize,
    [height, width]: [usize; 2],
) -> Tensor<4> {
    let [batch, _, size] = features.dims();
    let channels = size / (patch * patch);
    features
        .reshape([batch, height / patch, width / patch, patch, patch, channels])
        .permute([0, 5, 1, 3, 2, 4]) // [B, r, c, p, p, C] → [B, C, r, p, c, p]
        .reshape([batch, channels, height, width])
}
