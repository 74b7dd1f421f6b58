//! Rotary position embeddings, together with the per-head norm that precedes them.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::norm::normalise;
use crate::model::cpu;

/// Which two entries of a head vector turn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopePairs {
    /// (2k, 2k+1), as the diffusion transformer does.
    Adjacent,
    /// (k, k + D/2), as Qwen3 does.
    Halves,
}

/// Cosines and sines of every position, f32, `[B, S, D/2]`; a batch of one serves all items.
#[derive(Debug, Clone)]
pub struct Rope {
    /// `[B, S, D/2]`
    pub cos: Tensor<3>,
    /// `[B, S, D/2]`
    pub sin: Tensor<3>,
    /// Which entries the angles turn.
    pub pairs: RopePairs,
}

impl Rope {
    /// Tables from angles in radians, `batch × length × half` of them, row-major.
    pub fn from_angles(
        angles: &[f32],
        shape: [usize; 3],
        pairs: RopePairs,
        device: &Device,
    ) -> Self {
        let table = |turn: fn(f32) -> f32| angles.iter().copied().map(turn).collect();
        Self::from_tables([table(f32::cos), table(f32::sin)], shape, pairs, device)
    }

    /// From cosines and sines, `batch × length × half` of each, row-major.
    pub fn from_tables(
        tables: [Vec<f32>; 2],
        shape: [usize; 3],
        pairs: RopePairs,
        device: &Device,
    ) -> Self {
        // Flat, as short rows would be copied to CUDA devices one by one.
        let [cos, sin] = tables.map(|table| {
            let flat = [table.len()];
            Tensor::<1>::from_data(TensorData::new(table, flat), (device, DType::F32))
                .reshape(shape)
        });
        Self { cos, sin, pairs }
    }

    /// The tables with positions `start..start + length` only.
    pub fn narrow(&self, start: usize, length: usize) -> Self {
        Self {
            cos: self.cos.clone().narrow(1, start, length),
            sin: self.sin.clone().narrow(1, start, length),
            pairs: self.pairs,
        }
    }

    /// The tables of the given batch items; a shared table stays shared.
    pub fn select(&self, items: &Tensor<1, Int>) -> Self {
        if self.cos.dims()[0] == 1 {
            return self.clone();
        }
        Self {
            cos: self.cos.clone().select(0, items.clone()),
            sin: self.sin.clone().select(0, items.clone()),
            pairs: self.pairs,
        }
    }

    /// The tables rounded to `dtype` and back, for networks whose reference stores them in the activations' type.
    pub fn rounded_to(self, dtype: DType) -> Self {
        Self {
            cos: self.cos.cast(dtype).cast(DType::F32),
            sin: self.sin.cast(dtype).cast(DType::F32),
            pairs: self.pairs,
        }
    }
}

/// Per-head RMS norm (if there is a weight), then the rotation, then heads before positions.
///
/// `x` `[B, S, H, D]`, `weight` `[D]` → `[B, H, S, D]`. The rotation is f32, the result has `x`'s type.
pub fn norm_rope(x: Tensor<4>, weight: Option<Tensor<1>>, eps: f64, rope: &Rope) -> Tensor<4> {
    if let Some(out) = cpu::norm_rope(&x, &weight, eps, rope) {
        return out;
    }
    let normed = match weight {
        Some(weight) => normalise(x, eps) * weight.unsqueeze(),
        None => x,
    };
    rotate(normed, rope).swap_dims(1, 2)
}

/// What [`qkv_norm_rope`] needs to know besides the projection.
#[derive(Debug, Clone)]
pub struct QkvNormRope<'a> {
    /// Heads H of queries, keys and values alike.
    pub heads: usize,
    /// `[D]` weight of the query norm; `None` leaves queries as they are.
    pub norm_q: Option<Tensor<1>>,
    /// `[D]` weight of the key norm.
    pub norm_k: Option<Tensor<1>>,
    /// Epsilon of both norms.
    pub eps: f64,
    /// Positions.
    pub rope: &'a Rope,
}

/// Splits a merged projection `[B, S, 3·H·D]` (queries, keys, values) into heads, norms and turns queries and keys.
///
/// Gives queries, keys and values, each `[B, H, S, D]`.
pub fn qkv_norm_rope(qkv: Tensor<3>, with: QkvNormRope<'_>) -> [Tensor<4>; 3] {
    if let Some(out) = cpu::qkv_norm_rope(&qkv, &with) {
        return out;
    }
    let [batch, length, width] = qkv.dims();
    let (heads, head_dim) = (with.heads, width / 3 / with.heads);
    let part = |index: usize| {
        qkv.clone()
            .narrow(2, index * heads * head_dim, heads * head_dim)
            .reshape([batch, length, heads, head_dim]) // [B, S, H·D] → [B, S, H, D]
    };
    [
        norm_rope(part(0), with.norm_q, with.eps, with.rope),
        norm_rope(part(1), with.norm_k, with.eps, with.rope),
        part(2).swap_dims(1, 2),
    ]
}

/// Turns `x` `[B, S, H, D]` by the angles of its positions.
fn rotate(x: Tensor<4>, rope: &Rope) -> Tensor<4> {
    let [batch, length, heads, dim] = x.dims();
    let dtype = x.dtype();
    let half = dim / 2;
    // [B, S, D/2] → one axis for the heads, one where the two entries of a pair sit
    let (shape, axis) = match rope.pairs {
        RopePairs::Adjacent => ([batch, length, heads, half, 2], 4),
        RopePairs::Halves => ([batch, length, heads, 2, half], 3),
    };
    let cos = rope
        .cos
        .clone()
        .unsqueeze_dim::<4>(2)
        .unsqueeze_dim::<5>(axis);
    let sin = rope
        .sin
        .clone()
        .unsqueeze_dim::<4>(2)
        .unsqueeze_dim::<5>(axis);
    let pairs = x.cast(DType::F32).reshape(shape);
    let first = pairs.clone().narrow(axis, 0, 1);
    let second = pairs.narrow(axis, 1, 1);
    Tensor::cat(
        vec![
            first.clone() * cos.clone() - second.clone() * sin.clone(),
            first * sin + second * cos,
        ],
        axis,
    )
    .reshape([batch, length, heads, dim])
    .cast(dtype)
}
