//! Normalisation layers.

use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};

use crate::model::ops;

/// Root-mean-square norm over the last dimension, with a weight and no bias.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// `[width]`
    pub weight: Param<Tensor<1>>,
    #[module(skip)]
    eps: f64,
}

impl RmsNorm {
    /// A norm with weight one.
    pub fn new(width: usize, eps: f64, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([width], device),
            eps,
        }
    }

    /// What is added to the mean square before the root.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// `[.., width]` → `[.., width]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::rms_norm(x, self.weight.val(), self.eps)
    }
}

/// Group norm over channels and positions of an image, with weight and bias a channel.
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// `[channels]`
    pub weight: Param<Tensor<1>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    groups: usize,
}

/// Epsilon of every group norm of the autoencoder.
const GROUP_NORM_EPS: f64 = 1e-6;

impl GroupNorm {
    /// A norm with weight one and bias zero.
    pub fn new(groups: usize, channels: usize, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([channels], device),
            bias: Initializer::Zeros.init([channels], device),
            groups,
        }
    }

    /// `[B, C, H, W]` → the same, normalised.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        ops::group_norm(
            x,
            self.weight.val(),
            self.bias.val(),
            self.groups,
            GROUP_NORM_EPS,
        )
    }

    /// `[B, C, H, W]` → the same, normalised and passed through SiLU.
    pub fn forward_silu(&self, x: Tensor<4>) -> Tensor<4> {
        ops::group_norm_silu(
            x,
            self.weight.val(),
            self.bias.val(),
            self.groups,
            GROUP_NORM_EPS,
        )
    }
}
