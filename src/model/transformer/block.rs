//! One transformer block: sandwich-normed attention and feed-forward, scaled and gated by the time.

#![allow(non_snake_case, reason = "adaLN_modulation is the checkpoint's name")]

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Tensor};

use super::attention::Attention;
use super::feed_forward::FeedForward;
use crate::model::config::TransformerConfig;
use crate::model::layers::{Linear, RmsNorm};
use crate::model::ops::{self, KeyMask, Rope};

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

/// The four modulation vectors of a block, each `[B, 1, dim]`, as projected: 1 is not yet added to the scales and the
/// gates have not passed the tanh.
struct Modulation {
    scale_attention: Tensor<3>,
    gate_attention: Tensor<3>,
    scale_ffn: Tensor<3>,
    gate_ffn: Tensor<3>,
}

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

    /// `[B, S, dim]` → `[B, S, dim]`, with `modulation` `[B, min(dim, 256)]` from [`super::Transformer::embed_time`].
    pub fn forward(
        &self,
        x: Tensor<3>,
        modulation: Option<Tensor<2>>,
        rope: &Rope,
        mask: Option<&KeyMask>,
    ) -> Tensor<3> {
        let (scale_attention, gate_attention, scale_ffn, gate_ffn) = match self.modulate(modulation)
        {
            Some(m) => (
                Some(m.scale_attention),
                Some(m.gate_attention),
                Some(m.scale_ffn),
                Some(m.gate_ffn),
            ),
            None => (None, None, None, None),
        };

        let branch = enter(x.clone(), &self.attention_norm1, scale_attention);
        let branch = self.attention.forward(branch, rope, mask);
        let x = leave(x, branch, &self.attention_norm2, gate_attention);

        let branch = enter(x.clone(), &self.ffn_norm1, scale_ffn);
        let branch = self.feed_forward.forward(branch);
        leave(x, branch, &self.ffn_norm2, gate_ffn)
    }

    fn modulate(&self, modulation: Option<Tensor<2>>) -> Option<Modulation> {
        let layers = self.adaLN_modulation.as_ref()?;
        let projected = layers
            .iter()
            .fold(modulation?, |x, layer| layer.forward(x))
            .unsqueeze_dim::<3>(1); // [B, 4·dim] → [B, 1, 4·dim]
        let dim = projected.dims()[2] / 4;
        let part = |index: usize| projected.clone().narrow(2, index * dim, dim);
        Some(Modulation {
            scale_attention: part(0),
            gate_attention: part(1),
            scale_ffn: part(2),
            gate_ffn: part(3),
        })
    }
}

fn enter(x: Tensor<3>, norm: &RmsNorm, scale: Option<Tensor<3>>) -> Tensor<3> {
    ops::rms_norm_modulate(x, norm.weight.val(), scale, norm.eps())
}

fn leave(x: Tensor<3>, branch: Tensor<3>, norm: &RmsNorm, gate: Option<Tensor<3>>) -> Tensor<3> {
    ops::gated_residual(x, branch, norm.weight.val(), gate, norm.eps())
}
