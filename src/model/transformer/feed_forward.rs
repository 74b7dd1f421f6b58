//! The SwiGLU feed-forward network of a block.

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Tensor};

use crate::model::config::TransformerConfig;
use crate::model::layers::{Linear, passthrough_module};
use crate::model::ops::{self, Projections};

/// w2(silu(w1·x) · w3·x), as checkpoints store it or with w1 and w3 merged.
#[derive(Debug, Clone)]
pub enum FeedForward {
    /// `w1` and `w3` apart: loading, saving, training.
    Split(SplitFeedForward),
    /// One `w13`: inference.
    Merged(MergedFeedForward),
}

passthrough_module!(FeedForward { Split, Merged });

/// The network with the names of a diffusers checkpoint.
#[derive(Module, Debug)]
pub struct SplitFeedForward {
    /// `[F, dim]`, the gate.
    pub w1: Linear,
    /// `[dim, F]`
    pub w2: Linear,
    /// `[F, dim]`
    pub w3: Linear,
}

/// The network with one input projection.
#[derive(Module, Debug)]
pub struct MergedFeedForward {
    /// `[2·F, dim]`: rows of w1, then of w3.
    pub w13: Linear,
    /// `[dim, F]`
    pub w2: Linear,
}

impl FeedForward {
    pub(super) fn new(config: &TransformerConfig, device: &Device) -> Self {
        let linear = |d_in, d_out| {
            let xavier = Initializer::XavierUniform { gain: 1.0 };
            Linear::new([d_in, d_out], false, &xavier, device)
        };
        Self::Split(SplitFeedForward {
            w1: linear(config.dim, config.ffn_dim()),
            w2: linear(config.ffn_dim(), config.dim),
            w3: linear(config.dim, config.ffn_dim()),
        })
    }

    pub(super) fn merge_projections(self) -> Self {
        let Self::Split(split) = self else {
            return self;
        };
        let weights = [split.w1, split.w3].map(|linear| linear.weight.into_value());
        Self::Merged(MergedFeedForward {
            w13: Linear::from_weight(Tensor::cat(weights.into(), 0)),
            w2: split.w2,
        })
    }

    /// `[B, S, dim]` → `[B, S, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let (projections, w2) = match self {
            Self::Split(split) => {
                let parts = [split.w1.projection(), split.w3.projection()];
                (Projections::Apart(parts), &split.w2)
            }
            Self::Merged(merged) => (Projections::Merged(merged.w13.projection()), &merged.w2),
        };
        ops::swiglu(x, projections, w2.projection())
    }
}
