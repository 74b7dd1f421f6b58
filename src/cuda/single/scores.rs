//! softmax(q·kᵀ·scale + bias)·v by batched products, the probabilities held in memory, and its gradient.
//!
//! With p the probabilities and dp = do·vᵀ: dv = pᵀ·do, ds = p·(dp − Σ over keys of p·dp)·scale, dq = ds·k, dk = dsᵀ·q.
//! Heads that share keys lie one after another, so that they are one matrix of queries.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::blank;
use super::kernels::launch;
use super::precision::Precision;
use crate::cuda::CudaError;
use crate::cuda::cublaslt::{Product, Side};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::Work;

/// Entries of the probabilities held at once where no gradient is wanted (1 GiB).
const HELD: usize = 1 << 28;

/// Sizes of one attention.
#[derive(Debug, Clone, Copy)]
pub struct Scores {
    /// Batch items.
    pub items: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub groups: usize,
    /// Queries of a head.
    pub length: usize,
    /// Keys of a head.
    pub keys: usize,
    /// Width of a head.
    pub dim: usize,
    /// Whether a query sees only keys up to its own position.
    pub causal: bool,
    /// Factor of the scores.
    pub scale: f32,
}

/// Addresses of queries `[B, H, S, D]`, keys and values `[B, G, T, D]` and the bias `[B, T]`, which may be null.
#[derive(Debug, Clone, Copy)]
pub struct Operands {
    /// Queries.
    pub q: u64,
    /// Keys.
    pub k: u64,
    /// Values.
    pub v: u64,
    /// Added to the scores of an item's keys.
    pub bias: u64,
}

impl Scores {
    /// Rows of queries that share keys.
    fn rows(&self) -> usize {
        self.heads / self.groups * self.length
    }

    /// Probabilities of one item.
    fn entries(&self) -> usize {
        self.heads * self.length * self.keys
    }

    /// `[B, H, S, T]`
    pub fn shape(&self) -> Shape {
        Shape::new([self.items, self.heads, self.length, self.keys])
    }

    /// Items at a time.
    fn at_once(&self, keep: bool) -> usize {
        if keep {
            self.items
        } else {
            (HELD / self.entries().max(1)).clamp(1, self.items.max(1))
        }
    }

    /// Memory for the probabilities: all of them, or as many as are held at once.
    pub fn probabilities(&self, like: &CubeTensor, keep: bool) -> CubeTensor {
        let items = self.at_once(keep);
        blank(like, Self { items, ..*self }.shape())
    }

    /// One product for each group of each of `items`: `size` of the factors and the result, `a` and `b` as they lie.
    fn product(
        &self,
        items: usize,
        size: [usize; 3],
        a: Side,
        b: Side,
        precision: Precision,
    ) -> Product {
        let [m, n, k] = size;
        Product::new(size, a.every(m * k), b.every(k * n), precision).batched(items * self.groups)
    }

    /// Writes the heads' results `[B, H, S, D]` to `out`; `p` is that of [`Scores::probabilities`].
    ///
    /// # Safety
    /// The addresses must be live device memory of the sizes documented.
    ///
    /// # Errors
    /// If a launch is refused.
    pub unsafe fn forward(
        &self,
        work: &Work<'_>,
        at: Operands,
        [p, out]: [u64; 2],
        keep: bool,
        precision: Precision,
    ) -> Result<(), CudaError> {
        let (rows, keys, dim) = (self.rows(), self.keys, self.dim);
        let item = |numbers: usize| 4 * numbers as u64;
        let (queries, pairs) = (
            item(self.heads * self.length * dim),
            item(self.groups * keys * dim),
        );
        let at_once = self.at_once(keep);
        for first in (0..self.items).step_by(at_once) {
            let items = at_once.min(self.items - first);
            let from = first as u64;
            let bias = if at.bias == 0 {
                0
            } else {
                at.bias + from * item(keys)
            };
            let (q, k, v) = (
                at.q + from * queries,
                at.k + from * pairs,
                at.v + from * pairs,
            );
            let score = self.product(
                items,
                [rows, keys, dim],
                Side::rows(dim),
                Side::transposed(dim),
                precision,
            );
            let mix = self.product(
                items,
                [rows, dim, keys],
                Side::rows(keys),
                Side::rows(dim),
                precision,
            );
            // SAFETY: the caller vouches for the addresses.
            unsafe {
                score.multiply(work, [q, k, p])?;
                self.softmax(work, items, p, bias)?;
                mix.multiply(work, [p, v, out + from * queries])?;
            }
        }
        Ok(())
    }

    /// # Safety
    /// As [`Scores::forward`].
    unsafe fn softmax(
        &self,
        work: &Work<'_>,
        items: usize,
        scores: u64,
        bias: u64,
    ) -> Result<(), CudaError> {
        let item_rows = (self.heads * self.length) as u64;
        let rows = items as u64 * item_rows;
        let [columns, length] = [self.keys, self.length].map(|size| size as i32);
        let (causal, scale) = (i32::from(self.causal), self.scale);
        let arguments = arguments![
            scores, bias, rows, columns, item_rows, length, causal, scale
        ];
        let grid = [rows.div_ceil(8) as u32, 1, 1];
        // SAFETY: the parameters of softmax, in order; the caller vouches for the addresses.
        unsafe { launch(work, c"softmax", grid, 256, arguments) }
    }

    /// Gradients of queries, keys and values from `d_out` `[B, H, S, D]`, the kept probabilities `p` and scratch
    /// memory `ds` of their size.
    ///
    /// # Safety
    /// As [`Scores::forward`].
    ///
    /// # Errors
    /// If a launch is refused.
    pub unsafe fn backward(
        &self,
        work: &Work<'_>,
        at: Operands,
        [p, ds, d_out]: [u64; 3],
        [dq, dk, dv]: [u64; 3],
    ) -> Result<(), CudaError> {
        let (rows, keys, dim) = (self.rows(), self.keys, self.dim);
        let product = |size, a, b| self.product(self.items, size, a, b, Precision::Tf32);
        let by_query = |a| product([rows, keys, dim], a, Side::transposed(dim));
        let by_key = |b| product([keys, dim, rows], Side::transposed(keys), b);
        let count = (self.items * self.heads * self.length) as u64;
        let (columns, scale) = (keys as i32, self.scale);
        // SAFETY: the parameters of softmax_backward, in order; the caller vouches for the addresses.
        unsafe {
            by_key(Side::rows(dim)).multiply(work, [p, d_out, dv])?;
            by_query(Side::rows(dim)).multiply(work, [d_out, at.v, ds])?;
            let arguments = arguments![p, ds, count, columns, scale];
            let grid = [count.div_ceil(8) as u32, 1, 1];
            launch(work, c"softmax_backward", grid, 256, arguments)?;
            product([rows, dim, keys], Side::rows(keys), Side::rows(dim))
                .multiply(work, [ds, at.k, dq])?;
            by_key(Side::rows(dim)).multiply(work, [ds, at.q, dk])
        }
    }

    /// `[B, H, S, D]` → `[B, S, H, D]`, or back with `apart`.
    ///
    /// # Safety
    /// As [`Scores::forward`].
    ///
    /// # Errors
    /// If the launch is refused.
    pub unsafe fn join(
        &self,
        work: &Work<'_>,
        [from, to]: [u64; 2],
        apart: bool,
    ) -> Result<(), CudaError> {
        let count = (self.items * self.heads * self.length * self.dim) as u64;
        let (heads, length, inner) = (self.heads as u64, self.length as u64, self.dim as i32);
        let (a, b) = if apart {
            (length, heads)
        } else {
            (heads, length)
        };
        let arguments = arguments![from, to, count, a, b, inner];
        let grid = [count.div_ceil(256) as u32, 1, 1];
        // SAFETY: the parameters of swap_middle, in order; the caller vouches for the addresses.
        unsafe { launch(work, c"swap_middle", grid, 256, arguments) }
    }
}
