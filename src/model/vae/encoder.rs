//! Pixels to latents.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::middle::MidBlock;
use super::resnet::ResnetBlock;
use super::{Layer, channel_steps, through_unless};
use crate::model::ForwardError;
use crate::model::config::VaeConfig;
use crate::model::layers::{Conv2d, GroupNorm};

/// Residual levels, each but the last halving the resolution, then the middle.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Colours to the first level's channels.
    pub conv_in: Conv2d,
    /// One a resolution, from pixels down.
    pub down_blocks: Vec<DownBlock>,
    /// At the lowest resolution.
    pub mid_block: MidBlock,
    /// Norm before the last convolution.
    pub conv_norm_out: GroupNorm,
    /// To mean and log variance.
    pub conv_out: Conv2d,
}

/// One resolution of the encoder.
#[derive(Module, Debug)]
pub struct DownBlock {
    /// Residual blocks.
    pub resnets: Vec<ResnetBlock>,
    /// One, or none in the last level.
    pub downsamplers: Vec<Downsample>,
}

/// Halves height and width.
#[derive(Module, Debug)]
pub struct Downsample {
    /// 3×3, stride 2, over an image with one row and column of zeros added below and to the right.
    pub conv: Conv2d,
}

impl Encoder {
    pub(super) fn new(config: &VaeConfig, device: &Device) -> Self {
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let down_blocks = channel_steps(channels)
            .into_iter()
            .enumerate()
            .map(|(level, step)| DownBlock::new(step, level + 1 < channels.len(), config, device))
            .collect();
        Self {
            conv_in: Conv2d::new([config.in_channels, first], 3, device),
            down_blocks,
            mid_block: MidBlock::new(last, config, device),
            conv_norm_out: GroupNorm::new(config.norm_num_groups, last, device),
            conv_out: Conv2d::new([last, 2 * config.latent_channels], 3, device),
        }
    }

    /// `[B, 3, H, W]` → `[B, 2·C, H/f, W/f]`: means, then log variances.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.layers().fold(images, |x, layer| layer(x))
    }

    /// As [`forward`](Self::forward), unless `interrupted` says so before one of the layers.
    ///
    /// # Errors
    /// [`ForwardError::Interrupted`].
    pub fn forward_unless(
        &self,
        images: Tensor<4>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<4>, ForwardError> {
        through_unless(self.layers(), images, interrupted)
    }

    /// What pictures go through, in order.
    fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let first: Layer = Box::new(|x| self.conv_in.forward(x));
        let last: Layer = Box::new(|x| self.conv_out.forward(self.conv_norm_out.forward_silu(x)));
        std::iter::once(first)
            .chain(self.down_blocks.iter().flat_map(DownBlock::layers))
            .chain(self.mid_block.layers())
            .chain([last])
    }
}

impl DownBlock {
    fn new(step: [usize; 2], downsample: bool, config: &VaeConfig, device: &Device) -> Self {
        let [d_in, d_out] = step;
        let resnets = (0..config.layers_per_block)
            .map(|index| {
                let d_in = if index == 0 { d_in } else { d_out };
                ResnetBlock::new([d_in, d_out], config, device)
            })
            .collect();
        let downsampler = || Downsample {
            conv: Conv2d::new([d_out, d_out], 3, device).with_stride(2, 0),
        };
        Self {
            resnets,
            downsamplers: downsample.then(downsampler).into_iter().collect(),
        }
    }

    /// `[B, in, H, W]` → `[B, out, H/2, W/2]`, or the same size in the last level.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.layers().fold(x, |x, layer| layer(x))
    }

    fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let resnets = self.resnets.iter().map(ResnetBlock::as_layer);
        let downsamplers = self.downsamplers.iter();
        resnets.chain(
            downsamplers.map(|downsampler| -> Layer { Box::new(|x| downsampler.forward(x)) }),
        )
    }
}

impl Downsample {
    /// `[B, C, H, W]` → `[B, C, H/2, W/2]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv.forward(x.pad((0, 1, 0, 1), 0.0))
    }
}
