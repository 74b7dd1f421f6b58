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

/// What the residual kernel leaves out when a pointer is null.
struct Residual {
    rows: usize,
    width: usize,
    items: i32,
    eps: f64,
    gate: Option<Part>,
    scale: Option<Part>,
}

/// Inputs in order: x, branch, then branch weight, modulation and weight as far as `places` has them.
fn residual(
    inputs: &[&CubeTensor],
    outputs: &[&CubeTensor],
    [branch_weight, modulation, weight]: [Option<usize>; 3],
    with: Residual,
) {
    enqueue(inputs, outputs, move |work| {
        let input = |place: Option<usize>| place.map_or(0, |place| work.inputs[place]);
        let (x, branch, sum) = (work.inputs[0], work.inputs[1], work.outputs[0]);
        let out = work.outputs.get(1).copied().unwrap_or(0);
        let (branch_weight, weight) = (input(branch_weight), input(weight));
        let part = |part: Option<Part>| {
            part.map_or((0, 0), |part| (input(modulation) + part.bytes, part.stride))
        };
        let ((gate, gate_stride), (scale, scale_stride)) = (part(with.gate), part(with.scale));
        let (width, items, eps) = (with.width as i32, with.items, with.eps as f32);
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
        let grid = [with.rows as u32, 1, 1];
        // SAFETY: the parameters of residual_norm, in order; the optional ones may be null.
        unsafe {
            work.kernels
                .launch(Kernel::ResidualNorm, work.stream, grid, THREADS, arguments)
        }
    });
}

pub fn gated_residual(
    x: CubeTensor,
    branch: CubeTensor,
    branch_weight: CubeTensor,
    (modulation, gate): (CubeTensor, usize),
    eps: f64,
) -> CubeTensor {
    let [x, branch, branch_weight, modulation] =
        [x, branch, branch_weight, modulation].map(into_contiguous);
    let (rows, width) = rows_and_width(&x);
    let sum = empty(&x, x.meta.shape().clone(), x.dtype);
    let with = Residual {
        rows,
        width,
        items: item_rows(&x),
        eps,
        gate: Some(Part::new(&modulation, gate, width)),
        scale: None,
    };
    residual(
        &[&x, &branch, &branch_weight, &modulation],
        &[&sum],
        [Some(2), Some(3), None],
        with,
    );
    sum
}

pub fn gated_residual_norm(
    [x, branch]: [CubeTensor; 2],
    [branch_weight, weight]: [CubeTensor; 2],
    modulation: CubeTensor,
    [gate, scale]: [usize; 2],
    eps: f64,
) -> (CubeTensor, CubeTensor) {
    let [x, branch, branch_weight, modulation, weight] =
        [x, branch, branch_weight, modulation, weight].map(into_contiguous);
    let (rows, width) = rows_and_width(&x);
    let [sum, out] = [(); 2].map(|()| empty(&x, x.meta.shape().clone(), x.dtype));
    let with = Residual {
        rows,
        width,
        items: item_rows(&x),
        eps,
        gate: Some(Part::new(&modulation, gate, width)),
        scale: Some(Part::new(&modulation, scale, width)),
    };
    let inputs = [&x, &branch, &branch_weight, &modulation, &weight];
    residual(&inputs, &[&sum, &out], [Some(2), Some(3), Some(4)], with);
    (sum, out)
}

pub fn residual_norm(
    x: CubeTensor,
    branch: CubeTensor,
    weight: CubeTensor,
    eps: f64,
) -> (CubeTensor, CubeTensor) {
    let [x, branch, weight] = [x, branch, weight].map(into_contiguous);
    let (rows, width) = rows_and_width(&x);
    let [sum, out] = [(); 2].map(|()| empty(&x, x.meta.shape().clone(), x.dtype));
    let with = Residual {
        rows,
        width,
        items: item_rows(&x),
        eps,
        gate: None,
        scale: None,
    };
    residual(
        &[&x, &branch, &weight],
        &[&sum, &out],
        [None, None, Some(2)],
        with,
    );
    (sum, out)
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
