//! Matrix products out[m, n] = Σ_k left[m, k]·right[k, n] in f32.
//!
//! The usual scheme of a packed product: both operands are copied into panels as wide as a register tile, a panel of
//! the right operand stays in the first-level cache while all of the left operand passes by it. What the right operand
//! *is* (stored weights, a second activation, the patches of an image) is left to [`Columns`], which fills panels.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::isa::{Level, Task};

/// Terms of a sum that are worked on between two visits of the output: a panel of the right operand then takes 32 KiB.
const DEPTH: usize = 256;

/// The right operand of a product.
pub trait Columns: Sync {
    /// Writes entries `[depth, columns]` row by row into `panel`, whose rows are `COLUMNS` long; fewer columns leave
    /// the rest of a row zero.
    fn pack<const COLUMNS: usize>(
        &self,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &mut [f32],
    );
}

/// What is added to a product.
#[derive(Clone, Copy)]
pub enum Bias<'a> {
    /// Nothing.
    None,
    /// One number a column.
    Column(&'a [f32]),
    /// One number a row.
    Row(&'a [f32]),
}

/// Numbers that a thread keeps for its next left operand: 16 MiB.
const KEPT: usize = 1 << 22;

/// The left operand in panels: `[⌈m / ROWS⌉][k][ROWS]`, rows beyond m zero.
///
/// Its memory goes to the thread's next one, as fresh memory costs about as much as packing into it.
pub struct Left {
    panels: Vec<f32>,
    rows: usize,
    depth: usize,
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.panels.capacity() <= KEPT {
            SPARE.set(std::mem::take(&mut self.panels));
        }
    }
}

impl Left {
    /// Panels whose numbers are left over from another operand: every one has to be written.
    fn panels_to_fill(count: usize) -> Vec<f32> {
        let mut panels = SPARE.take();
        panels.resize(count, 0.0);
        panels
    }

    /// Packs `rows × depth` numbers whose rows are `stride` apart.
    pub fn pack(level: Level, data: &[f32], [rows, depth]: [usize; 2], stride: usize) -> Self {
        let [tile, _] = level.tile();
        let mut panels = Self::panels_to_fill(rows.div_ceil(tile) * tile * depth);
        panels
            .par_chunks_mut((tile * depth).max(1))
            .enumerate()
            .for_each(|(index, panel)| {
                let first = index * tile;
                let source = Transposed { data, stride };
                level.run(PackRows {
                    source,
                    rows: first..rows.min(first + tile),
                    depth,
                    panel,
                });
            });
        Self {
            panels,
            rows,
            depth,
        }
    }

    /// Packs the transpose of `depth × rows` numbers whose rows are `stride` apart.
    pub fn pack_transposed(
        level: Level,
        data: &[f32],
        [rows, depth]: [usize; 2],
        stride: usize,
    ) -> Self {
        let [tile, _] = level.tile();
        let mut panels = Self::panels_to_fill(rows.div_ceil(tile) * tile * depth);
        for (index, panel) in panels.chunks_mut((tile * depth).max(1)).enumerate() {
            let first = index * tile;
            let width = tile.min(rows - first);
            for (k, line) in panel.chunks_mut(tile).enumerate() {
                line[..width].copy_from_slice(&data[k * stride + first..][..width]);
                line[width..].fill(0.0);
            }
        }
        Self {
            panels,
            rows,
            depth,
        }
    }

    /// The panels, each `[depth][ROWS]`.
    pub fn panels(&self, tile_rows: usize) -> std::slice::ChunksExact<'_, f32> {
        self.panels.chunks_exact((self.depth * tile_rows).max(1))
    }
}

/// One panel of the left operand.
struct PackRows<'a> {
    source: Transposed<'a>,
    rows: Range<usize>,
    depth: usize,
    panel: &'a mut [f32],
}

impl Task for PackRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize, const COLUMNS: usize>(self) {
        self.source
            .pack_blocks::<ROWS, 8>(0..self.depth, self.rows, self.panel);
    }
}

/// `left · right + bias`, row-major `[m, n]`, into `out`.
///
/// # Panics
/// If `out` is not m·n long.
pub fn product(
    level: Level,
    left: &Left,
    right: &impl Columns,
    columns: usize,
    bias: Bias<'_>,
    out: &mut [f32],
) {
    assert_eq!(out.len(), left.rows * columns, "output of a product");
    let [_, width] = level.tile();
    let target = Target {
        start: out.as_mut_ptr(),
        stride: columns,
    };
    (0..columns.div_ceil(width))
        .into_par_iter()
        .for_each(|index| {
            let first = index * width;
            level.run(Stripe {
                left,
                right,
                columns: first..columns.min(first + width),
                bias,
                out: &target,
            });
        });
}

/// An output that several threads fill, each its own columns.
struct Target {
    start: *mut f32,
    stride: usize,
}

// SAFETY: tasks write disjoint columns, see `Stripe`.
unsafe impl Sync for Target {}

thread_local! {
    static SPARE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static PANEL: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// All rows of a few columns.
struct Stripe<'a, R> {
    left: &'a Left,
    right: &'a R,
    columns: Range<usize>,
    bias: Bias<'a>,
    out: &'a Target,
}

impl<R: Columns> Task for Stripe<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize, const COLUMNS: usize>(self) {
        // Taken out and put back rather than borrowed: a closure would be compiled for the common denominator.
        let mut panel = PANEL.take();
        panel.resize(DEPTH * COLUMNS, 0.0);
        for first in (0..self.left.depth).step_by(DEPTH) {
            let depth = first..self.left.depth.min(first + DEPTH);
            let panel = &mut panel[..depth.len() * COLUMNS];
            self.right
                .pack::<COLUMNS>(depth.clone(), self.columns.clone(), panel);
            self.add_panel::<ROWS, COLUMNS>(depth, panel);
        }
        PANEL.set(panel);
    }
}

impl<R: Columns> Stripe<'_, R> {
    #[inline(always)]
    fn add_panel<const ROWS: usize, const COLUMNS: usize>(
        &self,
        depth: Range<usize>,
        panel: &[f32],
    ) {
        let stride = self.left.depth * ROWS;
        for (index, left) in self.left.panels.chunks_exact(stride.max(1)).enumerate() {
            let sums = tile::<ROWS, COLUMNS>(&left[depth.start * ROWS..depth.end * ROWS], panel);
            let rows = index * ROWS..self.left.rows.min((index + 1) * ROWS);
            for (row, sums) in rows.zip(&sums) {
                // SAFETY: `row` is less than the rows and `columns` ends within the stride of the output that `out`
                // points to; no other task has these columns.
                let line = unsafe {
                    std::slice::from_raw_parts_mut(
                        self.out
                            .start
                            .add(row * self.out.stride + self.columns.start),
                        self.columns.len(),
                    )
                };
                if depth.start == 0 {
                    self.store(row, line, sums);
                } else {
                    for (target, sum) in line.iter_mut().zip(sums) {
                        *target += sum;
                    }
                }
            }
        }
    }

    /// The first visit of the output: sums and bias.
    #[inline(always)]
    fn store(&self, row: usize, line: &mut [f32], sums: &[f32]) {
        match self.bias {
            Bias::None => line.copy_from_slice(&sums[..line.len()]),
            Bias::Row(bias) => {
                for (target, sum) in line.iter_mut().zip(sums) {
                    *target = sum + bias[row];
                }
            }
            Bias::Column(bias) => {
                let bias = &bias[self.columns.clone()];
                for ((target, sum), bias) in line.iter_mut().zip(sums).zip(bias) {
                    *target = sum + bias;
                }
            }
        }
    }
}

/// The sums of one tile: `left` `[k][ROWS]`, `right` `[k][COLUMNS]`.
#[inline(always)]
pub fn tile<const ROWS: usize, const COLUMNS: usize>(
    left: &[f32],
    right: &[f32],
) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0f32; COLUMNS]; ROWS];
    let (left, _) = left.as_chunks::<ROWS>();
    let (right, _) = right.as_chunks::<COLUMNS>();
    for (left, right) in left.iter().zip(right) {
        for (sums, factor) in sums.iter_mut().zip(left) {
            for (sum, term) in sums.iter_mut().zip(right) {
                *sum = factor.mul_add(*term, *sum);
            }
        }
    }
    sums
}

/// A right operand stored as its transpose: row n holds the terms of column n, as the weights of a linear layer do.
pub struct Transposed<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// Distance of two rows.
    pub stride: usize,
}

impl Columns for Transposed<'_> {
    #[inline(always)]
    fn pack<const COLUMNS: usize>(
        &self,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &mut [f32],
    ) {
        // Squares of one vector a row: 16 numbers where a tile is two vectors of 16 wide, else 8.
        if COLUMNS == 32 {
            self.pack_blocks::<COLUMNS, 16>(depth, columns, panel);
        } else {
            self.pack_blocks::<COLUMNS, 8>(depth, columns, panel);
        }
    }
}

impl Transposed<'_> {
    /// Turns rows into columns, `BLOCK` at a time, then four, then one.
    #[inline(always)]
    pub fn pack_blocks<const COLUMNS: usize, const BLOCK: usize>(
        &self,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &mut [f32],
    ) {
        let (panel, _) = panel.as_chunks_mut::<COLUMNS>();
        let mut place = 0;
        while place + BLOCK <= columns.len() {
            self.turn::<COLUMNS, BLOCK>(depth.clone(), columns.start, panel, place);
            place += BLOCK;
        }
        while place + 4 <= columns.len() {
            self.turn::<COLUMNS, 4>(depth.clone(), columns.start, panel, place);
            place += 4;
        }
        for place in place..COLUMNS {
            if place < columns.len() {
                let row = &self.data[(columns.start + place) * self.stride..][depth.clone()];
                for (line, value) in panel.iter_mut().zip(row) {
                    line[place] = *value;
                }
            } else {
                for line in panel.iter_mut() {
                    line[place] = 0.0;
                }
            }
        }
    }

    /// Writes the rows of columns `first + place..` as columns `place..place + BLOCK` of `panel`.
    #[inline(always)]
    fn turn<const COLUMNS: usize, const BLOCK: usize>(
        &self,
        depth: Range<usize>,
        first: usize,
        panel: &mut [[f32; COLUMNS]],
        place: usize,
    ) {
        let mut rows: [&[f32]; BLOCK] = [&[]; BLOCK];
        for (index, row) in rows.iter_mut().enumerate() {
            *row = &self.data[(first + place + index) * self.stride..][depth.clone()];
        }
        transpose(rows, panel, place);
    }
}

/// Writes `rows` as columns `place..place + BLOCK` of `panel`, a square at a time.
#[inline(always)]
fn transpose<const COLUMNS: usize, const BLOCK: usize>(
    rows: [&[f32]; BLOCK],
    panel: &mut [[f32; COLUMNS]],
    place: usize,
) {
    let whole = rows[0].len() / BLOCK;
    for index in 0..whole {
        let mut block = [[0.0; BLOCK]; BLOCK];
        for (line, row) in block.iter_mut().zip(rows) {
            line.copy_from_slice(&row[index * BLOCK..][..BLOCK]);
        }
        for column in 0..BLOCK {
            for row in 0..BLOCK {
                panel[index * BLOCK + column][place + row] = block[row][column];
            }
        }
    }
    for (column, line) in panel.iter_mut().enumerate().skip(whole * BLOCK) {
        for (target, row) in line[place..].iter_mut().zip(rows) {
            *target = row[column];
        }
    }
}

/// A right operand stored as it is read: row k holds the k-th terms of all columns.
pub struct Plain<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// Distance of two rows.
    pub stride: usize,
}

impl Columns for Plain<'_> {
    #[inline(always)]
    fn pack<const COLUMNS: usize>(
        &self,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &mut [f32],
    ) {
        let (panel, _) = panel.as_chunks_mut::<COLUMNS>();
        for (line, row) in panel.iter_mut().zip(depth) {
            let given = &self.data[row * self.stride..][columns.clone()];
            line[..given.len()].copy_from_slice(given);
            line[given.len()..].fill(0.0);
        }
    }
}
