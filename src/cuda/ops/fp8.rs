//! The same halves of a layer with weights and activations in E4M3, a scale for each row of both.
//!
//! cuBLASLt multiplies E4M3 at twice bfloat16's rate. Weights are quantised once; the input of every product is
//! quantised by a pass of its own, or in the pass that gates the feed-forward network. Attention, norms and residuals
//! stay in bfloat16.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, backend_extension, fusion::custom::TensorSpec};
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::attention::{Call, HEAD, Heads, Matrices};
use super::{empty, rows_and_width, with_last};
use crate::cuda::CudaError;
use crate::cuda::cublaslt::{self, Elements, Operands, Product};
use crate::cuda::kernels::{Kernel, arguments};
use crate::cuda::stream::{Work, enqueue};

/// Threads of a block, as in fp8.cu; a block makes a row.
const THREADS: u32 = 256;

/// Widest row of the kernel that keeps the most rows under way.
const NARROW: usize = 4096;

/// Ops whose weights are E4M3: bytes `[out, in]` and f32 scales `[out]`. Everything else is bfloat16, or f32 where
/// [`super::CudaOps`] says so.
#[backend_extension(Cube, Fusion)]
pub trait CudaFp8Ops: Backend {
    /// bfloat16 `[out, in]` → E4M3 and scales.
    #[fusion(meta = |w| quantised(&[w]))]
    fn cuda_quantise_one(w: FloatTensor<Self>) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Two weights of one input, their rows one after another.
    #[fusion(meta = |a, b| quantised(&[a, b]))]
    fn cuda_quantise_two(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Three weights of one input, their rows one after another.
    #[fusion(meta = |a, b, c| quantised(&[a, b, c]))]
    fn cuda_quantise_three(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// `x` `[.., in]` → `[.., out]`
    #[fusion(dtype = x, shape = with_last(x, w[0]))]
    fn cuda_linear_fp8(
        x: FloatTensor<Self>,
        w: IntTensor<Self>,
        scales: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// down·(silu(gate·x)·(up·x)), where `gate_up` holds the rows of gate, then of up.
    #[fusion(dtype = x, shape = with_last(x, down[0]))]
    fn cuda_swiglu_fp8(
        x: FloatTensor<Self>,
        gate_up: IntTensor<Self>,
        gate_up_scales: FloatTensor<Self>,
        down: IntTensor<Self>,
        down_scales: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// [`super::CudaOps::cuda_self_attention_merged`].
    #[fusion(dtype = x, shape = with_last(x, out[0]))]
    fn cuda_self_attention_fp8(
        x: FloatTensor<Self>,
        qkv: IntTensor<Self>,
        qkv_scales: FloatTensor<Self>,
        norm_q: FloatTensor<Self>,
        norm_k: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        out: IntTensor<Self>,
        out_scales: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;
}

impl CudaFp8Ops for CubeBackend {
    fn cuda_quantise_one(w: CubeTensor) -> (CubeTensor, CubeTensor) {
        quantise([w])
    }

    fn cuda_quantise_two(a: CubeTensor, b: CubeTensor) -> (CubeTensor, CubeTensor) {
        quantise([a, b])
    }

    fn cuda_quantise_three(
        a: CubeTensor,
        b: CubeTensor,
        c: CubeTensor,
    ) -> (CubeTensor, CubeTensor) {
        quantise([a, b, c])
    }

    fn cuda_linear_fp8(x: CubeTensor, w: CubeTensor, scales: CubeTensor) -> CubeTensor {
        linear(x, w, scales)
    }

    fn cuda_swiglu_fp8(
        x: CubeTensor,
        gate_up: CubeTensor,
        gate_up_scales: CubeTensor,
        down: CubeTensor,
        down_scales: CubeTensor,
    ) -> CubeTensor {
        swiglu(x, [gate_up, gate_up_scales], [down, down_scales])
    }

    fn cuda_self_attention_fp8(
        x: CubeTensor,
        qkv: CubeTensor,
        qkv_scales: CubeTensor,
        norm_q: CubeTensor,
        norm_k: CubeTensor,
        cos: CubeTensor,
        sin: CubeTensor,
        out: CubeTensor,
        out_scales: CubeTensor,
        heads: Heads,
    ) -> CubeTensor {
        let others = [norm_q, norm_k, cos, sin];
        self_attention(x, [qkv, qkv_scales], [out, out_scales], others, heads)
    }
}

/// What quantising weights of one input gives.
fn quantised(weights: &[&TensorSpec]) -> (TensorSpec, TensorSpec) {
    let rows = weights.iter().map(|weight| weight.shape[0]).sum();
    let inner = weights.first().map_or(0, |weight| weight.shape[1]);
    (
        TensorSpec::new(Shape::new([rows, inner]), DType::U8),
        TensorSpec::new(Shape::new([rows]), DType::F32),
    )
}

/// Where an E4M3 matrix and the scales of its rows lie.
#[derive(Clone, Copy)]
struct Quantised {
    values: u64,
    scales: u64,
}

/// Memory for an E4M3 matrix and its scales.
fn room(like: &CubeTensor, rows: usize, width: usize) -> [CubeTensor; 2] {
    [
        empty(like, Shape::new([rows, width]), DType::U8),
        empty(like, Shape::new([rows]), DType::F32),
    ]
}

/// Quantises `rows` bfloat16 rows at `x`.
fn quantise_rows(
    work: &Work<'_>,
    x: u64,
    [rows, width]: [usize; 2],
    into: Quantised,
) -> Result<(), CudaError> {
    let kernel = if width <= NARROW {
        Kernel::QuantiseRows
    } else {
        Kernel::QuantiseWideRows
    };
    let (values, scales, width) = (into.values, into.scales, width as i32);
    let arguments = arguments![x, values, scales, width];
    let grid = [rows as u32, 1, 1];
    // SAFETY: the parameters of both kernels, in order; `into` has room for as many rows.
    unsafe {
        work.kernels
            .launch(kernel, work.stream, grid, THREADS, arguments)
    }
}

/// x·wᵀ of quantised matrices: `[rows, inner]`, `[columns, inner]` → bfloat16 `[rows, columns]`.
fn multiply(
    work: &Work<'_>,
    [rows, columns, inner]: [usize; 3],
    [x, w]: [Quantised; 2],
    out: u64,
) -> Result<(), CudaError> {
    let scaled = cublaslt::scales_rows(work.device, work.stream)?;
    let product = Product {
        rows,
        columns,
        inner,
        out_stride: columns,
        elements: if scaled {
            Elements::Fp8Scaled
        } else {
            Elements::Fp8
        },
        transposed: true,
        bias: false,
    };
    let operands = Operands {
        x: x.values,
        w: w.values,
        bias: 0,
        scales: [x.scales, w.scales],
        out,
    };
    // SAFETY: contiguous matrices of these shapes and types, with a scale for each of their rows.
    unsafe { cublaslt::multiply(work.device, work.stream, product, operands)? };
    if scaled {
        return Ok(());
    }
    let (row_scales, column_scales) = (x.scales, w.scales);
    let (columns, stride) = (columns as i32, columns as u64);
    let arguments = arguments![out, row_scales, column_scales, columns, stride];
    let grid = [rows as u32, 1, 1];
    // SAFETY: the parameters of rescale, in order.
    unsafe {
        work.kernels
            .launch(Kernel::Rescale, work.stream, grid, THREADS, arguments)
    }
}

fn quantise<const N: usize>(weights: [CubeTensor; N]) -> (CubeTensor, CubeTensor) {
    let weights = weights.map(into_contiguous);
    let sizes = weights.each_ref().map(rows_and_width);
    let rows = sizes.iter().map(|(rows, _)| rows).sum();
    let [values, scales] = room(&weights[0], rows, sizes[0].1);
    let inputs: Vec<&CubeTensor> = weights.iter().collect();
    enqueue(&inputs, &[&values, &scales], move |work| {
        let mut into = Quantised {
            values: work.outputs[0],
            scales: work.outputs[1],
        };
        for (&weight, (rows, width)) in work.inputs.iter().zip(sizes) {
            quantise_rows(&work, weight, [rows, width], into)?;
            into.values += (rows * width) as u64;
            into.scales += (rows * size_of::<f32>()) as u64;
        }
        Ok(())
    });
    (values, scales)
}

fn linear(x: CubeTensor, w: CubeTensor, scales: CubeTensor) -> CubeTensor {
    let [x, w, scales] = [x, w, scales].map(into_contiguous);
    let (rows, inner) = rows_and_width(&x);
    let columns = w.meta.shape()[0];
    let out = empty(&x, with_last(x.meta.shape(), columns), x.dtype);
    let [narrow, narrow_scales] = room(&x, rows, inner);
    let outputs = [&out, &narrow, &narrow_scales];
    enqueue(&[&x, &w, &scales], &outputs, move |work| {
        let [x, w] = [
            Quantised {
                values: work.outputs[1],
                scales: work.outputs[2],
            },
            Quantised {
                values: work.inputs[1],
                scales: work.inputs[2],
            },
        ];
        quantise_rows(&work, work.inputs[0], [rows, inner], x)?;
        multiply(&work, [rows, columns, inner], [x, w], work.outputs[0])
    });
    out
}

fn swiglu(x: CubeTensor, gate_up: [CubeTensor; 2], down: [CubeTensor; 2]) -> CubeTensor {
    let x = into_contiguous(x);
    let (gate_up, down) = (gate_up.map(into_contiguous), down.map(into_contiguous));
    let (rows, inner) = rows_and_width(&x);
    let width = gate_up[0].meta.shape()[0] / 2;
    let columns = down[0].meta.shape()[0];
    let out = empty(&x, with_last(x.meta.shape(), columns), x.dtype);
    let both = empty(&x, Shape::new([rows, 2 * width]), x.dtype);
    let [narrow, narrow_scales] = room(&x, rows, inner);
    let [gated, gated_scales] = room(&x, rows, width);
    let inputs = [&x, &gate_up[0], &gate_up[1], &down[0], &down[1]];
    let outputs = [&out, &both, &narrow, &narrow_scales, &gated, &gated_scales];
    enqueue(&inputs, &outputs, move |work| {
        let pair = |addresses: &[u64], first: usize| Quantised {
            values: addresses[first],
            scales: addresses[first + 1],
        };
        let [gate_up, down] = [1, 3].map(|first| pair(work.inputs, first));
        let [narrow, gated] = [2, 4].map(|first| pair(work.outputs, first));
        let (out, both) = (work.outputs[0], work.outputs[1]);
        quantise_rows(&work, work.inputs[0], [rows, inner], narrow)?;
        multiply(&work, [rows, 2 * width, inner], [narrow, gate_up], both)?;
        let (values, scales, row) = (gated.values, gated.scales, width as i32);
        let arguments = arguments![both, values, scales, row];
        let grid = [rows as u32, 1, 1];
        // SAFETY: the parameters of silu_mul_quantise, in order; `gated` has room for rows × width values.
        unsafe {
            work.kernels.launch(
                Kernel::SiluMulQuantise,
                work.stream,
                grid,
                THREADS,
                arguments,
            )?
        };
        multiply(&work, [rows, columns, width], [gated, down], out)
    });
    out
}

/// `others`: norms of queries and keys, cosines, sines.
fn self_attention(
    x: CubeTensor,
    qkv_weight: [CubeTensor; 2],
    out_weight: [CubeTensor; 2],
    others: [CubeTensor; 4],
    heads: Heads,
) -> CubeTensor {
    let x = into_contiguous(x);
    let (qkv_weight, out_weight) = (
        qkv_weight.map(into_contiguous),
        out_weight.map(into_contiguous),
    );
    let others = others.map(into_contiguous);
    let (batch, length) = (x.meta.shape()[0], x.meta.shape()[1]);
    let (tokens, inner) = rows_and_width(&x);
    let positions = rows_and_width(&others[2]).0;
    let (width, joined_width) = (qkv_weight[0].meta.shape()[0], heads.queries * HEAD);
    let columns = out_weight[0].meta.shape()[0];
    let scratch = |width: usize| empty(&x, Shape::new([tokens, width]), x.dtype);
    let qkv = scratch(width);
    let qk = scratch((heads.queries + heads.groups) * HEAD);
    let joined = scratch(joined_width);
    let out = empty(&x, with_last(x.meta.shape(), columns), x.dtype);
    let [narrow, narrow_scales] = room(&x, tokens, inner);
    let [heads8, heads8_scales] = room(&x, tokens, joined_width);
    let call = Call {
        batch,
        length,
        heads,
    };
    // The norms and tables where `Call::attend` looks for them.
    let inputs: Vec<&CubeTensor> = [&x, &out_weight[0]]
        .into_iter()
        .chain(&others)
        .chain([&out_weight[1], &qkv_weight[0], &qkv_weight[1]])
        .collect();
    let outputs = [
        &out,
        &qkv,
        &qk,
        &joined,
        &narrow,
        &narrow_scales,
        &heads8,
        &heads8_scales,
    ];
    enqueue(&inputs, &outputs, move |work| {
        let pair = |values, scales| Quantised { values, scales };
        let out_weight = pair(work.inputs[1], work.inputs[6]);
        let qkv_weight = pair(work.inputs[7], work.inputs[8]);
        let narrow = pair(work.outputs[4], work.outputs[5]);
        let heads8 = pair(work.outputs[6], work.outputs[7]);
        let at = Matrices {
            qkv: work.outputs[1],
            qk: work.outputs[2],
            joined: work.outputs[3],
        };
        quantise_rows(&work, work.inputs[0], [tokens, inner], narrow)?;
        multiply(&work, [tokens, width, inner], [narrow, qkv_weight], at.qkv)?;
        call.attend(&work, at, positions)?;
        quantise_rows(&work, at.joined, [tokens, joined_width], heads8)?;
        let size = [tokens, columns, joined_width];
        multiply(&work, size, [heads8, out_weight], work.outputs[0])
    });
    out
}
