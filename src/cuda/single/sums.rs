//! Sums of columns in two stages, without atomics: the same numbers are added in the same order every time.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::blank;
use super::kernels::launch;
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::stream::Work;

/// Rows that a block adds at the least.
const STRIP: usize = 256;
/// Blocks that share a column at the most.
const MOST_STRIPS: usize = 256;

/// Σ over the rows of a `[rows, width]` matrix.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSum {
    rows: usize,
    width: usize,
    strips: usize,
}

impl ColumnSum {
    /// Of a `[rows, width]` matrix.
    pub fn new(rows: usize, width: usize) -> Self {
        Self {
            rows,
            width,
            strips: rows.div_ceil(STRIP).clamp(1, MOST_STRIPS),
        }
    }

    /// Where the first stage writes.
    pub fn scratch(&self, like: &CubeTensor) -> CubeTensor {
        blank(like, Shape::new([self.strips, self.width]))
    }

    /// Enqueues the sum of the matrix at `from` into the vector at `to`.
    ///
    /// # Safety
    /// The addresses must be live device memory of these sizes, `scratch` that of [`ColumnSum::scratch`].
    ///
    /// # Errors
    /// If a launch is refused.
    pub unsafe fn run(
        &self,
        work: &Work<'_>,
        from: u64,
        scratch: u64,
        to: u64,
    ) -> Result<(), CudaError> {
        let stage = |from: u64, to: u64, rows: usize, strips: usize| {
            let (strip, rows, width) =
                (rows.div_ceil(strips) as u64, rows as u64, self.width as i32);
            let grid = [self.width.div_ceil(32) as u32, strips as u32, 1];
            let arguments = arguments![from, to, rows, width, strip];
            // SAFETY: the parameters of column_sum, in order; the caller vouches for the addresses.
            unsafe { launch(work, c"column_sum", grid, 256, arguments) }
        };
        if self.strips == 1 {
            return stage(from, to, self.rows, 1);
        }
        stage(from, scratch, self.rows, self.strips)?;
        stage(scratch, to, self.strips, 1)
    }
}
