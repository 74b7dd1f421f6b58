//! May the 8-bit path take this? As [`super::fast`], for weights in a [`Format`] of 8 bits.

use burn::backend::Dispatch;
use burn::tensor::{DType, Int, Tensor};

use super::cublaslt::{self, Elements};
use super::fast::{Place, heads_fit, kernels, place, shared};
use super::format::Format;
use super::ops::{CudaEightBitOps, Heads};
use super::{CudaError, Kernels, libraries};

/// Widest row that the quantising kernels hold in registers.
const WIDEST_ROW: usize = 16_384;

/// Widest row that the kernel which gates and quantises holds.
const WIDEST_GATED_ROW: usize = 10_240;

/// Rows and columns of an 8-bit matrix are multiples of this, as cuBLASLt asks.
pub const MULTIPLE: usize = 16;

/// A weight on a CUDA device.
#[derive(Debug, Clone, Copy)]
pub struct Weight<'a> {
    /// Bytes `[out, in]`.
    pub values: &'a Tensor<2, Int>,
    /// f32 `[out]`.
    pub scales: &'a Tensor<1>,
    /// What the bytes stand for.
    pub format: Format,
}

/// Whether this device multiplies numbers of the format: chips of a family may, while its cuBLASLt has no way to.
///
/// # Errors
/// The first thing that is missing or refused.
pub fn check(device: u16, format: Format) -> Result<(), CudaError> {
    libraries().cublaslt.as_ref().map_err(Clone::clone)?;
    let (ways, format) = match format {
        Format::E4m3 => (
            &[Elements::Fp8Scaled, Elements::Fp8][..],
            "8-bit floating point",
        ),
        Format::Int8 => (&[Elements::Int8][..], "8-bit whole numbers"),
    };
    cublaslt::multiplies(device, ways).map_err(|error| match error {
        CudaError::Blas { code, .. } => CudaError::Unmultiplied { format, code },
        other => other,
    })
}

/// `Some` if all are bfloat16 on one device that multiplies the format, and cuBLASLt is there.
fn capable(places: &[Place], format: Format) -> Option<&'static Kernels> {
    kernels(places).filter(|kernels| kernels.has_format(format) && libraries().cublaslt.is_ok())
}

fn fits(sizes: &[usize]) -> Option<()> {
    sizes
        .iter()
        .all(|&size| size > 0 && size.is_multiple_of(MULTIPLE) && size <= WIDEST_ROW)
        .then_some(())
}

/// bfloat16 weights of one input `[out, in]` into one 8-bit weight with all their rows: bytes and scales.
pub fn quantise(weights: &[&Tensor<2>], format: Format) -> Option<(Tensor<2, Int>, Tensor<1>)> {
    let places: Vec<Place> = weights.iter().map(|weight| place(*weight)).collect();
    capable(&places, format)?;
    for weight in weights {
        fits(&weight.dims()[1..])?;
        weight.dims()[0].is_multiple_of(MULTIPLE).then_some(())?;
    }
    let send = |weight: &Tensor<2>| weight.clone().into_dispatch();
    let (values, scales) = match *weights {
        [one] => Dispatch::cuda_quantise_one(send(one), format),
        [a, b] => Dispatch::cuda_quantise_two(send(a), send(b), format),
        [a, b, c] => Dispatch::cuda_quantise_three(send(a), send(b), send(c), format),
        _ => return None,
    };
    Some((Tensor::from_dispatch(values), Tensor::from_dispatch(scales)))
}

/// x·wᵀ. `x` `[.., in]`.
pub fn linear<const D: usize>(x: &Tensor<D>, w: Weight<'_>) -> Option<Tensor<D>> {
    capable(&[place(x)], w.format)?;
    Some(Tensor::from_dispatch(Dispatch::cuda_linear_eight_bit(
        x.clone().into_dispatch(),
        w.values.clone().into_dispatch(),
        w.scales.clone().into_dispatch(),
        w.format,
    )))
}

/// down·(silu(gate·x)·(up·x)); `gate_up` holds the rows of both.
pub fn swiglu(x: &Tensor<3>, gate_up: Weight<'_>, down: Weight<'_>) -> Option<Tensor<3>> {
    let format = alike([gate_up, down])?;
    capable(&[place(x)], format)?;
    (down.values.dims()[1] <= WIDEST_GATED_ROW).then_some(())?;
    Some(Tensor::from_dispatch(Dispatch::cuda_swiglu_eight_bit(
        x.clone().into_dispatch(),
        gate_up.values.clone().into_dispatch(),
        gate_up.scales.clone().into_dispatch(),
        down.values.clone().into_dispatch(),
        down.scales.clone().into_dispatch(),
        format,
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
    let format = alike([qkv, out])?;
    let widths = [qkv.values.dims()[0], out.values.dims()[1]];
    heads_fit(&heads, x, widths, tables[0])?;
    capable(&[place(x), place(norms[0]), place(norms[1])], format)?;
    let (_, DType::F32) = shared(&tables.map(place))? else {
        return None;
    };
    let [norm_q, norm_k] = norms.map(|norm| norm.clone().into_dispatch());
    let [cos, sin] = tables.map(|table| table.clone().into_dispatch());
    Some(Tensor::from_dispatch(
        Dispatch::cuda_self_attention_eight_bit(
            x.clone().into_dispatch(),
            qkv.values.clone().into_dispatch(),
            qkv.scales.clone().into_dispatch(),
            norm_q,
            norm_k,
            cos,
            sin,
            out.values.clone().into_dispatch(),
            out.scales.clone().into_dispatch(),
            heads,
            format,
        ),
    ))
}

/// The format of both.
fn alike(weights: [Weight<'_>; 2]) -> Option<Format> {
    let [a, b] = weights.map(|weight| weight.format);
    (a == b).then_some(a)
}
