//! Norms of the transformer and the text encoder, with what directly follows them.

use burn::tensor::{DType, Tensor};

pub use crate::cuda::fast::Part;
use crate::cuda::{fast, single};
use crate::model::cpu;

impl Part<'_> {
    /// The vector itself, `[B, 1, width]`.
    fn vector(self, width: usize) -> Tensor<3> {
        self.of.clone().narrow(2, self.index * width, width)
    }
}

/// x / √(mean(x²) + eps) · weight over the last dimension.
///
/// The mean square and the quotient are f32; the quotient is rounded to `x`'s type before the weight is applied.
/// `x` `[.., d]`, `weight` `[d]`.
pub fn rms_norm<const D: usize>(x: Tensor<D>, weight: Tensor<1>, eps: f64) -> Tensor<D> {
    if let Some(out) = fast::rms_norm(&x, &weight, eps)
        .or_else(|| single::rms_norm(&x, &weight, eps))
        .or_else(|| cpu::rms_norm(&x, &weight, eps))
    {
        return out;
    }
    normalise(x, eps) * weight.unsqueeze()
}

/// [`rms_norm`] · (1 + scale): the entry of a modulated block.
///
/// `x` `[B, S, d]`, `weight` `[d]`; without `scale` a plain norm.
pub fn rms_norm_modulate(
    x: Tensor<3>,
    weight: Tensor<1>,
    scale: Option<Part<'_>>,
    eps: f64,
) -> Tensor<3> {
    let Some(scale) = scale else {
        return rms_norm(x, weight, eps);
    };
    if let Some(out) = fast::rms_norm_modulate(&x, &weight, scale, eps)
        .or_else(|| single::rms_norm_modulate(&x, &weight, scale, eps))
    {
        return out;
    }
    let scale = scale.vector(x.dims()[2]);
    if let Some(out) = cpu::rms_norm_modulate(&x, &weight, &Some(scale.clone()), eps) {
        return out;
    }
    rms_norm(x, weight, eps) * (scale + 1.0)
}

/// x + tanh(gate) · rms_norm(branch): the exit of a block, whose branch is normed once more before it is added.
///
/// `x`, `branch` `[B, S, d]`, `weight` `[d]`, `gate` before the tanh; without `gate` the factor is 1.
pub fn gated_residual(
    x: Tensor<3>,
    branch: Tensor<3>,
    weight: Tensor<1>,
    gate: Option<Part<'_>>,
    eps: f64,
) -> Tensor<3> {
    let Some(gate) = gate else {
        return single::gated_residual([&x, &branch], &weight, None, eps)
            .or_else(|| cpu::gated_residual(&x, &branch, &weight, &None, eps))
            .unwrap_or_else(|| x + rms_norm(branch, weight, eps));
    };
    if let Some(sum) = fast::gated_residual([&x, &branch], &weight, gate, eps)
        .or_else(|| single::gated_residual([&x, &branch], &weight, Some(gate), eps))
    {
        return sum;
    }
    let gate = gate.vector(x.dims()[2]);
    if let Some(sum) = cpu::gated_residual(&x, &branch, &weight, &Some(gate.clone()), eps) {
        return sum;
    }
    x + rms_norm(branch, weight, eps) * gate.tanh()
}

/// [`gated_residual`], and [`rms_norm_modulate`] of it: the passage from one half of a block to the other.
///
/// `weights` are those of the branch's norm and of the norm that follows, both with `eps`; with `modulation`
/// `[B, 1, parts·d]`, `gate` and `scale` are its parts. Gives the sum and its norm.
pub fn gated_residual_norm(
    x: Tensor<3>,
    branch: Tensor<3>,
    weights: [Tensor<1>; 2],
    modulation: Option<(&Tensor<3>, [usize; 2])>,
    eps: f64,
) -> [Tensor<3>; 2] {
    if let Some((of, parts)) = modulation
        && let Some(both) =
            fast::gated_residual_norm([&x, &branch], weights.each_ref(), of, parts, eps)
    {
        return both;
    }
    let [branch_weight, weight] = weights;
    let part = |which: usize| {
        modulation.map(|(of, parts)| Part {
            of,
            index: parts[which],
        })
    };
    let sum = gated_residual(x, branch, branch_weight, part(0), eps);
    let normed = rms_norm_modulate(sum.clone(), weight, part(1), eps);
    [sum, normed]
}

/// x + branch and its RMS norm: the passage from one half of a pre-norm layer to the other.
pub fn residual_norm(
    x: Tensor<3>,
    branch: Tensor<3>,
    weight: Tensor<1>,
    eps: f64,
) -> [Tensor<3>; 2] {
    if let Some(both) = fast::residual_norm([&x, &branch], &weight, eps) {
        return both;
    }
    let sum = x + branch;
    let normed = rms_norm(sum.clone(), weight, eps);
    [sum, normed]
}

/// Layer norm without weight or bias · (1 + scale): the entry of the final layer.
///
/// `x` `[B, S, d]`, `scale` `[B, 1, d]`.
pub fn layer_norm_modulate(x: Tensor<3>, scale: Tensor<3>, eps: f64) -> Tensor<3> {
    if let Some(out) = fast::layer_norm_modulate(&x, &scale, eps)
        .or_else(|| single::layer_norm_modulate(&x, &scale, eps))
        .or_else(|| cpu::layer_norm_modulate(&x, &scale, eps))
    {
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
