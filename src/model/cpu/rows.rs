//! Work on one row of numbers at a time: norms, gates, rotations.

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
trait RowKernel: Sync {
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
fn fill(level: Level, kernel: &impl RowKernel, [rows, width]: [usize; 2]) -> Vec<f32> {
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

#[inline(always)]
fn sum_of_squares(row: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum = value.mul_add(*value, *sum);
        }
    }
    let mut total = 0.0;
    for value in rest {
        total += value * value;
    }
    for sum in sums {
        total += sum;
    }
    total
}

#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    let mut total = 0.0;
    for value in rest {
        total += value;
    }
    for sum in sums {
        total += sum;
    }
    total
}

#[inline(always)]
fn rms_factor(row: &[f32], eps: f32) -> f32 {
    1.0 / (sum_of_squares(row) / row.len() as f32 + eps).sqrt()
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

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = a.mul_add(*b, *sum);
        }
    }
    let mut total = 0.0;
    for (a, b) in a_rest.iter().zip(b_rest) {
        total += a * b;
    }
    for sum in sums {
        total += sum;
    }
    total
}

/// Rows of `width` numbers, each number and each row twice.
pub fn doubled(level: Level, x: &[f32], width: usize) -> Vec<f32> {
    let rows = x.len() / width.max(1);
    fill(level, &Doubled { x, width }, [rows, 4 * width])
}

struct Doubled<'a> {
    x: &'a [f32],
    width: usize,
}

impl RowKernel for Doubled<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let x = &self.x[index * self.width..][..self.width];
        let (first, second) = out.split_at_mut(2 * self.width);
        let (pairs, _) = first.as_chunks_mut::<2>();
        for (pair, value) in pairs.iter_mut().zip(x) {
            *pair = [*value; 2];
        }
        second.copy_from_slice(first);
    }
}

/// Group norm of one image plane a row: (x − mean) / deviation · weight + bias, optionally through SiLU.
pub struct GroupNorm<'a> {
    /// `[B·C, H·W]`
    pub x: &'a [f32],
    /// `[C]`
    pub weight: &'a [f32],
    /// `[C]`
    pub bias: &'a [f32],
    /// Channels in a group.
    pub group: usize,
    /// Numbers in a plane.
    pub plane: usize,
    /// Added to the variance.
    pub eps: f32,
    /// Whether SiLU follows.
    pub silu: bool,
}

/// Mean and 1 / deviation of a group.
type Moments = [f32; 2];

impl GroupNorm<'_> {
    /// All planes.
    pub fn all(&self, level: Level) -> Vec<f32> {
        let moments: Vec<Moments> = self
            .x
            .par_chunks(self.group * self.plane)
            .map(|group| {
                level.run(GroupMoments {
                    group,
                    plane: self.plane,
                    eps: self.eps,
                })
            })
            .collect();
        let kernel = Planes {
            norm: self,
            moments: &moments,
        };
        fill(level, &kernel, [self.x.len() / self.plane, self.plane])
    }
}

struct GroupMoments<'a> {
    group: &'a [f32],
    plane: usize,
    eps: f32,
}

impl Task for GroupMoments<'_> {
    type Output = Moments;

    #[inline(always)]
    fn run<const ROWS: usize, const COLUMNS: usize>(self) -> Moments {
        // Sums of short runs in f32, sums of those in f64: a group can hold millions of numbers.
        let run = self.plane.clamp(1, 4096);
        let count = self.group.len() as f64;
        let mut total = 0.0f64;
        for chunk in self.group.chunks(run) {
            total += f64::from(sum(chunk));
        }
        let mean = (total / count) as f32;
        let mut squares = 0.0f64;
        for chunk in self.group.chunks(run) {
            squares += f64::from(sum_of_squared_distances(chunk, mean));
        }
        let variance = (squares / count) as f32;
        [mean, 1.0 / (variance + self.eps).sqrt()]
    }
}

#[inline(always)]
fn sum_of_squared_distances(row: &[f32], mean: f32) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            let distance = value - mean;
            *sum = distance.mul_add(distance, *sum);
        }
    }
    let mut total = 0.0;
    for value in rest {
        total += (value - mean) * (value - mean);
    }
    for sum in sums {
        total += sum;
    }
    total
}

struct Planes<'a> {
    norm: &'a GroupNorm<'a>,
    moments: &'a [Moments],
}

impl RowKernel for Planes<'_> {
    #[inline(always)]
    fn row(&self, index: usize, out: &mut [f32]) {
        let norm = self.norm;
        let channel = index % norm.weight.len();
        let [mean, factor] = self.moments[index / norm.group];
        let slope = factor * norm.weight[channel];
        let offset = norm.bias[channel] - mean * slope;
        let x = &norm.x[index * norm.plane..][..norm.plane];
        if norm.silu {
            for (out, x) in out.iter_mut().zip(x) {
                *out = silu(x.mul_add(slope, offset));
            }
        } else {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x.mul_add(slope, offset);
            }
        }
    }
}
