//! The middle of encoder and decoder: two residual blocks around an attention over all positions.

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Tensor};

use super::Layer;
use super::resnet::ResnetBlock;
use crate::model::config::VaeConfig;
use crate::model::layers::{GroupNorm, Linear};
use crate::model::ops::{self, Mask};

/// Residual block, attention, residual block, at the lowest resolution.
#[derive(Module, Debug)]
pub struct MidBlock {
    /// One, or none if the configuration leaves it out.
    pub attentions: Vec<PixelAttention>,
    /// Two.
    pub resnets: Vec<ResnetBlock>,
}

impl MidBlock {
    pub(super) fn new(channels: usize, config: &VaeConfig, device: &Device) -> Self {
        let attentions = usize::from(config.mid_block_add_attention);
        Self {
            attentions: (0..attentions)
                .map(|_| PixelAttention::new(channels, config, device))
                .collect(),
            resnets: (0..2)
                .map(|_| ResnetBlock::new([channels, channels], config, device))
                .collect(),
        }
    }

    /// `[B, C, H, W]` → `[B, C, H, W]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.layers().fold(x, |x, layer| layer(x))
    }

    /// Residual block, attention, residual block.
    pub(super) fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let mut attentions = self.attentions.iter();
        self.resnets.iter().flat_map(move |resnet| {
            let attention = attentions.next();
            let attention = attention.map(|layer| -> Layer { Box::new(|x| layer.forward(x)) });
            std::iter::once(resnet.as_layer()).chain(attention)
        })
    }
}

/// One head as wide as the channels, over all positions.
#[derive(Module, Debug)]
pub struct PixelAttention {
    /// Norm before the projections.
    pub group_norm: GroupNorm,
    /// `[C, C]` with bias.
    pub to_q: Linear,
    /// `[C, C]` with bias.
    pub to_k: Linear,
    /// `[C, C]` with bias.
    pub to_v: Linear,
    /// `[C, C]` with bias, one layer.
    pub to_out: Vec<Linear>,
}

impl PixelAttention {
    fn new(channels: usize, config: &VaeConfig, device: &Device) -> Self {
        let linear = || {
            let xavier = Initializer::XavierUniform { gain: 1.0 };
            Linear::new([channels, channels], true, &xavier, device)
        };
        Self {
            group_norm: GroupNorm::new(config.norm_num_groups, channels, device),
            to_q: linear(),
            to_k: linear(),
            to_v: linear(),
            to_out: vec![linear()],
        }
    }

    /// `[B, C, H, W]` → `[B, C, H, W]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let pixels = self
            .group_norm
            .forward(x.clone())
            .reshape([batch, channels, height * width])
            .swap_dims(1, 2); // [B, C, H, W] → [B, H·W, C]
        let head = |linear: &Linear| linear.forward(pixels.clone()).unsqueeze_dim::<4>(1);
        let scale = (channels as f64).powf(-0.5);
        let mut out = ops::attention(
            head(&self.to_q),
            head(&self.to_k),
            head(&self.to_v),
            scale,
            Mask::None,
        );
        for layer in &self.to_out {
            out = layer.forward(out);
        }
        x + out
            .swap_dims(1, 2)
            .reshape([batch, channels, height, width])
    }
}
