//! Rows looked up by whole numbers, and the gradient of their table.
//!
//! The gradient of a row is the sum of the gradients wherever it was looked up: onehotᵀ·dout, a matrix product, which
//! adds in the same order every time.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::precision::Precision;
use super::record::{Mode, Op, Tape};
use super::{blank, pick};
use crate::cuda::cublaslt::{Product, Side};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::enqueue;

/// Entries of the one-hot matrix at the most (1 GiB).
pub const MOST_ENTRIES: usize = 1 << 28;

/// Inputs: a table `[V, d]`, and ids as whole numbers in f32 `[N]`. Result: `[N, d]`.
#[derive(Debug, Clone)]
pub struct Lookup;

impl Op for Lookup {
    const NAME: &'static str = "single_lookup";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        vec![Shape::new([inputs[1][0], inputs[0][1]])]
    }

    fn forward(&self, inputs: &[CubeTensor], _: Mode) -> Vec<CubeTensor> {
        let (table, ids) = (&inputs[0], &inputs[1]);
        let [rows, width] = [0, 1].map(|axis| table.meta.shape()[axis]);
        let count = ids.meta.shape()[0];
        let out = blank(table, Shape::new([count, width]));
        enqueue(&[table, ids], &[&out], move |work| {
            let (table, ids, out) = (work.inputs[0], work.inputs[1], work.outputs[0]);
            let [width, rows] = [width, rows].map(|size| size as i32);
            let arguments = arguments![table, ids, out, width, rows];
            let grid = [count as u32, 1, 1];
            // SAFETY: the parameters of gather_rows, in order.
            unsafe { launch(&work, c"gather_rows", grid, 128, arguments) }
        });
        vec![out]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let (table, ids) = (&tape.inputs[0], &tape.inputs[1]);
        let [rows, width] = [0, 1].map(|axis| table.meta.shape()[axis]);
        let count = ids.meta.shape()[0];
        let gradient = blank(table, table.meta.shape().clone());
        let hot = blank(table, Shape::new([count, rows]));
        enqueue(&[ids, tape.gradient], &[&gradient, &hot], move |work| {
            let (ids, dy) = (work.inputs[0], work.inputs[1]);
            let (gradient, hot) = (work.outputs[0], work.outputs[1]);
            let (entries, columns) = ((count * rows) as u64, rows as i32);
            let product = Product::new(
                [rows, width, count],
                Side::transposed(rows),
                Side::rows(width),
                Precision::Tf32,
            );
            let grid = [entries.div_ceil(256) as u32, 1, 1];
            // SAFETY: the parameters of one_hot, in order; matrices of these sizes.
            unsafe {
                let arguments = arguments![ids, hot, entries, columns];
                launch(&work, c"one_hot", grid, 256, arguments)?;
                product.multiply(&work, [hot, dy, gradient])
            }
        });
        // Ids have no gradient.
        pick(vec![gradient.clone(), gradient], tape.wanted)
    }
}
