//! Softmax attention.

use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation};

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
