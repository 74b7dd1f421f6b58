//! Row norms and what surrounds them.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::{empty, rows_and_width};
use crate::cuda::kernels::{Kernel, arguments};
use crate::cuda::stream::enqueue;

/// Threads of a block, as in norm.cu; a block makes a row.
const THREADS: u32 = 128;

/// A vector an item inside a wider row: where part `index` of `modulation` begins, and how far items lie apart.
struct Part {
    bytes: u64,
    stride: u64,
}

impl Part {
    fn new(modulation: &CubeTensor, index: usize, width: usize) -> Self {
        let (_, row) = rows_and_width(modulation);
        Self {
            bytes: (index * width * 2) as u64,
            stride: row as u64,
        }
    }
}

/// Rows of one batch item of `[B, S, d]`.
fn item_rows(x: &CubeTensor) -> i32 {
    let shape = x.meta.shape();
    let batch = if shape.num_dims() == 3 { shape[0] } else { 1 };
    (rows_and_width(x).0 / batch.max(1)) as i32
}

pub fn rms_norm(
    x: CubeTensor,
    weight: CubeTensor,
    scale: Option<(CubeTensor, usize)>,
    eps: f64,
) -> CubeTensor {
    let (x, weight) = (into_contiguous(x), into_contiguous(weight));
    let scale = scale.map(|(modulation, index)| (into_contiguous(modulation), index));
    let (rows, width) = rows_and_width(&x);
    let out = empty(&x, x.meta.shape().clone(), x.dtype);
    let part = scale
        .as_ref()
        .map(|(modulation, index)| Part::new(modulation, *index, width));
    let items = item_rows(&x);
    let inputs: Vec<&CubeTensor> = [&x, &weight]
        .into_iter()
        .chain(scale.as_ref().map(|(modulation, _)| modulation))
        .collect();
    enqueue(&inputs, &[&out], move |work| {
        let (x, weight, out) = (work.inputs[0], work.inputs[1], work.outputs[0]);
        let (scale, stride) =
            part.map_or((0, 0), |part| (work.inputs[2] + part.bytes, part.stride));
        let (width, eps) = (width as i32, eps as f32);
        let arguments = arguments![x, weight, scale, out, width, items, stride, eps];
        // SAFETY: the parameters of rms_norm, in order; a null scale is allowed.
        unsafe {
            work.kernels.launch(
                Kernel::RmsNorm,
                work.stream,
                [rows as u32, 1, 1],
                THREADS,
                arguments,
            )
        }
    });
    out
}

/// Where the inputs of a residual lie among its tensors, of which the first two are x and branch. A gate or a scale is a
/// part of a modulation, which is named with it.
#[derive(Default)]
struct Residual {
    branch_weight: Option<usize>,
    gate: Option<(usize, usize)>,
    weight: Option<usize>,
    scale: Option<(usize, usize)>,
}

impl Residual {
    /// The sum, and its norm, which is written only if there is a weight for it.
    fn enqueue<const N: usize>(
        self,
        tensors: [CubeTensor; N],
        eps: f64,
    ) -> (CubeTensor, Option<CubeTensor>) {
        let tensors = tensors.map(into_contiguous);
        let x = &tensors[0];
        let (rows, width) = rows_and_width(x);
        let (items, eps) = (item_rows(x), eps as f32);
        let room = || empty(x, x.meta.shape().clone(), x.dtype);
        let (sum, normed) = (room(), self.weight.map(|_| room()));
        let part = |part: Option<(usize, usize)>| {
            part.map(|(place, index)| (place, Part::new(&tensors[place], index, width)))
        };
        let (gate, scale) = (part(self.gate), part(self.scale));
        let inputs: Vec<&CubeTensor> = tensors.iter().collect();
        let outputs: Vec<&CubeTensor> = [&sum].into_iter().chain(&normed).collect();
        enqueue(&inputs, &outputs, move |work| {
            let input = |place: Option<usize>| place.map_or(0, |place| work.inputs[place]);
            let vector = |part: Option<(usize, Part)>| {
                part.map_or((0, 0), |(place, part)| {
                    (work.inputs[place] + part.bytes, part.stride)
                })
            };
            let (x, branch, sum) = (work.inputs[0], work.inputs[1], work.outputs[0]);
            let out = work.outputs.get(1).copied().unwrap_or(0);
            let (branch_weight, weight) = (input(self.branch_weight), input(self.weight));
            let ((gate, gate_stride), (scale, scale_stride)) = (vector(gate), vector(scale));
            let width = width as i32;
            let arguments = arguments![
                x,
                branch,
                branch_weight,
                gate,
                weight,
                scale,
                sum,
                out,
                width,
                items,
                gate_stride,
                scale_stride,
                eps
            ];
            let grid = [rows as u32, 1, 1];
            // SAFETY: the parameters of residual_norm, in order; the optional ones may be null.
            unsafe {
                work.kernels
                    .launch(Kernel::ResidualNorm, work.stream, grid, THREADS, arguments)
            }
        });
        (sum, normed)
    }
}

pub fn gated_residual(
    x: CubeTensor,
    branch: CubeTensor,
    branch_weight: CubeTensor,
    (modulation, gate): (CubeTensor, usize),
    eps: f64,
) -> CubeTensor {
    let residual = Residual {
        branch_weight: Some(2),
        gate: Some((3, gate)),
        ..Residual::default()
    };
    residual
        .enqueue([x, branch, branch_weight, modulation], eps)
        .0
}

pub fn gated_residual_norm(
    [x, branch]: [CubeTensor; 2],
    [branch_weight, weight]: [CubeTensor; 2],
    modulation: CubeTensor,
    [gate, scale]: [usize; 2],
    eps: f64,
) -> (CubeTensor, CubeTensor) {
    let residual = Residual {
        branch_weight: Some(2),
        gate: Some((3, gate)),
        weight: Some(4),
        scale: Some((3, scale)),
    };
    both(residual.enqueue([x, branch, branch_weight, modulation, weight], eps))
}

pub fn residual_norm(
    x: CubeTensor,
    branch: CubeTensor,
    weight: CubeTensor,
    eps: f64,
) -> (CubeTensor, CubeTensor) {
    let residual = Residual {
        weight: Some(2),
        ..Residual::default()
    };
    both(residual.enqueue([x, branch, weight], eps))
}

/// A sum and its norm; without one, the sum twice.
fn both((sum, normed): (CubeTensor, Option<CubeTensor>)) -> (CubeTensor, CubeTensor) {
    let normed = normed.unwrap_or_else(|| sum.clone());
    (sum, normed)
}

pub fn layer_norm_modulate(x: CubeTensor, scale: CubeTensor, eps: f64) -> CubeTensor {
    let (x, scale) = (into_contiguous(x), into_contiguous(scale));
    let (rows, width) = rows_and_width(&x);
    let out = empty(&x, x.meta.shape().clone(), x.dtype);
    let items = item_rows(&x);
    enqueue(&[&x, &scale], &[&out], move |work| {
        let (x, scale, out) = (work.inputs[0], work.inputs[1], work.outputs[0]);
        let (stride, eps, width) = (width as u64, eps as f32, width as i32);
        let arguments = arguments![x, scale, out, width, items, stride, eps];
        // SAFETY: the parameters of layer_norm, in order.
        unsafe {
            work.kernels.launch(
                Kernel::LayerNorm,
                work.stream,
                [rows as u32, 1, 1],
                THREADS,
                arguments,
            )
        }
    });
    out
}
