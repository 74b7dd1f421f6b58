//! The SwiGLU feed-forward network of a block.

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Tensor};

use super::Form;
use crate::model::config::TransformerConfig;
use crate::model::layers::{Linear, passthrough_module};
use crate::model::ops::eight_bit::Format;
use crate::model::ops::{self, Projections};

/// w2(silu(w1·x) · w3·x), as checkpoints store it or with w1 and w3 merged.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few dozen of them, each in a block that is large itself"
)]
pub enum FeedForward {
    /// `w1` and `w3` apart: loading, saving, training.
    Split(SplitFeedForward),
    /// One `w13`: inference.
    Merged(MergedFeedForward),
    /// One `w13`, all weights of 8 bits: inference at twice the speed, not quite the same pictures.
    EightBit(EightBitFeedForward),
}

passthrough_module!(
    FeedForward {
        Split,
        Merged,
        EightBit
    },
    FeedForward::mapped
);

/// The network with the names of a diffusers checkpoint.
#[derive(Module, Debug)]
pub struct SplitFeedForward {
    /// `[F, dim]`, the gate.
    pub w1: Linear,
    /// `[dim, F]`
    pub w2: Linear,
    /// `[F, dim]`
    pub w3: Linear,
    /// What it becomes when the weights are there.
    #[module(skip)]
    becomes: Form,
}

/// The network with one input projection.
#[derive(Module, Debug)]
pub struct MergedFeedForward {
    /// `[2·F, dim]`: rows of w1, then of w3.
    pub w13: Linear,
    /// `[dim, F]`
    pub w2: Linear,
}

/// The network with one input projection and weights of 8 bits.
#[derive(Module, Debug)]
pub struct EightBitFeedForward {
    /// `[2·F, dim]`: rows of w1, then of w3.
    pub w13: ops::eight_bit::Weight,
    /// `[dim, F]`
    pub w2: ops::eight_bit::Weight,
}

impl SplitFeedForward {
    fn merge(self) -> MergedFeedForward {
        MergedFeedForward {
            w13: Linear::merge([self.w1, self.w3]),
            w2: self.w2,
        }
    }

    fn quantise(self, format: Format) -> EightBitFeedForward {
        let inputs = [self.w1, self.w3].map(|linear| linear.weight.into_value());
        EightBitFeedForward {
            w13: ops::eight_bit::quantise(inputs, format),
            w2: ops::eight_bit::quantise([self.w2.weight.into_value()], format),
        }
    }
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
            becomes: Form::Stored,
        })
    }

    pub(super) fn load_as(self, form: Form) -> Self {
        match self {
            Self::Split(split) => Self::Split(SplitFeedForward {
                becomes: form,
                ..split
            }),
            other => other,
        }
    }

    fn mapped(self) -> Self {
        match self {
            Self::Split(split) if split.w1.weight.is_initialized() => match split.becomes {
                Form::Stored => Self::Split(split),
                Form::Merged => Self::Merged(split.merge()),
                Form::EightBit(format) => Self::EightBit(split.quantise(format)),
            },
            other => other,
        }
    }

    pub(super) fn merge_projections(self) -> Self {
        match self {
            Self::Split(split) => Self::Merged(split.merge()),
            other => other,
        }
    }

    /// `[B, S, dim]` → `[B, S, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let (projections, w2) = match self {
            Self::Split(split) => {
                let parts = [split.w1.projection(), split.w3.projection()];
                (Projections::Apart(parts), &split.w2)
            }
            Self::Merged(merged) => (Projections::Merged(merged.w13.projection()), &merged.w2),
            Self::EightBit(narrow) => return ops::eight_bit::swiglu(x, &narrow.w13, &narrow.w2),
        };
        ops::swiglu(x, projections, w2.projection())
    }
}
