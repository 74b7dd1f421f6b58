//! The same halves of a layer with weights and activations of 8 bits, a scale for each row of both.
//!
//! cuBLASLt multiplies 8 bits at twice bfloat16's rate. Weights are quantised once; the input of every product is
//! quantised by a pass of its own, or in the pass that gates the feed-forward network. Attention, norms and residuals
//! stay in bfloat16. Sums of E4M3 come as bfloat16, with their scales where cuBLASLt applies them; sums of whole numbers
//! come as such, and get theirs in a pass of their own, or in the one that gates.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, backend_extension, fusion::custom::TensorSpec};
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::attention::{Call, HEAD, Heads, Matrices};
use super::{empty, rows_and_width, with_last};
use crate::cuda::format::Format;
use crate::cuda::stream::enqueue;

mod products;

use products::{Products, Quantised, room, rows_of_room};

/// Ops whose weights are of 8 bits: bytes `[out, in]` and f32 scales `[out]`. Everything else is bfloat16, or f32 where
/// [`super::CudaOps`] says so.
#[backend_extension(Cube, Fusion)]
pub trait CudaEightBitOps: Backend {
    /// bfloat16 `[out, in]` → bytes and scales.
    #[fusion(meta = |w, _| quantised(&[w]))]
    fn cuda_quantise_one(
        w: FloatTensor<Self>,
        format: Format,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Two weights of one input, their rows one after another.
    #[fusion(meta = |a, b, _| quantised(&[a, b]))]
    fn cuda_quantise_two(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        format: Format,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Three weights of one input, their rows one after another.
    #[fusion(meta = |a, b, c, _| quantised(&[a, b, c]))]
    fn cuda_quantise_three(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        format: Format,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// `x` `[.., in]` → `[.., out]`
    #[fusion(dtype = x, shape = with_last(x, w[0]))]
    fn cuda_linear_eight_bit(
        x: FloatTensor<Self>,
        w: IntTensor<Self>,
        scales: FloatTensor<Self>,
        format: Format,
    ) -> FloatTensor<Self>;

    /// down·(silu(gate·x)·(up·x)), where `gate_up` holds the rows of gate, then of up.
    #[fusion(dtype = x, shape = with_last(x, down[0]))]
    fn cuda_swiglu_eight_bit(
        x: FloatTensor<Self>,
        gate_up: IntTensor<Self>,
        gate_up_scales: FloatTensor<Self>,
        down: IntTensor<Self>,
        down_scales: FloatTensor<Self>,
        format: Format,
    ) -> FloatTensor<Self>;

    /// [`super::CudaOps::cuda_self_attention_merged`].
    #[fusion(dtype = x, shape = with_last(x, out[0]))]
    fn cuda_self_attention_eight_bit(
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
        format: Format,
    ) -> FloatTensor<Self>;
}

impl CudaEightBitOps for CubeBackend {
    fn cuda_quantise_one(w: CubeTensor, format: Format) -> (CubeTensor, CubeTensor) {
        quantise([w], format)
    }

    fn cuda_quantise_two(a: CubeTensor, b: CubeTensor, format: Format) -> (CubeTensor, CubeTensor) {
        quantise([a, b], format)
    }

    fn cuda_quantise_three(
        a: CubeTensor,
        b: CubeTensor,
        c: CubeTensor,
        format: Format,
    ) -> (CubeTensor, CubeTensor) {
        quantise([a, b, c], format)
    }

    fn cuda_linear_eight_bit(
        x: CubeTensor,
        w: CubeTensor,
        scales: CubeTensor,
        format: Format,
    ) -> CubeTensor {
        linear(x, w, scales, format)
    }

    fn cuda_swiglu_eight_bit(
        x: CubeTensor,
        gate_up: CubeTensor,
        gate_up_scales: CubeTensor,
        down: CubeTensor,
        down_scales: CubeTensor,
        format: Format,
    ) -> CubeTensor {
        swiglu(x, [gate_up, gate_up_scales], [down, down_scales], format)
    }

    fn cuda_self_attention_eight_bit(
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
        format: Format,
    ) -> CubeTensor {
        let others = [norm_q, norm_k, cos, sin];
        self_attention(
            x,
            [qkv, qkv_scales],
            [out, out_scales],
            others,
            heads,
            format,
        )
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

fn quantise<const N: usize>(weights: [CubeTensor; N], format: Format) -> (CubeTensor, CubeTensor) {
    let weights = weights.map(into_contiguous);
    let sizes = weights.each_ref().map(rows_and_width);
    let rows = sizes.iter().map(|(rows, _)| rows).sum();
    let [values, scales] = room(&weights[0], rows, sizes[0].1);
    let inputs: Vec<&CubeTensor> = weights.iter().collect();
    enqueue(&inputs, &[&values, &scales], move |work| {
        let products = Products {
            work: &work,
            format,
        };
        let mut into = Quantised::at(work.outputs, 0);
        for (&weight, (rows, width)) in work.inputs.iter().zip(sizes) {
            products.quantise_rows(weight, [rows, width], into)?;
            into.values += (rows * width) as u64;
            into.scales += (rows * size_of::<f32>()) as u64;
        }
        Ok(())
    });
    (values, scales)
}

/// Memory for whole sums of `rows` rows, where the format has them.
fn whole_sums(like: &CubeTensor, format: Format, rows: usize, width: usize) -> Option<CubeTensor> {
    let whole = format == Format::Int8;
    whole.then(|| empty(like, Shape::new([rows_of_room(rows), width]), DType::I32))
}

fn linear(x: CubeTensor, w: CubeTensor, scales: CubeTensor, format: Format) -> CubeTensor {
    let [x, w, scales] = [x, w, scales].map(into_contiguous);
    let (rows, inner) = rows_and_width(&x);
    let columns = w.meta.shape()[0];
    let out = empty(&x, with_last(x.meta.shape(), columns), x.dtype);
    let [narrow, narrow_scales] = room(&x, rows_of_room(rows), inner);
    let sums = whole_sums(&x, format, rows, columns);
    let outputs = [&out, &narrow, &narrow_scales];
    let outputs: Vec<&CubeTensor> = outputs.into_iter().chain(&sums).collect();
    enqueue(&[&x, &w, &scales], &outputs, move |work| {
        let products = Products {
            work: &work,
            format,
        };
        let (x, w) = (
            Quantised::at(work.outputs, 1),
            Quantised::at(work.inputs, 1),
        );
        let (out, sums) = (work.outputs[0], work.outputs.get(3).copied());
        products.quantise_rows(work.inputs[0], [rows, inner], x)?;
        products.multiply([rows, columns, inner], [x, w], out, sums)
    });
    out
}

fn swiglu(
    x: CubeTensor,
    gate_up: [CubeTensor; 2],
    down: [CubeTensor; 2],
    format: Format,
) -> CubeTensor {
    let x = into_contiguous(x);
    let (gate_up, down) = (gate_up.map(into_contiguous), down.map(into_contiguous));
    let (rows, inner) = rows_and_width(&x);
    let width = gate_up[0].meta.shape()[0] / 2;
    let columns = down[0].meta.shape()[0];
    let out = empty(&x, with_last(x.meta.shape(), columns), x.dtype);
    // Gate and up; whole sums of the second product find room there, too.
    let both = whole_sums(&x, format, rows, columns.max(2 * width))
        .unwrap_or_else(|| empty(&x, Shape::new([rows, 2 * width]), x.dtype));
    let [narrow, narrow_scales] = room(&x, rows_of_room(rows), inner);
    let [gated, gated_scales] = room(&x, rows_of_room(rows), width);
    let inputs = [&x, &gate_up[0], &gate_up[1], &down[0], &down[1]];
    let outputs = [&out, &both, &narrow, &narrow_scales, &gated, &gated_scales];
    enqueue(&inputs, &outputs, move |work| {
        let products = Products {
            work: &work,
            format,
        };
        let [gate_up, down] = [1, 3].map(|first| Quantised::at(work.inputs, first));
        let [narrow, gated] = [2, 4].map(|first| Quantised::at(work.outputs, first));
        let (out, both) = (work.outputs[0], work.outputs[1]);
        products.quantise_rows(work.inputs[0], [rows, inner], narrow)?;
        products.gate([rows, width, inner], [narrow, gate_up], both, gated)?;
        products.multiply([rows, columns, width], [gated, down], out, Some(both))
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
    format: Format,
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
    let [narrow, narrow_scales] = room(&x, rows_of_room(tokens), inner);
    let [heads8, heads8_scales] = room(&x, rows_of_room(tokens), joined_width);
    let sums = whole_sums(&x, format, tokens, width.max(columns));
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
    let outputs: Vec<&CubeTensor> = outputs.into_iter().chain(&sums).collect();
    enqueue(&inputs, &outputs, move |work| {
        let products = Products {
            work: &work,
            format,
        };
        let out_weight = Quantised {
            values: work.inputs[1],
            scales: work.inputs[6],
        };
        let qkv_weight = Quantised::at(work.inputs, 7);
        let [narrow, heads8] = [4, 6].map(|first| Quantised::at(work.outputs, first));
        let at = Matrices {
            qkv: work.outputs[1],
            qk: work.outputs[2],
            joined: work.outputs[3],
        };
        let (out, sums) = (work.outputs[0], work.outputs.get(8).copied());
        products.quantise_rows(work.inputs[0], [tokens, inner], narrow)?;
        products.multiply([tokens, width, inner], [narrow, qkv_weight], at.qkv, sums)?;
        call.attend(&work, at, positions)?;
        products.quantise_rows(at.joined, [tokens, joined_width], heads8)?;
        products.multiply(
            [tokens, columns, joined_width],
            [heads8, out_weight],
            out,
            sums,
        )
    });
    out
}
