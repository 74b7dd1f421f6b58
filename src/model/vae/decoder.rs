//! Latents to pixels.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::middle::MidBlock;
use super::resnet::ResnetBlock;
use super::{Layer, channel_steps, through_unless};
use crate::model::ForwardError;
use crate::model::config::VaeConfig;
use crate::model::layers::{Conv2d, GroupNorm};
use crate::model::ops;

/// The middle, then residual levels, each but the last doubling the resolution.
#[derive(Module, Debug)]
pub struct Decoder {
    /// Latents to the lowest level's channels.
    pub conv_in: Conv2d,
    /// At the lowest resolution.
    pub mid_block: MidBlock,
    /// One a resolution, from latents up.
    pub up_blocks: Vec<UpBlock>,
    /// Norm before the last convolution.
    pub conv_norm_out: GroupNorm,
    /// To colours.
    pub conv_out: Conv2d,
}

/// One resolution of the decoder.
#[derive(Module, Debug)]
pub struct UpBlock {
    /// Residual blocks, one more than in the encoder.
    pub resnets: Vec<ResnetBlock>,
    /// One, or none in the last level.
    pub upsamplers: Vec<Upsample>,
}

/// Doubles height and width.
#[derive(Module, Debug)]
pub struct Upsample {
    /// 3×3, over the doubled image.
    pub conv: Conv2d,
}

impl Decoder {
    pub(super) fn new(config: &VaeConfig, device: &Device) -> Self {
        let channels: Vec<usize> = config.block_out_channels.iter().rev().copied().collect();
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let up_blocks = channel_steps(&channels)
            .into_iter()
            .enumerate()
            .map(|(level, step)| UpBlock::new(step, level + 1 < channels.len(), config, device))
            .collect();
        Self {
            conv_in: Conv2d::new([config.latent_channels, first], 3, device),
            mid_block: MidBlock::new(first, config, device),
            up_blocks,
            conv_norm_out: GroupNorm::new(config.norm_num_groups, last, device),
            conv_out: Conv2d::new([last, config.out_channels], 3, device),
        }
    }

    /// `[B, C, h, w]` → `[B, 3, f·h, f·w]`
    pub fn forward(&self, latents: Tensor<4>) -> Tensor<4> {
        self.layers().fold(latents, |x, layer| layer(x))
    }

    /// As [`forward`](Self::forward), unless `interrupted` says so before one of the layers.
    ///
    /// # Errors
    /// [`ForwardError::Interrupted`].
    pub fn forward_unless(
        &self,
        latents: Tensor<4>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<4>, ForwardError> {
        through_unless(self.layers(), latents, interrupted)
    }

    /// What latents go through, in order.
    fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let first: Layer = Box::new(|x| self.conv_in.forward(x));
        let last: Layer = Box::new(|x| self.conv_out.forward(self.conv_norm_out.forward_silu(x)));
        std::iter::once(first)
            .chain(self.mid_block.layers())
            .chain(self.up_blocks.iter().flat_map(UpBlock::layers))
            .chain([last])
    }
}

impl UpBlock {
    fn new(step: [usize; 2], upsample: bool, config: &VaeConfig, device: &Device) -> Self {
        let [d_in, d_out] = step;
        let resnets = (0..=config.layers_per_block)
            .map(|index| {
                let d_in = if index == 0 { d_in } else { d_out };
                ResnetBlock::new([d_in, d_out], config, device)
            })
            .collect();
        let upsampler = || Upsample {
            conv: Conv2d::new([d_out, d_out], 3, device),
        };
        Self {
            resnets,
            upsamplers: upsample.then(upsampler).into_iter().collect(),
        }
    }

    /// `[B, in, H, W]` → `[B, out, 2H, 2W]`, or the same size in the last level.
    fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let resnets = self.resnets.iter().map(ResnetBlock::as_layer);
        let upsamplers = self.upsamplers.iter();
        resnets.chain(upsamplers.map(|upsampler| -> Layer { Box::new(|x| upsampler.forward(x)) }))
    }
}

impl Upsample {
    /// `[B, C, H, W]` → `[B, C, 2H, 2W]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv.forward(ops::upsample_nearest_2x(x))
    }
}
