//! Quantised matrices, and products of them.

use burn::tensor::{DType, Shape};
use burn_cubecl::tensor::CubeTensor;

use crate::cuda::CudaError;
use crate::cuda::cublaslt::{Elements, Operands, Product, scales_rows};
use crate::cuda::format::Format;
use crate::cuda::kernels::{Kernel, arguments};
use crate::cuda::ops::empty;
use crate::cuda::stream::Work;

/// Threads of a block, as in eight_bit.cuh; a block makes a row.
const THREADS: u32 = 256;

/// Widest row of the kernel that keeps the most rows under way.
const NARROW: usize = 4096;

/// Fewest rows of activations in a product: cuBLASLt multiplies no whole numbers of 16 rows or less. Rows that are made
/// up for this hold anything, and no one reads what becomes of them.
const FEWEST_ROWS: usize = 32;

/// Where a matrix of 8 bits and the scales of its rows lie.
#[derive(Clone, Copy)]
pub struct Quantised {
    pub values: u64,
    pub scales: u64,
}

impl Quantised {
    /// The two addresses from `first` on.
    pub fn at(addresses: &[u64], first: usize) -> Self {
        Self {
            values: addresses[first],
            scales: addresses[first + 1],
        }
    }
}

/// Rows that memory for activations and their sums must have.
pub fn rows_of_room(rows: usize) -> usize {
    rows.max(FEWEST_ROWS)
}

/// Memory for a matrix of 8 bits and its scales.
pub fn room(like: &CubeTensor, rows: usize, width: usize) -> [CubeTensor; 2] {
    [
        empty(like, Shape::new([rows, width]), DType::U8),
        empty(like, Shape::new([rows]), DType::F32),
    ]
}

/// Products in one format, on the stream of `work`.
pub struct Products<'a> {
    pub work: &'a Work<'a>,
    pub format: Format,
}

impl Products<'_> {
    /// Quantises `rows` bfloat16 rows at `x`.
    pub fn quantise_rows(
        &self,
        x: u64,
        [rows, width]: [usize; 2],
        into: Quantised,
    ) -> Result<(), CudaError> {
        let kernel = if width <= NARROW {
            Kernel::QuantiseRows(self.format)
        } else {
            Kernel::QuantiseWideRows(self.format)
        };
        let (values, scales, width) = (into.values, into.scales, width as i32);
        let arguments = arguments![x, values, scales, width];
        // SAFETY: the parameters of both kernels, in order; `into` has room for as many rows.
        unsafe { self.launch(kernel, rows, arguments) }
    }

    /// x·wᵀ of quantised matrices: `[rows, inner]`, `[columns, inner]` → bfloat16 `[rows, columns]`. `sums` is memory
    /// for as many whole numbers, where the format has them.
    pub fn multiply(
        &self,
        size: [usize; 3],
        factors: [Quantised; 2],
        out: u64,
        sums: Option<u64>,
    ) -> Result<(), CudaError> {
        match self.format {
            Format::E4m3 if scales_rows(self.work)? => {
                self.sum(Elements::Fp8Scaled, size, factors, out)
            }
            Format::E4m3 => {
                self.sum(Elements::Fp8, size, factors, out)?;
                self.rescale(size, factors, out, out)
            }
            Format::Int8 => {
                // Were there none, the result would be half the room that they need.
                let sums = sums.ok_or_else(|| CudaError::Blas {
                    what: "a product of whole numbers".to_owned(),
                    code: "it has no room for its sums".to_owned(),
                })?;
                self.sum(Elements::Int8, size, factors, sums)?;
                self.rescale(size, factors, sums, out)
            }
        }
    }

    /// silu(gate)·up, quantised, where gate and up are the halves of x·wᵀ: `[rows, inner]`, `[2·width, inner]` →
    /// `[rows, width]`. `both` is memory for that product, or its sums.
    pub fn gate(
        &self,
        [rows, width, inner]: [usize; 3],
        factors: [Quantised; 2],
        both: u64,
        into: Quantised,
    ) -> Result<(), CudaError> {
        let size = [rows, 2 * width, inner];
        let (values, scales, width) = (into.values, into.scales, width as i32);
        let kernel = Kernel::SiluMulQuantise(self.format);
        match self.format {
            Format::E4m3 => {
                self.multiply(size, factors, both, None)?;
                let arguments = arguments![both, values, scales, width];
                // SAFETY: the parameters of fp8.cu's kernel, in order; `into` has room for rows × width values.
                unsafe { self.launch(kernel, rows, arguments) }
            }
            Format::Int8 => {
                self.sum(Elements::Int8, size, factors, both)?;
                let [row_scales, column_scales] = factors.map(|factor| factor.scales);
                let arguments = arguments![both, row_scales, column_scales, values, scales, width];
                // SAFETY: the parameters of int8.cu's kernel, in order; `into` has room for rows × width values.
                unsafe { self.launch(kernel, rows, arguments) }
            }
        }
    }

    fn sum(
        &self,
        elements: Elements,
        [rows, columns, inner]: [usize; 3],
        [x, w]: [Quantised; 2],
        out: u64,
    ) -> Result<(), CudaError> {
        let operands = Operands {
            scales: [x.scales, w.scales],
            ..[x.values, w.values, out].into()
        };
        let rows = match self.format {
            Format::E4m3 => rows,
            Format::Int8 => rows_of_room(rows),
        };
        let size = [rows, columns, inner];
        // SAFETY: contiguous matrices of these shapes and types, with a scale for each of their rows.
        unsafe { Product::by_weight(size, elements).multiply(self.work, operands) }
    }

    fn rescale(
        &self,
        [rows, columns, _]: [usize; 3],
        factors: [Quantised; 2],
        sums: u64,
        out: u64,
    ) -> Result<(), CudaError> {
        let [row_scales, column_scales] = factors.map(|factor| factor.scales);
        let columns = columns as i32;
        let arguments = arguments![sums, row_scales, column_scales, out, columns];
        // SAFETY: the parameters of rescale, in order.
        unsafe { self.launch(Kernel::Rescale(self.format), rows, arguments) }
    }

    /// A block a row.
    ///
    /// # Safety
    /// As [`crate::cuda::Kernels::launch`].
    unsafe fn launch<const N: usize>(
        &self,
        kernel: Kernel,
        rows: usize,
        arguments: [*mut std::ffi::c_void; N],
    ) -> Result<(), CudaError> {
        let grid = [rows as u32, 1, 1];
        // SAFETY: the caller vouches for the arguments.
        unsafe {
            self.work
                .kernels
                .launch(kernel, self.work.stream, grid, THREADS, arguments)
        }
    }
}
