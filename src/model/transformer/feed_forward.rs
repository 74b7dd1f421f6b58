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
    /// One `w13`, all weights in E4M3: inference at twice the speed, not quite the same pictures.
    Fp8(Fp8FeedForward),
}

passthrough_module!(FeedForward { Split, Merged, Fp8 }, FeedForward::mapped);

/// The network with the names of a diffusers checkpoint.
#[derive(Module, Debug)]
pub struct SplitFeedForward {
    /// `[F, dim]`, the gate.
    pub w1: Linear,
    /// `[dim, F]`
    pub w2: Linear,
    /// `[F, dim]`
    pub w3: Linear,
    /// Become [`Fp8FeedForward`] when the weights are there.
    #[module(skip)]
    to_fp8: bool,
}

/// The network with one input projection.
#[derive(Module, Debug)]
pub struct MergedFeedForward {
    /// `[2·F, dim]`: rows of w1, then of w3.
    pub w13: Linear,
    /// `[dim, F]`
    pub w2: Linear,
}

/// The network with one input projection and weights in E4M3.
#[derive(Module, Debug)]
pub struct Fp8FeedForward {
    /// `[2·F, dim]`: rows of w1, then of w3.
    pub w13: ops::fp8::Weight,
    /// `[dim, F]`
    pub w2: ops::fp8::Weight,
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
            to_fp8: false,
        })
    }

    pub(super) fn load_as_fp8(self) -> Self {
        match self {
            Self::Split(split) => Self::Split(SplitFeedForward {
                to_fp8: true,
                ..split
            }),
            other => other,
        }
    }

    fn mapped(self) -> Self {
        match self {
            Self::Split(split) if split.to_fp8 && split.w1.weight.is_initialized() => {
                let parts = [split.w1, split.w3];
                Self::Fp8(Fp8FeedForward {
                    w13: ops::fp8::quantise(parts.map(|linear| linear.weight.into_value())),
                    w2: ops::fp8::quantise([split.w2.weight.into_value()]),
                })
            }
            other => other,
        }
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
            Self::Fp8(fp8) => return ops::fp8::swiglu(x, &fp8.w13, &fp8.w2),
        };
        ops::swiglu(x, projections, w2.projection())
    }
}
