//! Work on one row of numbers at a time: norms and gates.

use rayon::prelude::*;

use super::exp::silu;
use super::isa::{Level, Task};

/// Numbers that one thread works on before it looks for more.
const NUMBERS_AT_A_TIME: usize = 1 << 14;

/// Rows of width `width` that make a worthwhile piece of work.
fn rows_at_a_time(width: usize) -> usize {
    (NUMBERS_AT_A_TIME / width.max(1)).max(1)
}

/// What is done to one row; `index` is the row's number.
pub(super) trait RowKernel: Sync {
    /// `out` is the row to fill.
    fn row(&self, index: usize, out: &mut [f32]);
}

struct Rows<'a, K> {
    kernel: &'a K,
    first: usize,
    width: usize,
    out: &'a mut [f32],
}

impl<K: RowKernel> Task for Rows<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize, const COLUMNS: usize>(self) {
        for (index, out) in self.out.chunks_mut(self.width).enumerate() {
            self.kernel.row(self.first + index, out);
        }
    }
}

/// Fills `rows` rows of `width` numbers.
pub(super) fn fill(level: Level, kernel: &impl RowKernel, [rows, width]: [usize; 2]) -> Vec<f32> {
    let mut out = vec![0.0; rows * width];
    let piece = rows_at_a_time(width);
    out.par_chunks_mut((piece * width).max(1))
        .enumerate()
        .for_each(|(index, out)| {
            level.run(Rows {
                kernel,
                first: index * piece,
                width,
                out,
            });
        });
    out
}

/// Sums of one vector's worth of lanes, added up at the end: the order in which a vectorised sum goes.
const LANES: usize = 32;

/// Adds all numbers of `row` up; `add` takes the sum so far and one of them.
#[inline(always)]
pub(super) fn sum_by(row: &[f32], add: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum = add(*sum, *value);
        }
    }
    rest.iter().fold(0.0, |sum, value| add(sum, *value)) + sums.iter().sum::<f32>()
}

/// As [`sum_by`] for pairs of numbers of `a` and `b`, which are of one length: their product.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = a.mul_add(*b, *sum);
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    rest.fold(0.0, |sum, (a, b)| a.mul_add(*b, sum)) + sums.iter().sum::<f32>()
}

/// The sum of all numbers.
#[inline(always)]
pub(super) fn sum(row: &[f32]) -> f32 {
    sum_by(row, |sum, value| sum + value)
}

#[inline(always)]
fn rms_factor(row: &[f32], eps: f32) -> f32 {
    let squares = sum_by(row, |sum, value| value.mul_add(value, sum));
    1.0 / (squares / row.len() as f32 + eps).sqrt()
}

/// Numbers that belong to the batch item of a row: `data` `[B, width]`, `rows` rows an item.
#[derive(Clone, Copy)]
pub struct PerItem<'a> {
    /// `[B, width]`
    pub data: &'a [f32],
    /// Rows an item.
    pub rows: usize,
}

impl PerItem<'_> {
    #[inline(always)]
    fn of(&self, row: usize, width: usize) -> &[f32] {
        &self.data[row / self.rows * width..][..width]
    }
}

/// x / rms(x) · weight · (1 + scale).
pub struct RmsNorm<'a> {
    /// `[rows, width]`
    pub x: &'a [f32],
    /// `[width]`
    pub weight: &'a [f32],
    /// Absent: a plain norm.
    pub scale: Option<PerItem<'a>>,
    /// Added to the mean square.
    pub eps: f32,
}

impl RowKernel for RmsNorm<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let width = out.len();
        let x = &self.x[index * width..][..width];
        let factor = rms_factor(x, self.eps);
        for ((out, x), weight) in out.iter_mut().zip(x).zip(self.weight) {
            *out = x * factor * weight;
        }
        if let Some(scale) = self.scale {
            for (out, scale) in out.iter_mut().zip(scale.of(index, width)) {
                *out *= 1.0 + scale;
            }
        }
    }
}

impl RmsNorm<'_> {
    /// All rows.
    pub fn all(&self, level: Level) -> Vec<f32> {
        let width = self.weight.len();
        fill(level, self, [self.x.len() / width, width])
    }
}

/// x + gate · rms_norm(branch) · weight.
pub struct GatedResidual<'a> {
    /// `[rows, width]`
    pub x: &'a [f32],
    /// `[rows, width]`
    pub branch: &'a [f32],
    /// `[width]`
    pub weight: &'a [f32],
    /// After the tanh; absent: 1.
    pub gate: Option<PerItem<'a>>,
    /// Added to the mean square.
    pub eps: f32,
}

impl RowKernel for GatedResidual<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let width = out.len();
        let x = &self.x[index * width..][..width];
        let branch = &self.branch[index * width..][..width];
        let factor = rms_factor(branch, self.eps);
        for ((out, branch), weight) in out.iter_mut().zip(branch).zip(self.weight) {
            *out = branch * factor * weight;
        }
        if let Some(gate) = self.gate {
            for (out, gate) in out.iter_mut().zip(gate.of(index, width)) {
                *out *= gate;
            }
        }
        for (out, x) in out.iter_mut().zip(x) {
            *out += x;
        }
    }
}

impl GatedResidual<'_> {
    /// All rows.
    pub fn all(&self, level: Level) -> Vec<f32> {
        let width = self.weight.len();
        fill(level, self, [self.x.len() / width, width])
    }
}

/// (x − mean) / deviation · (1 + scale).
pub struct LayerNorm<'a> {
    /// `[rows, width]`
    pub x: &'a [f32],
    /// `[B, width]`
    pub scale: PerItem<'a>,
    /// Numbers in a row.
    pub width: usize,
    /// Added to the variance.
    pub eps: f32,
}

impl RowKernel for LayerNorm<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let width = out.len();
        let x = &self.x[index * width..][..width];
        let mean = sum(x) / width as f32;
        for (out, x) in out.iter_mut().zip(x) {
            *out = x - mean;
        }
        let factor = rms_factor(out, self.eps);
        for (out, scale) in out.iter_mut().zip(self.scale.of(index, width)) {
            *out *= factor * (1.0 + scale);
        }
    }
}

impl LayerNorm<'_> {
    /// All rows.
    pub fn all(&self, level: Level) -> Vec<f32> {
        fill(level, self, [self.x.len() / self.width, self.width])
    }
}

/// silu(gate)·up, where a row holds gate and up side by side or they are apart.
pub struct SiluMul<'a> {
    /// Gates.
    pub gate: &'a [f32],
    /// Distance of two rows of gates.
    pub gate_stride: usize,
    /// What is gated; absent: 1.
    pub up: Option<(&'a [f32], usize)>,
    /// Rows, and numbers in a row.
    pub shape: [usize; 2],
}

impl RowKernel for SiluMul<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let gate = &self.gate[index * self.gate_stride..][..out.len()];
        match self.up {
            Some((up, stride)) => {
                let up = &up[index * stride..][..out.len()];
                for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                    *out = silu(*gate) * up;
                }
            }
            None => {
                for (out, gate) in out.iter_mut().zip(gate) {
                    *out = silu(*gate);
                }
            }
        }
    }
}

impl SiluMul<'_> {
    /// All rows.
    pub fn all(&self, level: Level) -> Vec<f32> {
        fill(level, self, self.shape)
    }
}
