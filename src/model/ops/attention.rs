//! Softmax attention.

use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation};

use super::linear::{Projection, Projections, linear};
use super::rope::{QkvNormRope, Rope, RopePairs, norm_rope, qkv_norm_rope};
use crate::cuda::{fast, ops::Heads, single};
use crate::model::cpu;

/// Scores are computed for as many queries at a time as keep their matrix below this many entries (1 GiB of f32).
const SCORES_AT_A_TIME: usize = 1 << 28;

/// What stands in for −∞ where a key may not be seen; finite, so that a row of nothing else gives no NaN.
const HIDDEN: f32 = -1e30;

/// Which keys a query sees.
#[derive(Debug, Clone, Copy)]
pub enum Mask<'a> {
    /// All of them.
    None,
    /// Those at its own position and before.
    Causal,
    /// The first few of its batch item.
    Keys(&'a KeyMask),
}

impl<'a> Mask<'a> {
    /// What is added to the scores of each item's keys `[B, 1, 1, T]`, where items differ.
    fn bias(self) -> Option<&'a Tensor<4>> {
        match self {
            Self::Keys(mask) => Some(&mask.bias),
            Self::None | Self::Causal => None,
        }
    }
}

/// For each item of a batch, how many leading keys are real; the rest only fill the item up to the longest.
#[derive(Debug, Clone)]
pub struct KeyMask {
    lengths: Vec<usize>,
    bias: Tensor<4>,
}

impl KeyMask {
    /// `None` if every item fills all `keys`, as no mask is needed then.
    pub fn new(lengths: Vec<usize>, keys: usize, device: &Device) -> Option<Self> {
        if lengths.iter().all(|&length| length == keys) {
            return None;
        }
        let hidden = lengths
            .iter()
            .flat_map(|&length| (0..keys).map(move |key| if key < length { 0.0 } else { HIDDEN }))
            .collect::<Vec<f32>>();
        let bias = TensorData::new(hidden, [lengths.len(), 1, 1, keys]);
        Some(Self {
            lengths,
            bias: Tensor::from_data(bias, (device, DType::F32)),
        })
    }

    /// Real keys of each item.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The mask of the given items.
    pub fn select(&self, items: &[usize]) -> Option<Self> {
        let lengths = items.iter().map(|&item| self.lengths[item]).collect();
        Self::new(lengths, self.bias.dims()[3], &self.bias.device())
    }
}

/// softmax(q·kᵀ·scale)·v, heads joined for the projection that follows.
///
/// `q` `[B, H, S, D]`, `k` and `v` `[B, G, T, D]` where G divides H (each key head serves H/G query heads in a row)
/// → `[B, S, H·D]`. Scores and softmax are f32. Never holds all of a large score matrix.
pub fn attention(
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    scale: f64,
    mask: Mask<'_>,
) -> Tensor<3> {
    if let Mask::None = mask
        && let Some(out) = fast::wide_attention([&q, &k, &v], scale)
    {
        return out;
    }
    let causal = matches!(mask, Mask::Causal);
    if let Some(out) = single::attention([&q, &k, &v], scale, causal, mask.bias()) {
        return out;
    }
    if let Some(out) = cpu::attention(&q, &k, &v, scale, mask) {
        return out;
    }
    let dtype = q.dtype();
    let [batch, heads, queries, dim] = q.dims();
    let keys = k.dims()[2];
    let k = repeat_heads(k.cast(DType::F32), heads).swap_dims(2, 3);
    let v = repeat_heads(v.cast(DType::F32), heads);
    let q = q.cast(DType::F32) * scale;
    let chunk = (SCORES_AT_A_TIME / (batch * heads * keys)).clamp(1, queries);
    let outputs = (0..queries)
        .step_by(chunk)
        .map(|start| {
            let rows = chunk.min(queries - start);
            let scores = q.clone().narrow(2, start, rows).matmul(k.clone());
            let scores = match mask {
                Mask::None => scores,
                Mask::Causal => scores + causal_bias(start, rows, keys, &q.device()),
                Mask::Keys(mask) => scores + mask.bias.clone(),
            };
            activation::softmax(scores, 3).matmul(v.clone())
        })
        .collect::<Vec<_>>();
    Tensor::cat(outputs, 2)
        .cast(dtype)
        .swap_dims(1, 2)
        .reshape([batch, queries, heads * dim]) // [B, S, H, D] → [B, S, H·D]
}

/// What [`self_attention`] needs to know besides its input and projections.
#[derive(Debug, Clone)]
pub struct AttentionSpec<'a> {
    /// Query heads H.
    pub heads: usize,
    /// Key and value heads G; each serves H/G query heads in a row.
    pub groups: usize,
    /// Width D of a head.
    pub head_dim: usize,
    /// `[D]` weight of the query norm; `None` leaves queries as they are.
    pub norm_q: Option<Tensor<1>>,
    /// `[D]` weight of the key norm.
    pub norm_k: Option<Tensor<1>>,
    /// Epsilon of both norms.
    pub eps: f64,
    /// Positions.
    pub rope: &'a Rope,
    /// Which keys a query sees.
    pub mask: Mask<'a>,
}

impl AttentionSpec<'_> {
    fn scale(&self) -> f64 {
        (self.head_dim as f64).powf(-0.5)
    }

    /// All of [`self_attention`], where the device does it in one go.
    fn fast(&self, x: &Tensor<3>, weights: &[&Tensor<2>], out: &Tensor<2>) -> Option<Tensor<3>> {
        let norms = match [&self.norm_q, &self.norm_k].map(Option::as_ref) {
            [Some(norm_q), Some(norm_k)] => Some([norm_q, norm_k]),
            [None, None] => None,
            _ => return None,
        };
        let (heads, bias) = (self.heads(), self.mask.bias());
        let tables = [&self.rope.cos, &self.rope.sin];
        norms
            .and_then(|norms| fast::self_attention(x, weights, norms, tables, out, heads.clone()))
            .or_else(|| single::self_attention(x, weights, norms, tables, out, bias, heads))
    }

    /// As the kernels take it.
    pub(super) fn heads(&self) -> Heads {
        Heads {
            queries: self.heads,
            groups: self.groups,
            halves: self.rope.pairs == RopePairs::Halves,
            causal: matches!(self.mask, Mask::Causal),
            keys: match self.mask {
                Mask::Keys(mask) => Some(mask.lengths().to_vec()),
                Mask::None | Mask::Causal => None,
            },
            eps: self.eps,
            scale: self.scale(),
        }
    }

    /// Queries `[B, S, H·D]`, keys and values `[B, S, G·D]` → `[B, S, H·D]`.
    fn apart(self, [q, k, v]: [Tensor<3>; 3]) -> Tensor<3> {
        let split = |x: Tensor<3>| {
            let [batch, length, width] = x.dims();
            let heads = width / self.head_dim;
            x.reshape([batch, length, heads, self.head_dim]) // [B, S, H·D] → [B, S, H, D]
        };
        let q = norm_rope(split(q), self.norm_q.clone(), self.eps, self.rope);
        let k = norm_rope(split(k), self.norm_k.clone(), self.eps, self.rope);
        attention(q, k, split(v).swap_dims(1, 2), self.scale(), self.mask)
    }

    /// Queries, keys and values side by side: `[B, S, (H + 2·G)·D]` → `[B, S, H·D]`.
    pub(super) fn merged(self, qkv: Tensor<3>) -> Tensor<3> {
        if self.heads == self.groups {
            let (scale, mask) = (self.scale(), self.mask);
            let with = QkvNormRope {
                heads: self.heads,
                norm_q: self.norm_q,
                norm_k: self.norm_k,
                eps: self.eps,
                rope: self.rope,
            };
            let [q, k, v] = qkv_norm_rope(qkv, with);
            return attention(q, k, v, scale, mask);
        }
        let (queries, keys) = (self.heads * self.head_dim, self.groups * self.head_dim);
        let parts = [(0, queries), (queries, keys), (queries + keys, keys)];
        self.apart(parts.map(|(start, width)| qkv.clone().narrow(2, start, width)))
    }
}

/// Projections to queries, keys and values, per-head norms and rotary positions, attention, projection of the heads.
///
/// `x` `[B, S, d]`, projections of `[H·D, d]`, `[G·D, d]` and `[G·D, d]`, `out` `[d', H·D]` → `[B, S, d']`.
pub fn self_attention(
    x: Tensor<3>,
    projections: Projections<3>,
    out: Projection,
    with: AttentionSpec<'_>,
) -> Tensor<3> {
    if let (Some(weights), None) = (projections.weights(), &out.1)
        && let Some(attended) = with.fast(&x, &weights, &out.0)
    {
        return attended;
    }
    let heads = match projections {
        Projections::Merged((weight, bias)) => with.merged(linear(x, weight, bias)),
        Projections::Apart(parts) => {
            with.apart(parts.map(|(weight, bias)| linear(x.clone(), weight, bias)))
        }
    };
    linear(heads, out.0, out.1)
}

/// `[B, G, T, D]` → `[B, H, T, D]`, each head repeated H/G times in a row.
fn repeat_heads(x: Tensor<4>, heads: usize) -> Tensor<4> {
    let [batch, groups, length, dim] = x.dims();
    if groups == heads {
        return x;
    }
    x.unsqueeze_dim::<5>(2)
        .expand([batch, groups, heads / groups, length, dim])
        .reshape([batch, heads, length, dim])
}

/// `[1, 1, rows, keys]`: zero where the key is not after the query.
fn causal_bias(start: usize, rows: usize, keys: usize, device: &Device) -> Tensor<4> {
    let query = Tensor::<1, Int>::arange(start as i64..(start + rows) as i64, device).float();
    let key = Tensor::<1, Int>::arange(0..keys as i64, device).float();
    // Positions are whole numbers, so the clamped difference is 0 or at least 1.
    let after = key.unsqueeze::<2>() - query.unsqueeze_dim::<2>(1);
    (after.clamp(0.0, 1.0).cast(DType::F32) * HIDDEN).unsqueeze()
}
