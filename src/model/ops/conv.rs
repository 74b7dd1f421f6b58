//! Convolutions and what surrounds them in the autoencoder.

use burn::tensor::{DType, Tensor, activation, module, ops::ConvOptions};

use crate::cuda::{fast, single};
use crate::model::cpu;

/// A square convolution.
///
/// `x` `[B, in, H, W]`, `weight` `[out, in, k, k]`, `bias` `[out]` → `[B, out, H', W']`.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: usize,
) -> Tensor<4> {
    if (stride, 2 * padding + 1) == (1, weight.dims()[2])
        && let Some(bias) = &bias
        && let Some(out) = fast::conv2d(&x, &weight, bias, None)
    {
        return out;
    }
    if let Some(bias) = &bias
        && let Some(out) = single::conv2d(&x, &weight, bias, None, stride, padding)
    {
        return out;
    }
    if let Some(out) = cpu::conv2d(&x, &weight, &bias, stride, padding) {
        return out;
    }
    let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
    module::conv2d(x, weight, bias, options)
}

/// A square convolution that keeps height and width, plus `residual` of the output's shape: the exit of a residual
/// block.
pub fn conv2d_residual(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    residual: Tensor<4>,
) -> Tensor<4> {
    let padding = weight.dims()[2] / 2;
    if let Some(out) = fast::conv2d(&x, &weight, &bias, Some(&residual))
        .or_else(|| single::conv2d(&x, &weight, &bias, Some(&residual), 1, padding))
    {
        return out;
    }
    residual + conv2d(x, weight, Some(bias), 1, padding)
}

/// Normalises each group of channels over all its positions, then applies weight and bias a channel.
///
/// Statistics are f32. `x` `[B, C, H, W]`, `weight`, `bias` `[C]`.
pub fn group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    eps: f64,
) -> Tensor<4> {
    let fused = fused_group_norm(&x, [&weight, &bias], groups, eps, false);
    fused.unwrap_or_else(|| plain_group_norm(x, weight, bias, groups, eps))
}

/// silu([`group_norm`]): what precedes every convolution of a residual block.
pub fn group_norm_silu(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    eps: f64,
) -> Tensor<4> {
    let fused = fused_group_norm(&x, [&weight, &bias], groups, eps, true);
    fused.unwrap_or_else(|| activation::silu(group_norm(x, weight, bias, groups, eps)))
}

/// The device's own kernel for it, with or without the SiLU behind it, where it has one.
fn fused_group_norm(
    x: &Tensor<4>,
    [weight, bias]: [&Tensor<1>; 2],
    groups: usize,
    eps: f64,
    silu: bool,
) -> Option<Tensor<4>> {
    fast::group_norm(x, [weight, bias], groups, eps, silu)
        .or_else(|| single::group_norm(x, [weight, bias], groups, eps, silu))
        .or_else(|| cpu::group_norm(x, weight, bias, groups, eps, silu))
}

fn plain_group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    eps: f64,
) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let dtype = x.dtype();
    let grouped = x
        .cast(DType::F32)
        .reshape([batch, groups, channels / groups * height * width]); // [B, C, H, W] → [B, G, rest]
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = (centred.clone() * centred.clone()).mean_dim(2);
    let normed = (centred / (variance + eps).sqrt()).reshape([batch, channels, height, width]);
    let per_channel = |values: Tensor<1>| values.cast(DType::F32).reshape([1, channels, 1, 1]);
    (normed * per_channel(weight) + per_channel(bias)).cast(dtype)
}

/// Doubles height and width, each pixel becoming four. `[B, C, H, W]` → `[B, C, 2H, 2W]`.
pub fn upsample_nearest_2x(x: Tensor<4>) -> Tensor<4> {
    if let Some(out) = fast::upsample_nearest_2x(&x)
        .or_else(|| single::upsample_nearest_2x(&x))
        .or_else(|| cpu::upsample_nearest_2x(&x))
    {
        return out;
    }
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height, 1, width, 1])
        .expand([batch, channels, height, 2, width, 2])
        .reshape([batch, channels, 2 * height, 2 * width])
}
