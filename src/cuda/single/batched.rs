//! Products of many small matrices, as an optimiser of matrices takes them.

use burn::tensor::{Shape, Tensor};

use super::gemm::{Gemm, Precision, Side};
use super::record::fused_plain;
use super::{blank, optimises};
use crate::cuda::stream::enqueue;

/// a·b of each of a batch, or a·bᵀ if `transposed`, tf32 operands and f32 sums: `[n, i, k]` and `[n, k, j]` or
/// `[n, j, k]` → `[n, i, j]`. Both f32 on one CUDA device, not under autodiff.
pub fn batched_product(a: &Tensor<3>, b: &Tensor<3>, transposed: bool) -> Option<Tensor<3>> {
    let ([batch, rows, inner], [others, b_rows, b_columns]) = (a.dims(), b.dims());
    let (b_inner, columns) = if transposed {
        (b_columns, b_rows)
    } else {
        (b_rows, b_columns)
    };
    if !optimises([a, b]) || others != batch || b_inner != inner {
        return None;
    }
    let side = if transposed {
        Side::transposed(inner)
    } else {
        Side::rows(columns)
    };
    let product = Gemm::new(
        [rows, columns, inner],
        Side::rows(inner).every(rows * inner),
        side.every(inner * columns),
        Precision::Tf32,
    )
    .batched(batch);
    let shape = Shape::new([batch, rows, columns]);
    let outputs = vec![shape.clone()];
    let inputs = vec![a.clone(), b.clone()];
    let found = fused_plain("single_batched_product", inputs, outputs, move |inputs| {
        let out = blank(&inputs[0], shape.clone());
        enqueue(&[&inputs[0], &inputs[1]], &[&out], move |work| {
            // SAFETY: matrices of the sizes the tensors have.
            unsafe { product.multiply(&work, [work.inputs[0], work.inputs[1], work.outputs[0]]) }
        });
        vec![out]
    });
    found?.into_iter().next()
}
