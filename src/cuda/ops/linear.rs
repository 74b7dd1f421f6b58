//! Matrix products with stored weights, and the gate of the feed-forward network.

use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::{empty, rows_and_width, with_last};
use crate::cuda::cublaslt::{self, Elements, Operands, Product};
use crate::cuda::kernels::{Kernel, arguments};
use crate::cuda::stream::enqueue;

/// x·wᵀ of one input and several weights, written side by side into one matrix: as good as one product with merged
/// weights where each is large, without a second copy of the weights.
pub fn joined<const N: usize>(
    x: CubeTensor,
    weights: [CubeTensor; N],
    bias: Option<CubeTensor>,
) -> CubeTensor {
    let x = into_contiguous(x);
    let weights = weights.map(into_contiguous);
    let bias = bias.map(into_contiguous);
    let (rows, inner) = rows_and_width(&x);
    let widths = weights.each_ref().map(|weight| weight.meta.shape()[0]);
    let total: usize = widths.iter().sum();
    let out = empty(&x, with_last(x.meta.shape(), total), x.dtype);
    let elements = if x.dtype == DType::F32 {
        Elements::F32
    } else {
        Elements::Bf16
    };
    let element_bytes = x.dtype.size() as u64;
    let has_bias = bias.is_some();
    let product = move |columns| Product {
        rows,
        columns,
        inner,
        out_stride: total,
        elements,
        transposed: true,
        bias: has_bias,
    };
    let multiply = move |work: crate::cuda::stream::Work<'_>| {
        let bias = if has_bias { work.inputs[1] } else { 0 };
        let first_weight = 1 + usize::from(has_bias);
        let mut place = work.outputs[0];
        for (columns, &w) in widths.into_iter().zip(&work.inputs[first_weight..]) {
            let operands = Operands {
                x: work.inputs[0],
                w,
                bias,
                out: place,
            };
            // SAFETY: contiguous tensors of these shapes and types; each product writes its own columns of `out`.
            unsafe { cublaslt::multiply(work.device, work.stream, product(columns), operands)? };
            place += columns as u64 * element_bytes;
        }
        Ok(())
    };
    let inputs: Vec<&CubeTensor> = std::iter::once(&x).chain(&bias).chain(&weights).collect();
    enqueue(&inputs, &[&out], multiply);
    out
}

/// `[.., 2·F]` → `[.., F]`.
///
/// Predicted 0.06 ms at 4,224 × 10,240 on an H200 (0.26 GB at 4.3 TB/s).
pub fn silu_mul(x: CubeTensor) -> CubeTensor {
    let x = into_contiguous(x);
    let (rows, width) = rows_and_width(&x);
    let out = empty(&x, with_last(x.meta.shape(), width / 2), x.dtype);
    let row_chunks = (width / 16) as u32;
    let chunks = rows as u64 * u64::from(row_chunks);
    enqueue(&[&x], &[&out], move |work| {
        let (x, out) = (work.inputs[0], work.outputs[0]);
        let grid = [chunks.div_ceil(256) as u32, 1, 1];
        // SAFETY: the parameters of silu_mul, in order; `out` holds rows × F values.
        unsafe {
            work.kernels.launch(
                Kernel::SiluMul,
                work.stream,
                grid,
                256,
                arguments![x, out, chunks, row_chunks],
            )
        }
    });
    out
}
