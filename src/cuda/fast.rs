//! May the fast path take this? Each function answers with the result, or `None` where the plain body must run.

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::{DType, Tensor};
use burn_cubecl::CubeDevice;

use super::ops::{CudaOps, Heads, MOST_ITEMS};
use super::{Kernels, libraries};

/// Width of a head that the flash kernels are written for.
const HEAD: usize = 128;

/// Widest row that the norms hold in registers.
const WIDEST_ROW: usize = 4096;

/// Where the products that write one matrix side by side may begin, in bytes: cuBLASLt picks its kernels for this.
const COLUMN_ALIGNMENT: usize = 256;

/// A vector a batch item: part `index` of `of` `[B, 1, parts·d]`.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The projection that holds it.
    pub of: &'a Tensor<3>,
    /// Which of the equally wide parts.
    pub index: usize,
}

/// CUDA device and type of a tensor; `None` on other devices and under autodiff.
pub(super) type Place = Option<(u16, DType)>;

pub(super) fn place<const D: usize>(x: &Tensor<D>) -> Place {
    match x.device().as_dispatch() {
        DispatchDevice::Cube(CubeDevice::Cuda(cuda)) => Some((cuda.index as u16, x.dtype())),
        _ => None,
    }
}

/// The device and type they all share.
pub(super) fn shared(places: &[Place]) -> Place {
    let first = *places.first()?;
    places
        .iter()
        .all(|&place| place == first)
        .then_some(first)?
}

/// `Some` if all are bfloat16 on one device whose kernels are loaded.
pub(super) fn kernels(places: &[Place]) -> Option<&'static Kernels> {
    match shared(places)? {
        (device, DType::BF16) => Kernels::of(device),
        _ => None,
    }
}

/// `Some` if cuBLASLt can multiply them: bfloat16 or f32, rows of whole 16-byte pieces.
fn multipliable(places: &[Place], sizes: &[usize]) -> Option<()> {
    let (_, dtype) = shared(places)?;
    let piece = match dtype {
        DType::BF16 => 8,
        DType::F32 => 4,
        _ => return None,
    };
    let fits = sizes
        .iter()
        .all(|&size| size > 0 && size.is_multiple_of(piece));
    (fits && libraries().cublaslt.is_ok()).then_some(())
}

fn row_fits(width: usize) -> Option<()> {
    (width > 0 && width.is_multiple_of(8) && width <= WIDEST_ROW).then_some(())
}

/// x·wᵀ + b through cuBLASLt. `x` `[.., in]`, `weight` `[out, in]`.
pub fn linear<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<2>,
    bias: Option<&Tensor<1>>,
) -> Option<Tensor<D>> {
    multipliable(&[place(x), place(weight)], &weight.dims())?;
    if let Some(bias) = bias {
        shared(&[place(x), place(bias)])?;
    }
    let (x, weight) = (x.clone().into_dispatch(), weight.clone().into_dispatch());
    Some(Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::cuda_linear_bias(x, weight, bias.clone().into_dispatch()),
        None => Dispatch::cuda_linear(x, weight),
    }))
}

/// `Some` if products of `x` with all `weights` may be written side by side.
fn joinable(x: &Tensor<3>, weights: &[&Tensor<2>]) -> Option<()> {
    for weight in weights {
        multipliable(&[place(x), place(*weight)], &weight.dims())?;
        let bytes = weight.dims()[0] * x.dtype().size();
        if weights.len() > 1 && !bytes.is_multiple_of(COLUMN_ALIGNMENT) {
            return None;
        }
    }
    Some(())
}

/// down·(silu(gate·x)·(up·x)). `gate_up`: one weight with the rows of both, or two.
pub fn swiglu(x: &Tensor<3>, gate_up: &[&Tensor<2>], down: &Tensor<2>) -> Option<Tensor<3>> {
    kernels(&[place(x)])?;
    joinable(x, gate_up)?;
    joinable(x, &[down])?;
    let [x, down] = [x.clone().into_dispatch(), down.clone().into_dispatch()];
    let send = |weight: &Tensor<2>| weight.clone().into_dispatch();
    Some(Tensor::from_dispatch(match *gate_up {
        [both] => Dispatch::cuda_swiglu_merged(x, send(both), down),
        [gate, up] => Dispatch::cuda_swiglu_apart(x, send(gate), send(up), down),
        _ => return None,
    }))
}

/// RMS norm over the last dimension.
pub fn rms_norm<const D: usize>(x: &Tensor<D>, weight: &Tensor<1>, eps: f64) -> Option<Tensor<D>> {
    row_fits(x.dims()[D - 1])?;
    kernels(&[place(x), place(weight)])?;
    let (x, weight) = (x.clone().into_dispatch(), weight.clone().into_dispatch());
    Some(Tensor::from_dispatch(Dispatch::cuda_rms_norm(
        x, weight, eps,
    )))
}

/// RMS norm · (1 + scale). `x` `[B, S, d]`.
pub fn rms_norm_modulate(
    x: &Tensor<3>,
    weight: &Tensor<1>,
    scale: Part<'_>,
    eps: f64,
) -> Option<Tensor<3>> {
    row_fits(x.dims()[2])?;
    kernels(&[place(x), place(weight), place(scale.of)])?;
    let modulation = scale.of.clone().into_dispatch();
    let (x, weight) = (x.clone().into_dispatch(), weight.clone().into_dispatch());
    let out = Dispatch::cuda_rms_norm_modulate(x, weight, modulation, scale.index, eps);
    Some(Tensor::from_dispatch(out))
}

/// x + tanh(gate)·rms_norm(branch).
pub fn gated_residual(
    [x, branch]: [&Tensor<3>; 2],
    weight: &Tensor<1>,
    gate: Part<'_>,
    eps: f64,
) -> Option<Tensor<3>> {
    row_fits(x.dims()[2])?;
    kernels(&[place(x), place(branch), place(weight), place(gate.of)])?;
    Some(Tensor::from_dispatch(Dispatch::cuda_gated_residual(
        x.clone().into_dispatch(),
        branch.clone().into_dispatch(),
        weight.clone().into_dispatch(),
        gate.of.clone().into_dispatch(),
        gate.index,
        eps,
    )))
}

/// [`gated_residual`], and [`rms_norm_modulate`] of it; parts `gate` and `scale` of one modulation.
pub fn gated_residual_norm(
    [x, branch]: [&Tensor<3>; 2],
    [branch_weight, weight]: [&Tensor<1>; 2],
    modulation: &Tensor<3>,
    [gate, scale]: [usize; 2],
    eps: f64,
) -> Option<[Tensor<3>; 2]> {
    row_fits(x.dims()[2])?;
    let vectors = [place(branch_weight), place(weight)];
    kernels(&[
        place(x),
        place(branch),
        vectors[0],
        vectors[1],
        place(modulation),
    ])?;
    let (sum, out) = Dispatch::cuda_gated_residual_norm(
        x.clone().into_dispatch(),
        branch.clone().into_dispatch(),
        branch_weight.clone().into_dispatch(),
        modulation.clone().into_dispatch(),
        weight.clone().into_dispatch(),
        gate,
        scale,
        eps,
    );
    Some([sum, out].map(Tensor::from_dispatch))
}

/// x + branch, and its RMS norm.
pub fn residual_norm(
    [x, branch]: [&Tensor<3>; 2],
    weight: &Tensor<1>,
    eps: f64,
) -> Option<[Tensor<3>; 2]> {
    row_fits(x.dims()[2])?;
    kernels(&[place(x), place(branch), place(weight)])?;
    let (sum, out) = Dispatch::cuda_residual_norm(
        x.clone().into_dispatch(),
        branch.clone().into_dispatch(),
        weight.clone().into_dispatch(),
        eps,
    );
    Some([sum, out].map(Tensor::from_dispatch))
}

/// Layer norm · (1 + scale). `x` `[B, S, d]`, `scale` `[B, 1, d]`.
pub fn layer_norm_modulate(x: &Tensor<3>, scale: &Tensor<3>, eps: f64) -> Option<Tensor<3>> {
    row_fits(x.dims()[2])?;
    kernels(&[place(x), place(scale)])?;
    let (x, scale) = (x.clone().into_dispatch(), scale.clone().into_dispatch());
    Some(Tensor::from_dispatch(Dispatch::cuda_layer_norm_modulate(
        x, scale, eps,
    )))
}

/// `Some` if projections to `widths` (queries, keys and values together; joined heads) and a table of angles are
/// what the flash kernels were written for.
pub(super) fn heads_fit(
    heads: &Heads,
    x: &Tensor<3>,
    widths: [usize; 2],
    table: &Tensor<3>,
) -> Option<()> {
    let [batch, length, _] = x.dims();
    let [rows, positions, half] = table.dims();
    let fits = widths == [heads.queries + 2 * heads.groups, heads.queries].map(|n| n * HEAD)
        && heads.groups > 0
        && heads.queries.is_multiple_of(heads.groups)
        && half == HEAD / 2
        && positions == length
        && (rows == 1 || rows == batch)
        && (1..=MOST_ITEMS).contains(&batch);
    fits.then_some(())
}

/// Projections, per-head norms, rotation, attention, projection of the heads. `weights`: one with the rows of queries,
/// keys and values, or three; `tables`: cosines and sines.
pub fn self_attention(
    x: &Tensor<3>,
    weights: &[&Tensor<2>],
    norms: [&Tensor<1>; 2],
    tables: [&Tensor<3>; 2],
    out: &Tensor<2>,
    heads: Heads,
) -> Option<Tensor<3>> {
    let width = weights.iter().map(|weight| weight.dims()[0]).sum();
    heads_fit(&heads, x, [width, out.dims()[1]], tables[0])?;
    kernels(&[place(x), place(norms[0]), place(norms[1])])?;
    joinable(x, weights)?;
    joinable(x, &[out])?;
    let (_, DType::F32) = shared(&tables.map(place))? else {
        return None;
    };
    let [norm_q, norm_k] = norms.map(|norm| norm.clone().into_dispatch());
    let [cos, sin] = tables.map(|table| table.clone().into_dispatch());
    let [x, out] = [x.clone().into_dispatch(), out.clone().into_dispatch()];
    let send = |weight: &Tensor<2>| weight.clone().into_dispatch();
    Some(Tensor::from_dispatch(match *weights {
        [qkv] => {
            Dispatch::cuda_self_attention_merged(x, send(qkv), norm_q, norm_k, cos, sin, out, heads)
        }
        [q, k, v] => Dispatch::cuda_self_attention_apart(
            x,
            send(q),
            send(k),
            send(v),
            norm_q,
            norm_k,
            cos,
            sin,
            out,
            heads,
        ),
        _ => return None,
    }))
}

/// Attention of one head of any width: `[B, 1, S, D]` → `[B, S, D]`.
pub fn wide_attention([q, k, v]: [&Tensor<4>; 3], scale: f64) -> Option<Tensor<3>> {
    let [_, heads, length, width] = q.dims();
    if heads != 1 || k.dims() != q.dims() || v.dims() != q.dims() {
        return None;
    }
    kernels(&[place(q), place(k), place(v)])?;
    multipliable(&[place(q)], &[length, width])?;
    let [q, k, v] = [q, k, v].map(|x| x.clone().into_dispatch());
    Some(Tensor::from_dispatch(Dispatch::cuda_wide_attention(
        q, k, v, scale,
    )))
}

/// A 1×1 or 3×3 convolution that keeps height and width, plus a residual.
pub fn conv2d(
    x: &Tensor<4>,
    weight: &Tensor<4>,
    bias: &Tensor<1>,
    residual: Option<&Tensor<4>>,
) -> Option<Tensor<4>> {
    let [_, d_in, kernel, other] = weight.dims();
    if d_in % 8 != 0 || kernel != other || !(kernel == 1 || kernel == 3) {
        return None;
    }
    kernels(&[place(x), place(weight), place(bias)])?;
    if let Some(residual) = residual {
        shared(&[place(x), place(residual)])?;
    }
    let (x, weight) = (x.clone().into_dispatch(), weight.clone().into_dispatch());
    let bias = bias.clone().into_dispatch();
    Some(Tensor::from_dispatch(match residual {
        Some(residual) => {
            Dispatch::cuda_conv_residual(x, weight, bias, residual.clone().into_dispatch())
        }
        None => Dispatch::cuda_conv(x, weight, bias),
    }))
}

/// Group norm in 32 groups, with SiLU if `activate`.
pub fn group_norm(
    x: &Tensor<4>,
    [weight, bias]: [&Tensor<1>; 2],
    groups: usize,
    eps: f64,
    activate: bool,
) -> Option<Tensor<4>> {
    if groups != 32 || ![128, 256, 512, 1024].contains(&x.dims()[1]) {
        return None;
    }
    kernels(&[place(x), place(weight), place(bias)])?;
    let [weight, bias] = [weight, bias].map(|vector| vector.clone().into_dispatch());
    let x = x.clone().into_dispatch();
    Some(Tensor::from_dispatch(Dispatch::cuda_group_norm(
        x, weight, bias, eps, activate,
    )))
}

/// Doubles height and width, each pixel becoming four.
pub fn upsample_nearest_2x(x: &Tensor<4>) -> Option<Tensor<4>> {
    kernels(&[place(x)])?;
    x.dims()[1]
        .is_multiple_of(8)
        .then(|| Tensor::from_dispatch(Dispatch::cuda_upsample_nearest(x.clone().into_dispatch())))
}
