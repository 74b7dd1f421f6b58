//! A product with so few rows that packing the weights would cost more than it saves.

use super::isa::Level;
use super::rows::{RowKernel, dot, fill};

/// `[rows, in]` · `[out, in]`ᵀ + bias for a handful of rows: every weight is read once, nothing is packed.
pub fn few_rows_product(
    level: Level,
    x: &[f32],
    weight: &[f32],
    [rows, d_in, d_out]: [usize; 3],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let kernel = Dots {
        x,
        weight,
        d_in,
        rows,
    };
    // [out, rows], as each weight meets all rows at once
    let turned = fill(level, &kernel, [d_out, rows]);
    let mut out = vec![0.0; rows * d_out];
    for (column, sums) in turned.chunks(rows.max(1)).enumerate() {
        let bias = bias.map_or(0.0, |bias| bias[column]);
        for (row, sum) in sums.iter().enumerate() {
            out[row * d_out + column] = sum + bias;
        }
    }
    out
}

struct Dots<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    d_in: usize,
    rows: usize,
}

impl RowKernel for Dots<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let weight = &self.weight[index * self.d_in..][..self.d_in];
        for (row, out) in out.iter_mut().enumerate().take(self.rows) {
            *out = dot(&self.x[row * self.d_in..][..self.d_in], weight);
        }
    }
}
