//! Work on image planes: group norms, and doubling.

use rayon::prelude::*;

use super::exp::silu;
use super::isa::{Level, Task};
use super::rows::{RowKernel, fill, sum, sum_by};

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
            squares += f64::from(sum_by(chunk, |sum, value| {
                let distance = value - mean;
                distance.mul_add(distance, sum)
            }));
        }
        let variance = (squares / count) as f32;
        [mean, 1.0 / (variance + self.eps).sqrt()]
    }
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
