//! Norms of the transformer and the text encoder, with what directly follows them.

use burn::tensor::{DType, Tensor};

use crate::model::cpu;

/// x / √(mean(x²) + eps) · weight over the last dimension.
///
/// The mean square and the quotient are f32; the quotient is rounded to `x`'s type before the weight is applied.
/// `x` `[.., d]`, `weight` `[d]`.
pub fn rms_norm<const D: usize>(x: Tensor<D>, weight: Tensor<1>, eps: f64) -> Tensor<D> {
    if let Some(out) = cpu::rms_norm(&x, &weight, eps) {
        return out;
    }
    normalise(x, eps) * weight.unsqueeze()
}

/// [`rms_norm`] · (1 + scale): the entry of a modulated block.
///
/// `x` `[B, S, d]`, `weight` `[d]`, `scale` `[B, 1, d]`; without `scale` a plain norm.
pub fn rms_norm_modulate(
    x: Tensor<3>,
    weight: Tensor<1>,
    scale: Option<Tensor<3>>,
    eps: f64,
) -> Tensor<3> {
    if let Some(out) = cpu::rms_norm_modulate(&x, &weight, &scale, eps) {
        return out;
    }
    let normed = rms_norm(x, weight, eps);
    match scale {
        Some(scale) => normed * (scale + 1.0),
        None => normed,
    }
}

/// x + tanh(gate) · rms_norm(branch): the exit of a block, whose branch is normed once more before it is added.
///
/// `x`, `branch` `[B, S, d]`, `weight` `[d]`, `gate` `[B, 1, d]` before the tanh; without `gate` the factor is 1.
pub fn gated_residual(
    x: Tensor<3>,
    branch: Tensor<3>,
    weight: Tensor<1>,
    gate: Option<Tensor<3>>,
    eps: f64,
) -> Tensor<3> {
    if let Some(out) = cpu::gated_residual(&x, &branch, &weight, &gate, eps) {
        return out;
    }
    let normed = rms_norm(branch, weight, eps);
    match gate {
        Some(gate) => x + normed * gate.tanh(),
        None => x + normed,
    }
}

/// Layer norm without weight or bias · (1 + scale): the entry of the final layer.
///
/// `x` `[B, S, d]`, `scale` `[B, 1, d]`.
pub fn layer_norm_modulate(x: Tensor<3>, scale: Tensor<3>, eps: f64) -> Tensor<3> {
    if let Some(out) = cpu::layer_norm_modulate(&x, &scale, eps) {
        return out;
    }
    let dtype = x.dtype();
    let wide = x.cast(DType::F32);
    let centred = wide.clone() - wide.mean_dim(2);
    normalise(centred, eps).cast(dtype) * (scale + 1.0)
}

/// x / √(mean(x²) + eps) over the last dimension, computed in f32 and returned in `x`'s type.
pub(super) fn normalise<const D: usize>(x: Tensor<D>, eps: f64) -> Tensor<D> {
    let dtype = x.dtype();
    let wide = x.cast(DType::F32);
    let mean_square = (wide.clone() * wide.clone()).mean_dim(D - 1);
    (wide / (mean_square + eps).sqrt()).cast(dtype)
}
