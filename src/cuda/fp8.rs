//! May the 8-bit path take this? As [`super::fast`], for weights in E4M3.

use burn::backend::Dispatch;
use burn::tensor::{DType, Int, Tensor};

use super::fast::{Place, heads_fit, kernels, place, shared};
use super::ops::{CudaFp8Ops, Heads};
use super::{Kernels, libraries};

/// Widest row that the quantising kernels hold in registers.
const WIDEST_ROW: usize = 16_384;

/// Widest row that the kernel which gates and quantises holds.
const WIDEST_GATED_ROW: usize = 10_240;

/// Rows and columns of an E4M3 matrix are multiples of this, as cuBLASLt asks.
pub const MULTIPLE: usize = 16;

/// A weight on a CUDA device: E4M3 bytes `[out, in]` and f32 scales `[out]`.
pub type Weight<'a> = (&'a Tensor<2, Int>, &'a Tensor<1>);

/// `Some` if all are bfloat16 on one device that multiplies E4M3, and cuBLASLt is there.
fn capable(places: &[Place]) -> Option<&'static Kernels> {
    kernels(places).filter(|kernels| kernels.fp8 && libraries().cublaslt.is_ok())
}

fn fits(sizes: &[usize]) -> Option<()> {
    sizes
        .iter()
        .all(|&size| size > 0 && size.is_multiple_of(MULTIPLE) && size <= WIDEST_ROW)
        .then_some(())
}

/// bfloat16 weights of one input `[out, in]` into one E4M3 weight with all their rows.
pub fn quantise(weights: &[&Tensor<2>]) -> Option<(Tensor<2, Int>, Tensor<1>)> {
    let places: Vec<Place> = weights.iter().map(|weight| place(*weight)).collect();
    capable(&places)?;
    for weight in weights {
        fits(&weight.dims()[1..])?;
        weight.dims()[0].is_multiple_of(MULTIPLE).then_some(())?;
    }
    let send = |weight: &Tensor<2>| weight.clone().into_dispatch();
    let (values, scales) = match *weights {
        [one] => Dispatch::cuda_quantise_one(send(one)),
        [a, b] => Dispatch::cuda_quantise_two(send(a), send(b)),
        [a, b, c] => Dispatch::cuda_quantise_three(send(a), send(b), send(c)),
        _ => return None,
    };
    Some((Tensor::from_dispatch(values), Tensor::from_dispatch(scales)))
}

/// x·wᵀ. `x` `[.., in]`.
pub fn linear<const D: usize>(x: &Tensor<D>, (w, scales): Weight<'_>) -> Option<Tensor<D>> {
    capable(&[place(x)])?;
    Some(Tensor::from_dispatch(Dispatch::cuda_linear_fp8(
        x.clone().into_dispatch(),
        w.clone().into_dispatch(),
        scales.clone().into_dispatch(),
    )))
}

/// down·(silu(gate·x)·(up·x)); `gate_up` holds the rows of both.
pub fn swiglu(x: &Tensor<3>, gate_up: Weight<'_>, down: Weight<'_>) -> Option<Tensor<3>> {
    capable(&[place(x)])?;
    (down.0.dims()[1] <= WIDEST_GATED_ROW).then_some(())?;
    Some(Tensor::from_dispatch(Dispatch::cuda_swiglu_fp8(
        x.clone().into_dispatch(),
        gate_up.0.clone().into_dispatch(),
        gate_up.1.clone().into_dispatch(),
        down.0.clone().into_dispatch(),
        down.1.clone().into_dispatch(),
    )))
}

/// [`super::fast::self_attention`] with one weight for queries, keys and values.
pub fn self_attention(
    x: &Tensor<3>,
    qkv: Weight<'_>,
    norms: [&Tensor<1>; 2],
    tables: [&Tensor<3>; 2],
    out: Weight<'_>,
    heads: Heads,
) -> Option<Tensor<3>> {
    let widths = [qkv.0.dims()[0], out.0.dims()[1]];
    heads_fit(&heads, x, widths, tables[0])?;
    capable(&[place(x), place(norms[0]), place(norms[1])])?;
    let (_, DType::F32) = shared(&tables.map(place))? else {
        return None;
    };
    let [norm_q, norm_k] = norms.map(|norm| norm.clone().into_dispatch());
    let [cos, sin] = tables.map(|table| table.clone().into_dispatch());
    Some(Tensor::from_dispatch(Dispatch::cuda_self_attention_fp8(
        x.clone().into_dispatch(),
        qkv.0.clone().into_dispatch(),
        qkv.1.clone().into_dispatch(),
        norm_q,
        norm_k,
        cos,
        sin,
        out.0.clone().into_dispatch(),
        out.1.clone().into_dispatch(),
        heads,
    )))
}
