//! y = x·Wᵀ + b and its gradient: dx = dy·W, dW = dyᵀ·x, db = Σ over rows of dy.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::precision::Precision;
use super::record::{Mode, Op, Tape};
use super::sums::ColumnSum;
use super::{blank, pick, rows_and_width, with_last};
use crate::cuda::CudaError;
use crate::cuda::cublaslt::{Product, Side};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::{Work, enqueue};

/// Inputs: x `[.., in]`, W `[out, in]` and, if there is one, b `[out]`.
#[derive(Debug, Clone)]
pub struct Linear;

/// The three products of a projection of `rows` rows; x and dx may be shared with other projections, y and dy slices of
/// wider matrices.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    /// Rows of x.
    pub rows: usize,
    /// Columns of x.
    pub d_in: usize,
    /// Columns of y.
    pub d_out: usize,
    /// Distance of y's rows.
    pub y_row: usize,
    /// Operands' rounding.
    pub precision: Precision,
}

impl Projection {
    /// One whose y is a matrix of its own.
    pub fn new(rows: usize, d_in: usize, d_out: usize, precision: Precision) -> Self {
        Self {
            rows,
            d_in,
            d_out,
            y_row: d_out,
            precision,
        }
    }

    /// y\[rows, out\] = x\[rows, in\]·Wᵀ.
    ///
    /// # Safety
    /// As [`Product::multiply`].
    ///
    /// # Errors
    /// As [`Product::multiply`].
    pub unsafe fn forward(&self, work: &Work<'_>, [x, w, y]: [u64; 3]) -> Result<(), CudaError> {
        let size = [self.rows, self.d_out, self.d_in];
        let product = Product::new(
            size,
            Side::rows(self.d_in),
            Side::transposed(self.d_in),
            self.precision,
        );
        // SAFETY: the caller vouches for the addresses.
        unsafe { product.into_slice(self.y_row).multiply(work, [x, w, y]) }
    }

    /// dx\[rows, in\] = dy·W, or added to what is there.
    ///
    /// # Safety
    /// As [`Product::multiply`].
    ///
    /// # Errors
    /// As [`Product::multiply`].
    pub unsafe fn backward_x(
        &self,
        work: &Work<'_>,
        [dy, w, dx]: [u64; 3],
        accumulate: bool,
    ) -> Result<(), CudaError> {
        let size = [self.rows, self.d_in, self.d_out];
        let product = Product::new(
            size,
            Side::rows(self.y_row),
            Side::rows(self.d_in),
            self.precision,
        );
        // SAFETY: the caller vouches for the addresses.
        unsafe { product.onto(accumulate).multiply(work, [dy, w, dx]) }
    }

    /// dW\[out, in\] = dyᵀ·x.
    ///
    /// # Safety
    /// As [`Product::multiply`].
    ///
    /// # Errors
    /// As [`Product::multiply`].
    pub unsafe fn backward_w(
        &self,
        work: &Work<'_>,
        [dy, x, dw]: [u64; 3],
    ) -> Result<(), CudaError> {
        let size = [self.d_out, self.d_in, self.rows];
        let product = Product::new(
            size,
            Side::transposed(self.y_row),
            Side::rows(self.d_in),
            self.precision,
        );
        // SAFETY: the caller vouches for the addresses.
        unsafe { product.multiply(work, [dy, x, dw]) }
    }
}

impl Op for Linear {
    const NAME: &'static str = "single_linear";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        vec![with_last(&inputs[0], inputs[1][0])]
    }

    fn forward(&self, inputs: &[CubeTensor], mode: Mode) -> Vec<CubeTensor> {
        let (x, w) = (&inputs[0], &inputs[1]);
        let (rows, d_in) = rows_and_width(x);
        let d_out = w.meta.shape()[0];
        let y = blank(x, with_last(x.meta.shape(), d_out));
        let product = Projection::new(rows, d_in, d_out, mode.precision);
        let all: Vec<&CubeTensor> = inputs.iter().collect();
        enqueue(&all, &[&y], move |work| {
            let (at, y) = (work.inputs, work.outputs[0]);
            // SAFETY: matrices of the sizes the tensors have; the parameters of add_columns, in order.
            unsafe {
                product.forward(&work, [at[0], at[1], y])?;
                if let Some(&bias) = at.get(2) {
                    let (count, width) = ((rows * d_out) as u64, d_out as i32);
                    let grid = [count.div_ceil(256) as u32, 1, 1];
                    let arguments = arguments![y, bias, count, width];
                    launch(&work, c"add_columns", grid, 256, arguments)?;
                }
            }
            Ok(())
        });
        vec![y]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let (x, w, dy) = (&tape.inputs[0], &tape.inputs[1], tape.gradient);
        let (rows, d_in) = rows_and_width(x);
        let d_out = w.meta.shape()[0];
        let found: Vec<CubeTensor> = tape
            .inputs
            .iter()
            .map(|input| blank(x, input.meta.shape().clone()))
            .collect();
        let sum = ColumnSum::new(rows, d_out);
        let scratch = sum.scratch(x);
        let product = Projection::new(rows, d_in, d_out, Precision::Tf32);
        let outputs: Vec<&CubeTensor> = found.iter().chain([&scratch]).collect();
        let wanted = tape.wanted.to_vec();
        enqueue(&[x, w, dy], &outputs, move |work| {
            let [x, w, dy] = [0, 1, 2].map(|index| work.inputs[index]);
            let to = work.outputs;
            // SAFETY: matrices of the sizes the tensors have.
            unsafe {
                if wanted[0] {
                    product.backward_x(&work, [dy, w, to[0]], false)?;
                }
                if wanted[1] {
                    product.backward_w(&work, [dy, x, to[1]])?;
                }
                if wanted.get(2) == Some(&true) {
                    sum.run(&work, dy, to[3], to[2])?;
                }
            }
            Ok(())
        });
        pick(found, tape.wanted)
    }
}
