//! One transformer block: sandwich-normed attention and feed-forward, scaled and gated by the time.

#![allow(non_snake_case, reason = "adaLN_modulation is the checkpoint's name")]

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Tensor};

use super::Form;
use super::attention::Attention;
use super::feed_forward::FeedForward;
use crate::model::config::TransformerConfig;
use crate::model::layers::{Linear, RmsNorm};
use crate::model::ops::{self, KeyMask, Part, Rope};

/// x += gate·norm2(attention(norm1(x)·scale)); x += gate·norm2(ffn(norm1(x)·scale)).
#[derive(Module, Debug)]
pub struct Block {
    /// Attention over all tokens.
    pub attention: Attention,
    /// Feed-forward network.
    pub feed_forward: FeedForward,
    /// Norm before attention.
    pub attention_norm1: RmsNorm,
    /// Norm before the feed-forward network.
    pub ffn_norm1: RmsNorm,
    /// Norm of the attention's output.
    pub attention_norm2: RmsNorm,
    /// Norm of the feed-forward network's output.
    pub ffn_norm2: RmsNorm,
    /// `[4·dim, min(dim, 256)]`, one layer; absent in the context refiner, where scale and gate are 1.
    pub adaLN_modulation: Option<Vec<Linear>>,
}

/// Parts of the modulation of a block, in their order: 1 is not yet added to the scales and the gates have not passed
/// the tanh.
const SCALE_ATTENTION: usize = 0;
const GATE_ATTENTION: usize = 1;
const SCALE_FFN: usize = 2;
const GATE_FFN: usize = 3;

impl Block {
    pub(super) fn new(config: &TransformerConfig, modulated: bool, device: &Device) -> Self {
        let norm = || RmsNorm::new(config.dim, config.norm_eps, device);
        let modulation = modulated.then(|| {
            let sizes = [config.modulation_dim(), 4 * config.dim];
            vec![Linear::new(sizes, true, &Initializer::Zeros, device)]
        });
        Self {
            attention: Attention::new(config, device),
            feed_forward: FeedForward::new(config, device),
            attention_norm1: norm(),
            ffn_norm1: norm(),
            attention_norm2: norm(),
            ffn_norm2: norm(),
            adaLN_modulation: modulation,
        }
    }

    pub(super) fn merge_projections(self) -> Self {
        Self {
            attention: self.attention.merge_projections(),
            feed_forward: self.feed_forward.merge_projections(),
            ..self
        }
    }

    pub(super) fn load_as(self, form: Form) -> Self {
        Self {
            attention: self.attention.load_as(form),
            feed_forward: self.feed_forward.load_as(form),
            ..self
        }
    }

    /// `[B, S, dim]` → `[B, S, dim]`, with `modulation` `[B, min(dim, 256)]` from [`super::Transformer::embed_time`].
    pub fn forward(
        &self,
        x: Tensor<3>,
        modulation: Option<Tensor<2>>,
        rope: &Rope,
        mask: Option<&KeyMask>,
    ) -> Tensor<3> {
        let modulation = self.modulate(modulation);
        let modulation = modulation.as_ref();
        let part = |index| modulation.map(|of| Part { of, index });
        let eps = self.attention_norm1.eps();
        let weight = |norm: &RmsNorm| norm.weight.val();

        let branch = ops::rms_norm_modulate(
            x.clone(),
            weight(&self.attention_norm1),
            part(SCALE_ATTENTION),
            eps,
        );
        let branch = self.attention.forward(branch, rope, mask);
        let [x, branch] = ops::gated_residual_norm(
            x,
            branch,
            [weight(&self.attention_norm2), weight(&self.ffn_norm1)],
            modulation.map(|of| (of, [GATE_ATTENTION, SCALE_FFN])),
            eps,
        );
        let branch = self.feed_forward.forward(branch);
        ops::gated_residual(x, branch, weight(&self.ffn_norm2), part(GATE_FFN), eps)
    }

    /// `[B, 1, 4·dim]`
    fn modulate(&self, modulation: Option<Tensor<2>>) -> Option<Tensor<3>> {
        let layers = self.adaLN_modulation.as_ref()?;
        let projected = layers.iter().fold(modulation?, |x, layer| layer.forward(x));
        Some(projected.unsqueeze_dim::<3>(1)) // [B, 4·dim] → [B, 1, 4·dim]
    }
}
