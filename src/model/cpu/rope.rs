//! Per-head norm and rotation, from the order a projection gives to the order attention wants.

use rayon::prelude::*;

use super::isa::{Level, Task};

/// Heads of one projection: `[B, S, ·]` with rows `stride` apart, of which head h starts at `offset + h·D`.
pub struct Heads<'a> {
    /// The projection.
    pub data: &'a [f32],
    /// Distance of two positions.
    pub stride: usize,
    /// Where the first head starts in a position's row.
    pub offset: usize,
    /// B, S, H, D.
    pub shape: [usize; 4],
    /// `[D]`; absent: no norm.
    pub weight: Option<&'a [f32]>,
    /// Added to the mean square.
    pub eps: f32,
    /// Absent: no rotation.
    pub turn: Option<Turn<'a>>,
}

/// Angles of all positions.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// `[B or 1, S, D/2]`
    pub cos: &'a [f32],
    /// `[B or 1, S, D/2]`
    pub sin: &'a [f32],
    /// Whether one table serves all items.
    pub shared: bool,
    /// Whether neighbours turn together, else halves.
    pub adjacent: bool,
}

impl Heads<'_> {
    /// `[B, H, S, D]`
    pub fn all(&self, level: Level) -> Vec<f32> {
        let [batch, length, heads, dim] = self.shape;
        let mut out = vec![0.0; batch * length * heads * dim];
        out.par_chunks_mut((length * dim).max(1))
            .enumerate()
            .for_each(|(index, out)| {
                level.run(OneHead {
                    heads: self,
                    item: index / heads,
                    head: index % heads,
                    out,
                });
            });
        out
    }
}

struct OneHead<'a> {
    heads: &'a Heads<'a>,
    item: usize,
    head: usize,
    out: &'a mut [f32],
}

impl Task for OneHead<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize, const COLUMNS: usize>(self) {
        let heads = self.heads;
        let [_, length, _, dim] = heads.shape;
        let start = heads.offset + self.head * dim;
        for (position, out) in self.out.chunks_mut(dim).enumerate() {
            let row = self.item * length + position;
            out.copy_from_slice(&heads.data[row * heads.stride + start..][..dim]);
            if let Some(weight) = heads.weight {
                let mut squares = 0.0;
                for chunk in out.chunks(16) {
                    let mut sum = 0.0;
                    for value in chunk {
                        sum += value * value;
                    }
                    squares += sum;
                }
                let factor = 1.0 / (squares / dim as f32 + heads.eps).sqrt();
                for (value, weight) in out.iter_mut().zip(weight) {
                    *value *= factor * weight;
                }
            }
            if let Some(turn) = heads.turn {
                let half = dim / 2;
                let row = if turn.shared { position } else { row };
                let cos = &turn.cos[row * half..][..half];
                let sin = &turn.sin[row * half..][..half];
                if turn.adjacent {
                    turn_neighbours(out, cos, sin);
                } else {
                    turn_halves(out, cos, sin);
                }
            }
        }
    }
}

#[inline(always)]
fn turn_neighbours(row: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (pairs, _) = row.as_chunks_mut::<2>();
    for (([a, b], cos), sin) in pairs.iter_mut().zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    }
}

#[inline(always)]
fn turn_halves(row: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = row.split_at_mut(cos.len());
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    }
}
