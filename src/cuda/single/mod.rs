//! Every op of the networks in f32 on CUDA, with its gradient: what training runs on, and small models in f32.
//!
//! burn's own products, convolutions and sums search for the fastest of their kernels at each new shape, which took
//! minutes before the first step of a training. The ops here never search: products go to cuBLASLt, the rest to kernels
//! of this folder, and a whole half of a block is one op with a hand-written gradient. The functions below answer `None`
//! where they cannot help, as those of [`super::fast`] do, which they stand behind: the bfloat16 kernels there are
//! faster where they fit. bfloat16 of other widths is computed in f32 and rounded.
//!
//! A call travels one of these functions → [`record`] (one opaque unit for burn's fusion, recorded for its autodiff) →
//! an op (a file each) → [`super::cublaslt`] and [`kernels`]. Sums have a fixed order and nothing is added atomically: a training
//! with the same seed on the same device gives the same model.
//!
//! # Measured
//! On an NVIDIA H200, by `danqing bench --verify`: exact products within 3e-7 of the CPU's, tf32 results within 4e-4 and
//! gradients within 9e-4 of burn's autodiff there (relative L2). The demo model's painter (7.5 M parameters, 256 pictures
//! of 256² a step, 288 tokens each) takes 50 ms a step there with the device busy nine tenths of the time, Muon included;
//! on an H100, with one step in three on larger pictures, 65 ms; on another, all alike, 77 ms. No step waits for its batch,
//! whose noise the host draws meanwhile.
//!
//! The autoencoder is slow and it is not understood why: 32 pictures of 256² took 0.85 s a step on an H100, where the
//! bytes its kernels move are worth about 0.2 s. The host waits 0.6 s of it while the pictures are sent, which waits for
//! all work before it, so the time belongs to the kernels; half a picture's time goes with half the pictures, and the
//! card draws little power meanwhile, which points to kernels of few blocks. dW was one (one block a tile along 65,536
//! pixels) and is now summed in segments: the decoder's training went from 0.95 to 0.69 s a step. Timing each kernel
//! of one step is what would tell.

mod attention;
mod conv;
mod group_norm;
mod kernels;
mod linear;
mod lookup;
mod mean;
mod norm;
mod optimise;
mod precision;
mod record;
mod scores;
mod self_attention;
mod sums;
mod swiglu;
mod upsample;

pub use kernels::SINGLE_SOURCES;
pub use optimise::{AdamWStep, Matrix, Moved, Moving, MuonStep, adamw, average, clip_scale, muon};

use burn::backend::{DispatchDevice, DispatchTensor};
use burn::tensor::{DType, Int, Shape, Tensor};
use burn_cubecl::CubeDevice;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::fast::Part;
use super::ops::Heads;
use super::{Kernels, libraries};
use norm::{Factor, RowNorm, WIDEST_TRAINED};
use record::Op;
use self_attention::{SelfAttention, WIDEST_HEAD};

/// The type that results are given in, if all of this can run: f32 or bfloat16 on a CUDA device with its libraries.
fn taken<const D: usize>(x: &Tensor<D>) -> Option<DType> {
    let device = x.device().without_autodiff();
    let DispatchDevice::Cube(CubeDevice::Cuda(cuda)) = device.as_dispatch() else {
        return None;
    };
    let dtype = x.dtype();
    let ready = matches!(dtype, DType::F32 | DType::BF16)
        && libraries().cublaslt.is_ok()
        && Kernels::of(cuda.index as u16).is_some();
    ready.then_some(dtype)
}

/// Whether [`adamw`] and its like can take these tensors: f32 on CUDA devices with what this needs, off the tape.
pub fn optimises<'a, const D: usize>(tensors: impl IntoIterator<Item = &'a Tensor<D>>) -> bool {
    let fits = |tensor: &Tensor<D>| taken(tensor) == Some(DType::F32) && !tensor.is_autodiff();
    tensors.into_iter().all(fits)
}

/// In f32, as the ops take it.
fn send<const D: usize>(x: &Tensor<D>) -> DispatchTensor {
    match x.dtype() {
        DType::F32 => x.clone(),
        _ => x.clone().cast(DType::F32),
    }
    .into_dispatch()
}

/// Runs `op`; the result in `dtype`.
fn run<O: Op, const D: usize>(
    dtype: DType,
    op: O,
    inputs: Vec<DispatchTensor>,
) -> Option<Tensor<D>> {
    let out = Tensor::<D>::from_dispatch(record::apply(op, inputs)?);
    Some(match dtype {
        DType::F32 => out,
        _ => out.cast(dtype),
    })
}

/// x·Wᵀ + b. `x` `[.., in]`, `weight` `[out, in]`.
pub fn linear<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<2>,
    bias: Option<&Tensor<1>>,
) -> Option<Tensor<D>> {
    let dtype = taken(x)?;
    let mut inputs = vec![send(x), send(weight)];
    inputs.extend(bias.map(send));
    run(dtype, linear::Linear, inputs)
}

/// down·(silu(gate·x)·(up·x)). `gate_up`: one weight with the rows of both, or two.
pub fn swiglu(x: &Tensor<3>, gate_up: &[&Tensor<2>], down: &Tensor<2>) -> Option<Tensor<3>> {
    let dtype = taken(x)?;
    let [gate, up] = match *gate_up {
        [both] => {
            let rows = both.dims()[0] / 2;
            [0, rows].map(|first| both.clone().narrow(0, first, rows))
        }
        [gate, up] => [gate.clone(), up.clone()],
        _ => return None,
    };
    let inputs = vec![send(x), send(&gate), send(&up), send(down)];
    run(dtype, swiglu::SwiGlu, inputs)
}

/// The norm of rows of `x`, where its gradient fits into registers if it will be asked for.
fn row_norm<const D: usize>(
    x: &Tensor<D>,
    weight: Option<&Tensor<1>>,
    (factor, factors): (Factor, Option<&Tensor<3>>),
    base: Option<&Tensor<D>>,
    centre: bool,
    eps: f64,
) -> Option<Tensor<D>> {
    let dtype = taken(x)?;
    if x.is_autodiff() && x.dims()[D - 1] > WIDEST_TRAINED {
        return None;
    }
    let op = RowNorm {
        weight: weight.is_some(),
        factor,
        base: base.is_some(),
        centre,
        eps,
    };
    let mut inputs = vec![send(x)];
    inputs.extend(weight.map(send));
    inputs.extend(factors.map(send));
    inputs.extend(base.map(send));
    run(dtype, op, inputs)
}

/// RMS norm over the last dimension.
pub fn rms_norm<const D: usize>(x: &Tensor<D>, weight: &Tensor<1>, eps: f64) -> Option<Tensor<D>> {
    row_norm(x, Some(weight), (Factor::One, None), None, false, eps)
}

/// RMS norm · (1 + scale). `x` `[B, S, d]`.
pub fn rms_norm_modulate(
    x: &Tensor<3>,
    weight: &Tensor<1>,
    scale: Part<'_>,
    eps: f64,
) -> Option<Tensor<3>> {
    let factor = (Factor::Scale(scale.index), Some(scale.of));
    row_norm(x, Some(weight), factor, None, false, eps)
}

/// x + tanh(gate)·rms_norm(branch); without `gate` the factor is 1.
pub fn gated_residual(
    [x, branch]: [&Tensor<3>; 2],
    weight: &Tensor<1>,
    gate: Option<Part<'_>>,
    eps: f64,
) -> Option<Tensor<3>> {
    let factor = match gate {
        Some(gate) => (Factor::Gate(gate.index), Some(gate.of)),
        None => (Factor::One, None),
    };
    row_norm(branch, Some(weight), factor, Some(x), false, eps)
}

/// Layer norm · (1 + scale). `x` `[B, S, d]`, `scale` `[B, 1, d]`.
pub fn layer_norm_modulate(x: &Tensor<3>, scale: &Tensor<3>, eps: f64) -> Option<Tensor<3>> {
    row_norm(x, None, (Factor::Scale(0), Some(scale)), None, true, eps)
}

/// Projections, per-head norms, rotation, attention, projection of the heads. `weights`: one with the rows of queries,
/// keys and values, or three; `tables`: cosines and sines; `bias` of the keys `[B, 1, 1, S]`.
pub fn self_attention(
    x: &Tensor<3>,
    weights: &[&Tensor<2>],
    norms: Option<[&Tensor<1>; 2]>,
    tables: [&Tensor<3>; 2],
    out: &Tensor<2>,
    bias: Option<&Tensor<4>>,
    heads: Heads,
) -> Option<Tensor<3>> {
    let dtype = taken(x)?;
    let (queries, groups) = (heads.queries, heads.groups);
    let total: usize = weights.iter().map(|weight| weight.dims()[0]).sum();
    let dim = total / (queries + 2 * groups).max(1);
    let fits = groups > 0
        && queries.is_multiple_of(groups)
        && dim.is_multiple_of(2)
        && (2..=WIDEST_HEAD).contains(&dim)
        && total == dim * (queries + 2 * groups)
        && tables[0].dims()[2] == dim / 2;
    if !fits {
        return None;
    }
    let weights = match *weights {
        [all] => {
            let parts = [(0, queries), (queries, groups), (queries + groups, groups)];
            parts.map(|(first, count)| all.clone().narrow(0, first * dim, count * dim))
        }
        [q, k, v] => [q.clone(), k.clone(), v.clone()],
        _ => return None,
    };
    let op = SelfAttention {
        norms: norms.is_some(),
        heads: Heads {
            keys: None,
            ..heads
        },
    };
    let mut inputs = vec![send(x)];
    inputs.extend(weights.iter().map(send));
    inputs.extend([send(out), send(tables[0]), send(tables[1])]);
    inputs.extend(norms.into_iter().flatten().map(send));
    inputs.extend(bias.map(send));
    run(dtype, op, inputs)
}

/// Attention of heads that are there: queries `[B, H, S, D]`, keys and values `[B, G, T, D]` → `[B, S, H·D]`.
pub fn attention(
    [q, k, v]: [&Tensor<4>; 3],
    scale: f64,
    causal: bool,
    bias: Option<&Tensor<4>>,
) -> Option<Tensor<3>> {
    let dtype = taken(q)?;
    let op = attention::Attention { causal, scale };
    let mut inputs = vec![send(q), send(k), send(v)];
    inputs.extend(bias.map(send));
    run(dtype, op, inputs)
}

/// A square convolution, plus a residual of the result's shape.
pub fn conv2d(
    x: &Tensor<4>,
    weight: &Tensor<4>,
    bias: &Tensor<1>,
    residual: Option<&Tensor<4>>,
    stride: usize,
    padding: usize,
) -> Option<Tensor<4>> {
    let dtype = taken(x)?;
    let mut inputs = vec![send(x), send(weight), send(bias)];
    inputs.extend(residual.map(send));
    run(dtype, conv::Conv { stride, padding }, inputs)
}

/// Group norm, with SiLU if `activate`.
pub fn group_norm(
    x: &Tensor<4>,
    [weight, bias]: [&Tensor<1>; 2],
    groups: usize,
    eps: f64,
    activate: bool,
) -> Option<Tensor<4>> {
    let dtype = taken(x)?;
    let op = group_norm::GroupNorm {
        groups,
        eps,
        activate,
    };
    run(dtype, op, vec![send(x), send(weight), send(bias)])
}

/// Doubles height and width, each pixel becoming four.
pub fn upsample_nearest_2x(x: &Tensor<4>) -> Option<Tensor<4>> {
    run(taken(x)?, upsample::Upsample, vec![send(x)])
}

/// Rows of a table that is being trained: `table` `[V, d]`, `ids` `[N]` → `[N, d]`.
pub fn lookup(table: &Tensor<2>, ids: &Tensor<1, Int>) -> Option<Tensor<2>> {
    let entries = table.dims()[0].checked_mul(ids.dims()[0])?;
    if !table.is_autodiff() || entries > lookup::MOST_ENTRIES {
        return None;
    }
    let dtype = taken(table)?;
    let ids = ids.clone().float();
    run(dtype, lookup::Lookup, vec![send(table), send(&ids)])
}

/// The mean of all numbers, `[1]`.
pub fn mean<const D: usize>(x: &Tensor<D>) -> Option<Tensor<1>> {
    run(taken(x)?, mean::Mean, vec![send(x)])
}

/// `shape` with another last dimension.
fn with_last(shape: &Shape, last: usize) -> Shape {
    let mut shape = shape.clone();
    let axis = shape.num_dims() - 1;
    shape[axis] = last;
    shape
}

/// Unwritten f32 memory beside `like`.
fn blank(like: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape, DType::F32)
}

/// All dimensions but the last, multiplied; and the last.
fn rows_and_width(x: &CubeTensor) -> (usize, usize) {
    let shape = x.meta.shape();
    let width = shape[shape.num_dims() - 1];
    (shape.num_elements() / width.max(1), width)
}

/// Those of `found` that are wanted.
fn pick(found: Vec<CubeTensor>, wanted: &[bool]) -> Vec<CubeTensor> {
    let pairs = found.into_iter().zip(wanted);
    pairs
        .filter_map(|(one, wanted)| wanted.then_some(one))
        .collect()
}
