//! Full attention with per-head norms on queries and keys.

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Tensor};

use super::Form;
use crate::model::config::TransformerConfig;
use crate::model::layers::{Linear, RmsNorm, passthrough_module};
use crate::model::ops::eight_bit::Format;
use crate::model::ops::{self, AttentionSpec, KeyMask, Mask, Projections, Rope};

/// Epsilon of the query and key norms, which the reference fixes regardless of `norm_eps`.
const QK_NORM_EPS: f64 = 1e-5;

/// Attention as checkpoints store it, or with its three input projections merged into one.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few dozen of them, each in a block that is large itself"
)]
pub enum Attention {
    /// `to_q`, `to_k`, `to_v` apart: loading, saving, training.
    Split(SplitAttention),
    /// One `qkv`: inference.
    Merged(MergedAttention),
    /// One `qkv`, all weights of 8 bits: inference at twice the speed, not quite the same pictures.
    EightBit(EightBitAttention),
}

passthrough_module!(
    Attention {
        Split,
        Merged,
        EightBit
    },
    Attention::mapped
);

/// Attention with the names of a diffusers checkpoint.
#[derive(Module, Debug)]
pub struct SplitAttention {
    /// `[dim, dim]`
    pub to_q: Linear,
    /// `[dim, dim]`
    pub to_k: Linear,
    /// `[dim, dim]`
    pub to_v: Linear,
    /// `[dim, dim]`, one layer.
    pub to_out: Vec<Linear>,
    /// `[head_dim]`
    pub norm_q: Option<RmsNorm>,
    /// `[head_dim]`
    pub norm_k: Option<RmsNorm>,
    #[module(skip)]
    heads: usize,
    /// What it becomes when the weights are there.
    #[module(skip)]
    becomes: Form,
}

/// Attention with one input projection.
#[derive(Module, Debug)]
pub struct MergedAttention {
    /// `[3·dim, dim]`: rows of queries, keys, values.
    pub qkv: Linear,
    /// `[dim, dim]`, one layer.
    pub to_out: Vec<Linear>,
    /// `[head_dim]`
    pub norm_q: Option<RmsNorm>,
    /// `[head_dim]`
    pub norm_k: Option<RmsNorm>,
    #[module(skip)]
    heads: usize,
}

/// Attention with one input projection and weights of 8 bits.
#[derive(Module, Debug)]
pub struct EightBitAttention {
    /// `[3·dim, dim]`: rows of queries, keys, values.
    pub qkv: ops::eight_bit::Weight,
    /// `[dim, dim]`
    pub to_out: ops::eight_bit::Weight,
    /// `[head_dim]`
    pub norm_q: Option<RmsNorm>,
    /// `[head_dim]`
    pub norm_k: Option<RmsNorm>,
    #[module(skip)]
    heads: usize,
}

impl SplitAttention {
    fn merge(self) -> MergedAttention {
        MergedAttention {
            qkv: Linear::merge([self.to_q, self.to_k, self.to_v]),
            to_out: self.to_out,
            norm_q: self.norm_q,
            norm_k: self.norm_k,
            heads: self.heads,
        }
    }

    fn quantise(self, format: Format) -> EightBitAttention {
        let inputs = [self.to_q, self.to_k, self.to_v].map(|linear| linear.weight.into_value());
        EightBitAttention {
            qkv: ops::eight_bit::quantise(inputs, format),
            to_out: ops::eight_bit::quantise([self.to_out[0].weight.val()], format),
            norm_q: self.norm_q,
            norm_k: self.norm_k,
            heads: self.heads,
        }
    }
}

impl Attention {
    pub(super) fn new(config: &TransformerConfig, device: &Device) -> Self {
        let linear = || {
            let xavier = Initializer::XavierUniform { gain: 1.0 };
            Linear::new([config.dim, config.dim], false, &xavier, device)
        };
        let norm = || {
            config
                .qk_norm
                .then(|| RmsNorm::new(config.head_dim(), QK_NORM_EPS, device))
        };
        Self::Split(SplitAttention {
            to_q: linear(),
            to_k: linear(),
            to_v: linear(),
            to_out: vec![linear()],
            norm_q: norm(),
            norm_k: norm(),
            heads: config.n_heads,
            becomes: Form::Stored,
        })
    }

    pub(super) fn load_as(self, form: Form) -> Self {
        match self {
            Self::Split(split) => Self::Split(SplitAttention {
                becomes: form,
                ..split
            }),
            other => other,
        }
    }

    fn mapped(self) -> Self {
        match self {
            Self::Split(split) if split.to_q.weight.is_initialized() => match split.becomes {
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

    /// `[B, S, dim]` → `[B, S, dim]`; every token sees every real token of its item.
    pub fn forward(&self, x: Tensor<3>, rope: &Rope, mask: Option<&KeyMask>) -> Tensor<3> {
        let (projections, out, norm_q, norm_k, heads) = match self {
            Self::Split(split) => {
                let parts = [&split.to_q, &split.to_k, &split.to_v].map(Linear::projection);
                (
                    Projections::Apart(parts),
                    // One layer, in a list because the checkpoint numbers it.
                    split.to_out[0].projection(),
                    &split.norm_q,
                    &split.norm_k,
                    split.heads,
                )
            }
            Self::Merged(merged) => {
                let whole = merged.qkv.projection();
                (
                    Projections::Merged(whole),
                    merged.to_out[0].projection(),
                    &merged.norm_q,
                    &merged.norm_k,
                    merged.heads,
                )
            }
            Self::EightBit(narrow) => {
                let spec = spec(&narrow.norm_q, &narrow.norm_k, narrow.heads, &x, rope, mask);
                return ops::eight_bit::self_attention(x, &narrow.qkv, &narrow.to_out, spec);
            }
        };
        let with = spec(norm_q, norm_k, heads, &x, rope, mask);
        ops::self_attention(x, projections, out, with)
    }
}

fn spec<'a>(
    norm_q: &Option<RmsNorm>,
    norm_k: &Option<RmsNorm>,
    heads: usize,
    x: &Tensor<3>,
    rope: &'a Rope,
    mask: Option<&'a KeyMask>,
) -> AttentionSpec<'a> {
    AttentionSpec {
        heads,
        groups: heads,
        head_dim: x.dims()[2] / heads,
        norm_q: weight(norm_q),
        norm_k: weight(norm_k),
        eps: QK_NORM_EPS,
        rope,
        mask: mask.map_or(Mask::None, Mask::Keys),
    }
}

fn weight(norm: &Option<RmsNorm>) -> Option<Tensor<1>> {
    norm.as_ref().map(|norm| norm.weight.val())
}
