//! The residual block of encoder and decoder.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::Layer;
use crate::model::config::VaeConfig;
use crate::model::layers::{Conv2d, GroupNorm};

/// x + conv2(silu(norm2(conv1(silu(norm1(x)))))), x through a 1×1 convolution if the channels change.
#[derive(Module, Debug)]
pub struct ResnetBlock {
    /// Norm before the first convolution.
    pub norm1: GroupNorm,
    /// 3×3, changes the channels.
    pub conv1: Conv2d,
    /// Norm before the second convolution.
    pub norm2: GroupNorm,
    /// 3×3
    pub conv2: Conv2d,
    /// 1×1, where the channels change.
    pub conv_shortcut: Option<Conv2d>,
}

impl ResnetBlock {
    pub(super) fn new(
        [d_in, d_out]: [usize; 2],
        config: &VaeConfig,
        device: &Device,
    ) -> ResnetBlock {
        let norm = |channels| GroupNorm::new(config.norm_num_groups, channels, device);
        Self {
            norm1: norm(d_in),
            conv1: Conv2d::new([d_in, d_out], 3, device),
            norm2: norm(d_out),
            conv2: Conv2d::new([d_out, d_out], 3, device),
            conv_shortcut: (d_in != d_out).then(|| Conv2d::new([d_in, d_out], 1, device)),
        }
    }

    /// Itself, to be walked with others.
    pub(super) fn as_layer(&self) -> Layer<'_> {
        Box::new(|x| self.forward(x))
    }

    /// `[B, in, H, W]` → `[B, out, H, W]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let branch = self.conv1.forward(self.norm1.forward_silu(x.clone()));
        let branch = self.norm2.forward_silu(branch);
        let x = match &self.conv_shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        self.conv2.forward_residual(branch, x)
    }
}
