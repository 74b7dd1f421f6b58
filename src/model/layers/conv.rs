//! Convolutions of the autoencoder.

use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};

use crate::model::ops;

/// A square 2-D convolution with bias.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[out, in, k, k]`
    pub weight: Param<Tensor<4>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    stride: usize,
    #[module(skip)]
    padding: usize,
}

impl Conv2d {
    /// Stride 1 with the padding that keeps height and width. Weights follow PyTorch's default, U(±1/√fan_in).
    pub fn new([d_in, d_out]: [usize; 2], kernel: usize, device: &Device) -> Self {
        let uniform = Initializer::KaimingUniform {
            gain: 1.0 / 3f64.sqrt(),
            fan_out_only: false,
        };
        let fan_in = d_in * kernel * kernel;
        Self {
            weight: uniform.init_with([d_out, d_in, kernel, kernel], Some(fan_in), None, device),
            bias: Initializer::Zeros.init([d_out], device),
            stride: 1,
            padding: kernel / 2,
        }
    }

    /// Another stride and padding.
    pub fn with_stride(mut self, stride: usize, padding: usize) -> Self {
        self.stride = stride;
        self.padding = padding;
        self
    }

    /// [`Conv2d::forward`] + `residual`, for a convolution that keeps height and width.
    pub fn forward_residual(&self, x: Tensor<4>, residual: Tensor<4>) -> Tensor<4> {
        ops::conv2d_residual(x, self.weight.val(), self.bias.val(), residual)
    }

    /// `[B, in, H, W]` → `[B, out, H', W']`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        ops::conv2d(
            x,
            self.weight.val(),
            Some(self.bias.val()),
            self.stride,
            self.padding,
        )
    }
}
