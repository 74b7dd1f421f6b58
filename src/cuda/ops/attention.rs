//! Attention: heads of 128 by our flash kernels, one wide head by matrix products.
//!
//! Measured on an H200 (first run of the kernels alone, 30 heads): 4,224 tokens 0.428 ms = 640 TFLOP/s where cuDNN
//! takes 0.448 ms, 16,512 tokens 5.81 ms = 721 TFLOP/s where cuDNN takes 6.55 ms; predicted was 420 TFLOP/s. Tiles of
//! 176 keys with the two warpgroups taking turns beat 128 keys (0.442 ms) and no turns (0.516 ms). The kernel for older
//! chips reaches 299 TFLOP/s there.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cudarc::driver::sys::CUtensorMap;

use super::linear::Joined;
use super::{empty, rows_and_width, with_last};
use crate::cuda::CudaError;
use crate::cuda::cublaslt::{Elements, Product, Side};
use crate::cuda::kernels::{Kernel, arguments};
use crate::cuda::stream::{Work, enqueue};
use crate::cuda::tensor_map::Tiled;

/// Width of a head that the flash kernels are written for.
pub(super) const HEAD: usize = 128;

/// Batch items whose key counts fit into a kernel's parameters, as in prelude.cuh.
pub const MOST_ITEMS: usize = 32;

/// Scores of the wide attention are held for as many queries at once as make this many entries (128 MiB of f32).
const SCORES_AT_A_TIME: usize = 1 << 25;

/// How the heads of a merged projection are laid out and attended to.
#[derive(Debug, Clone)]
pub struct Heads {
    /// Query heads H.
    pub queries: usize,
    /// Key and value heads G; each serves H/G query heads in a row.
    pub groups: usize,
    /// Pairs (j, j + 64) turn together, else neighbours.
    pub halves: bool,
    /// A query sees its own position and those before, else all.
    pub causal: bool,
    /// Real keys of each batch item, where not all are.
    pub keys: Option<Vec<usize>>,
    /// Epsilon of the query and key norms.
    pub eps: f64,
    /// Factor of the scores.
    pub scale: f64,
}

/// By value into the kernels, as in prelude.cuh.
#[repr(C)]
#[derive(Clone, Copy)]
struct KeyCounts([i32; MOST_ITEMS]);

impl Heads {
    fn key_counts(&self, batch: usize, length: usize) -> KeyCounts {
        let mut counts = [length as i32; MOST_ITEMS];
        for (count, &keys) in counts
            .iter_mut()
            .zip(self.keys.iter().flatten())
            .take(batch)
        {
            *count = keys.clamp(1, length) as i32;
        }
        KeyCounts(counts)
    }
}

/// Sizes of one call.
pub(super) struct Call {
    pub batch: usize,
    pub length: usize,
    pub heads: Heads,
}

/// Addresses of one call's matrices: queries, keys and values as projected, queries and keys turned, heads joined.
#[derive(Clone, Copy)]
pub(super) struct Matrices {
    pub qkv: u64,
    pub qk: u64,
    pub joined: u64,
}

/// `others`: norms of queries and keys, cosines, sines.
pub fn self_attention<const N: usize>(
    [x, out_weight]: [CubeTensor; 2],
    weights: [CubeTensor; N],
    others: [CubeTensor; 4],
    heads: Heads,
) -> CubeTensor {
    let (x, out_weight) = (into_contiguous(x), into_contiguous(out_weight));
    let weights = weights.map(into_contiguous);
    let others = others.map(into_contiguous);
    let (batch, length) = (x.meta.shape()[0], x.meta.shape()[1]);
    let tokens = batch * length;
    let positions = rows_and_width(&others[2]).0;
    let first = Joined::new(&x, &weights);
    let scratch = |width: usize| empty(&x, Shape::new([tokens, width]), x.dtype);
    let qkv = scratch(first.width());
    let qk = scratch((heads.queries + heads.groups) * HEAD);
    let joined = scratch(heads.queries * HEAD);
    let last = Joined::new(&joined, std::slice::from_ref(&out_weight));
    let out = empty(&x, with_last(x.meta.shape(), last.width()), x.dtype);
    let call = Call {
        batch,
        length,
        heads,
    };
    let inputs: Vec<&CubeTensor> = [&x, &out_weight]
        .into_iter()
        .chain(&others)
        .chain(&weights)
        .collect();
    enqueue(&inputs, &[&out, &qkv, &qk, &joined], move |work| {
        let matrices = Matrices {
            qkv: work.outputs[1],
            qk: work.outputs[2],
            joined: work.outputs[3],
        };
        first.multiply(&work, work.inputs[0], &work.inputs[6..], None, matrices.qkv)?;
        call.attend(&work, matrices, positions)?;
        last.multiply(
            &work,
            matrices.joined,
            &[work.inputs[1]],
            None,
            work.outputs[0],
        )
    });
    out
}

impl Call {
    /// Heads of a token in `qk`.
    fn turned_heads(&self) -> usize {
        self.heads.queries + self.heads.groups
    }

    fn scale_log2(&self) -> f32 {
        (self.heads.scale * std::f64::consts::LOG2_E) as f32
    }

    /// From `qkv` to `joined`. Inputs 2 to 5 of `work` are the norms of queries and keys, cosines and sines of so many
    /// `positions`.
    pub(super) fn attend(
        &self,
        work: &Work<'_>,
        at: Matrices,
        positions: usize,
    ) -> Result<(), CudaError> {
        self.turn(work, at, positions)?;
        if work.kernels.hopper && !self.heads.causal && self.heads.groups == self.heads.queries {
            self.attend_hopper(work, at)
        } else {
            self.attend_ampere(work, at)
        }
    }

    /// Norm and rotation of queries and keys, from `qkv` into `qk`.
    fn turn(&self, work: &Work<'_>, at: Matrices, positions: usize) -> Result<(), CudaError> {
        let [norm_q, norm_k, cos, sin] = [2, 3, 4, 5].map(|index| work.inputs[index]);
        let (qkv, qk) = (at.qkv, at.qk);
        let tokens = (self.batch * self.length) as u64;
        let (q_heads, k_heads) = (self.heads.queries as i32, self.heads.groups as i32);
        let (row_heads, positions) = (q_heads + 2 * k_heads, positions as i32);
        let (halves, eps) = (i32::from(self.heads.halves), self.heads.eps as f32);
        let arguments = arguments![
            qkv, norm_q, norm_k, cos, sin, qk, tokens, positions, q_heads, k_heads, row_heads,
            halves, eps
        ];
        // SAFETY: the parameters of qk_norm_rope, in order; `qk` holds a row of turned heads a token.
        unsafe {
            let grid = [tokens as u32, 1, 1];
            work.kernels
                .launch(Kernel::QkNormRope, work.stream, grid, 256, arguments)
        }
    }

    /// The heads of one of the three operands as the copy engine sees them: `[B, S, H, 128]`, boxes of `rows` × 64.
    fn map(&self, address: u64, token_heads: usize, rows: u32) -> Result<CUtensorMap, CudaError> {
        let token = token_heads * HEAD;
        Tiled {
            address,
            size: [HEAD, self.heads.queries, self.length, self.batch],
            stride: [1, HEAD, token, token * self.length],
            tile: [64, 1, rows, 1],
        }
        .encode()
    }

    /// Byte addresses of queries, keys and values.
    fn operands(&self, at: Matrices) -> [u64; 3] {
        let head_bytes = (HEAD * 2) as u64;
        let keys = at.qk + self.heads.queries as u64 * head_bytes;
        let values = at.qkv + self.turned_heads() as u64 * head_bytes;
        [at.qk, keys, values]
    }

    fn grid(&self) -> [u32; 3] {
        [
            self.length.div_ceil(128) as u32,
            self.heads.queries as u32,
            self.batch as u32,
        ]
    }

    fn attend_hopper(&self, work: &Work<'_>, at: Matrices) -> Result<(), CudaError> {
        let [q, k, v] = self.operands(at);
        let (turned, all) = (self.turned_heads(), self.turned_heads() + self.heads.groups);
        let (q, k, v) = (
            self.map(q, turned, 128)?,
            self.map(k, turned, 176)?,
            self.map(v, all, 176)?,
        );
        let (out, counts) = (at.joined, self.heads.key_counts(self.batch, self.length));
        let (queries, scale) = (self.length as i32, self.scale_log2());
        let arguments = arguments![q, k, v, out, counts, queries, scale];
        // SAFETY: the parameters of attention_hopper, in order.
        unsafe {
            work.kernels.launch(
                Kernel::AttentionHopper,
                work.stream,
                self.grid(),
                384,
                arguments,
            )
        }
    }

    fn attend_ampere(&self, work: &Work<'_>, at: Matrices) -> Result<(), CudaError> {
        let [q, k, v] = self.operands(at);
        let (out, counts) = (at.joined, self.heads.key_counts(self.batch, self.length));
        let length = self.length as i32;
        let turned = (self.turned_heads() * HEAD) as u64;
        let all = turned + (self.heads.groups * HEAD) as u64;
        let group = (self.heads.queries / self.heads.groups) as i32;
        let (causal, scale) = (i32::from(self.heads.causal), self.scale_log2());
        let arguments = arguments![
            q, k, v, out, counts, length, length, turned, turned, all, group, causal, scale
        ];
        // SAFETY: the parameters of attention, in order.
        unsafe {
            work.kernels
                .launch(Kernel::Attention, work.stream, self.grid(), 256, arguments)
        }
    }
}

/// One head of any width: scores of a slice of queries, softmax, product with the values, slice after slice.
///
/// At 1024² (16,384 positions, 512 wide) this moves 3.2 GB and multiplies 0.55 TFLOP: predicted 1.8 ms on an H200.
pub fn wide_attention(q: CubeTensor, k: CubeTensor, v: CubeTensor, scale: f64) -> CubeTensor {
    let [q, k, v] = [q, k, v].map(into_contiguous);
    let shape = q.meta.shape().clone();
    let (batch, length, width) = (shape[0], shape[2], shape[3]);
    let slice = (SCORES_AT_A_TIME / length).clamp(1, length);
    let scores = empty(&q, Shape::new([slice, length]), DType::F32);
    let probabilities = empty(&q, Shape::new([slice, length]), q.dtype);
    let out = empty(&q, Shape::new([batch, length, width]), q.dtype);
    enqueue(
        &[&q, &k, &v],
        &[&out, &scores, &probabilities],
        move |work| {
            let row_bytes = (width * 2) as u64;
            for item in 0..batch {
                let item_bytes = (item * length) as u64 * row_bytes;
                for first in (0..length).step_by(slice) {
                    let offset = item_bytes + first as u64 * row_bytes;
                    let part = Slice {
                        rows: slice.min(length - first),
                        length,
                        width,
                        q: work.inputs[0] + offset,
                        k: work.inputs[1] + item_bytes,
                        v: work.inputs[2] + item_bytes,
                        out: work.outputs[0] + offset,
                    };
                    part.attend(&work, scale)?;
                }
            }
            Ok(())
        },
    );
    out
}

/// Some queries of one item of the wide attention.
struct Slice {
    rows: usize,
    length: usize,
    width: usize,
    q: u64,
    k: u64,
    v: u64,
    out: u64,
}

impl Slice {
    fn attend(&self, work: &Work<'_>, scale: f64) -> Result<(), CudaError> {
        let (scores, probabilities) = (work.outputs[1], work.outputs[2]);
        let (rows, length, width) = (self.rows, self.length, self.width);
        let score = Product::by_weight([rows, length, width], Elements::Bf16ToF32);
        let mix = Product::new(
            [rows, width, length],
            Side::rows(length),
            Side::rows(width),
            Elements::Bf16,
        );
        let (columns, scale_log2) = (
            self.length as i32,
            (scale * std::f64::consts::LOG2_E) as f32,
        );
        // SAFETY: q, k, v and out are contiguous matrices of these shapes; the scratch holds `rows` × `length` entries.
        unsafe {
            score.multiply(work, [self.q, self.k, scores])?;
            let arguments = arguments![scores, probabilities, columns, scale_log2];
            let grid = [self.rows as u32, 1, 1];
            work.kernels
                .launch(Kernel::SoftmaxRows, work.stream, grid, 256, arguments)?;
            mix.multiply(work, [probabilities, self.v, self.out])
        }
    }
}
