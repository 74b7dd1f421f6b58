//! Softmax attention that never holds more scores than those of a few queries.
//!
//! Scores are computed transposed, keys down and queries across: the softmax then runs along vectors without a sum
//! across one, and its result is at once the right operand of the product with the values.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::exp::exp;
use super::gemm::{Columns, Left, Transposed, tile};
use super::isa::{Level, Task};

/// Attention over contiguous heads.
pub struct Attention<'a> {
    /// `[B, H, S, D]`
    pub q: &'a [f32],
    /// `[B, G, T, D]`
    pub k: &'a [f32],
    /// `[B, G, T, D]`
    pub v: &'a [f32],
    /// B
    pub batch: usize,
    /// H
    pub heads: usize,
    /// G, a divisor of H.
    pub groups: usize,
    /// S
    pub queries: usize,
    /// T
    pub keys: usize,
    /// D
    pub dim: usize,
    /// Factor of the scores.
    pub scale: f32,
    /// Whether a query sees only keys up to its own position.
    pub causal: bool,
    /// Leading keys that are real in each item; absent: all.
    pub lengths: Option<&'a [usize]>,
}

/// Keys and values of one head, as left operands.
struct Packed {
    /// `[T, D]`
    keys: Left,
    /// `[D, T]`
    values: Left,
}

impl Attention<'_> {
    /// `[B, S, H·D]`
    pub fn all(&self, level: Level) -> Vec<f32> {
        let [_, width] = level.tile();
        let head = self.keys * self.dim;
        let packed: Vec<Packed> = (0..self.batch * self.groups)
            .into_par_iter()
            .map(|index| {
                let real = self.real_keys(index / self.groups);
                Packed {
                    keys: Left::pack(level, &self.k[index * head..], [real, self.dim], self.dim),
                    values: Left::pack_transposed(
                        level,
                        &self.v[index * head..],
                        [self.dim, real],
                        self.dim,
                    ),
                }
            })
            .collect();

        let mut out = vec![0.0; self.batch * self.queries * self.heads * self.dim];
        let target = Target(out.as_mut_ptr());
        let blocks = self.queries.div_ceil(width);
        (0..self.batch * self.heads * blocks)
            .into_par_iter()
            .for_each(|index| {
                let (head, block) = (index / blocks, index % blocks);
                let group = head / self.heads * self.groups
                    + head % self.heads / (self.heads / self.groups);
                let first = block * width;
                level.run(Block {
                    all: self,
                    packed: &packed[group],
                    head,
                    queries: first..self.queries.min(first + width),
                    out: &target,
                });
            });
        out
    }

    fn real_keys(&self, item: usize) -> usize {
        self.lengths
            .map_or(self.keys, |lengths| lengths[item].min(self.keys))
    }
}

/// An output that several threads fill, each the rows and columns of its own queries and head.
struct Target(*mut f32);

// SAFETY: tasks write disjoint parts, see `Block`.
unsafe impl Sync for Target {}

thread_local! {
    static SCRATCH: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// A few queries of one head.
struct Block<'a> {
    all: &'a Attention<'a>,
    packed: &'a Packed,
    head: usize,
    queries: Range<usize>,
    out: &'a Target,
}

impl Task for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize, const COLUMNS: usize>(self) {
        let all = self.all;
        let real = all.real_keys(self.head / all.heads);
        // Taken out and put back rather than borrowed: a closure would be compiled for the common denominator.
        let [mut query, mut scores] = SCRATCH.take();
        query.resize(all.dim * COLUMNS, 0.0);
        scores.resize(real.div_ceil(ROWS) * ROWS * COLUMNS, 0.0);

        let start = self.head * all.queries * all.dim;
        let source = Transposed {
            data: &all.q[start..],
            stride: all.dim,
        };
        source.pack::<COLUMNS>(0..all.dim, self.queries.clone(), &mut query);
        for value in &mut query {
            *value *= all.scale;
        }

        let (lines, _) = scores.as_chunks_mut::<COLUMNS>();
        for (index, keys) in self.packed.keys.panels(ROWS).enumerate() {
            let sums = tile::<ROWS, COLUMNS>(keys, &query);
            lines[index * ROWS..][..ROWS].copy_from_slice(&sums);
        }
        if all.causal {
            hide_later_keys(lines, self.queries.start);
        }
        let sums = exponentials(&mut lines[..real]);
        self.weigh_values::<ROWS, COLUMNS>(&scores[..real * COLUMNS], sums);
        SCRATCH.set([query, scores]);
    }
}

impl Block<'_> {
    /// Writes the means of the values, weighted by `weights` `[T][COLUMNS]` that add up to `sums`.
    #[inline(always)]
    fn weigh_values<const ROWS: usize, const COLUMNS: usize>(
        &self,
        weights: &[f32],
        sums: [f32; COLUMNS],
    ) {
        let all = self.all;
        let (item, head) = (self.head / all.heads, self.head % all.heads);
        let width = all.heads * all.dim;
        for (index, values) in self.packed.values.panels(ROWS).enumerate() {
            let mut means = tile::<ROWS, COLUMNS>(values, weights);
            for line in &mut means {
                for (mean, sum) in line.iter_mut().zip(&sums) {
                    *mean /= sum;
                }
            }
            let first = index * ROWS;
            let count = ROWS.min(all.dim - first);
            for (place, query) in self.queries.clone().enumerate() {
                let start = (item * all.queries + query) * width + head * all.dim + first;
                for (offset, line) in means[..count].iter().enumerate() {
                    // SAFETY: item, query, head and first + offset lie inside the output's four extents; no other
                    // task has this head's queries.
                    unsafe { self.out.0.add(start + offset).write(line[place]) };
                }
            }
        }
    }
}

/// A query at `first + column` sees keys up to its own position.
#[inline(always)]
fn hide_later_keys<const COLUMNS: usize>(lines: &mut [[f32; COLUMNS]], first: usize) {
    for (key, line) in lines.iter_mut().enumerate().skip(first + 1) {
        for (column, score) in line.iter_mut().enumerate() {
            if key > first + column {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}

/// Replaces scores by exp(score − the column's largest) and gives the sums of the columns.
#[inline(always)]
fn exponentials<const COLUMNS: usize>(lines: &mut [[f32; COLUMNS]]) -> [f32; COLUMNS] {
    let mut largest = [f32::NEG_INFINITY; COLUMNS];
    for line in lines.iter() {
        for (largest, score) in largest.iter_mut().zip(line) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    let mut sums = [0.0; COLUMNS];
    for line in lines {
        for ((score, largest), sum) in line.iter_mut().zip(&largest).zip(&mut sums) {
            *score = exp(*score - largest);
            *sum += *score;
        }
    }
    sums
}
