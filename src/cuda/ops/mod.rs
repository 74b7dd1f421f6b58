//! The burn extension: fused ops as opaque units between burn's own.
//!
//! To burn's fusion such an op is a wall: inputs are materialised before it, its outputs after. And every op costs the
//! host about 40 µs (measured: 350 ops made the text encoder take 14 ms, three times what the device needs). So an op
//! takes in as much of its neighbourhood as one pass over memory can hold, or a whole half of a layer.

#![expect(
    clippy::too_many_arguments,
    reason = "an extension op takes tensors one by one"
)]

mod attention;
mod eight_bit;
mod linear;
mod norm;
mod picture;

pub use attention::{Heads, MOST_ITEMS};
pub use eight_bit::CudaEightBitOps;

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

/// Fused ops on CUDA devices. All tensors are bfloat16 unless said otherwise; the callers in [`super::fast`] check.
#[backend_extension(Cube, Fusion)]
pub trait CudaOps: Backend {
    /// `x` `[.., in]`, `w` `[out, in]` → `[.., out]`; bfloat16 or f32.
    #[fusion(dtype = x, shape = with_last(x, w[0]))]
    fn cuda_linear(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self>;

    /// [`CudaOps::cuda_linear`] plus `bias` `[out]`.
    #[fusion(dtype = x, shape = with_last(x, w[0]))]
    fn cuda_linear_bias(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// down·(silu(gate·x)·(up·x)): `x` `[.., in]`, `gate_up` `[2·F, in]`, `down` `[out, F]` → `[.., out]`.
    #[fusion(dtype = x, shape = with_last(x, down[0]))]
    fn cuda_swiglu_merged(
        x: FloatTensor<Self>,
        gate_up: FloatTensor<Self>,
        down: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// [`CudaOps::cuda_swiglu_merged`] with `gate` and `up` apart.
    #[fusion(dtype = x, shape = with_last(x, down[0]))]
    fn cuda_swiglu_apart(
        x: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        down: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// RMS norm of `x` `[.., d]` · `weight` `[d]`.
    #[fusion(dtype = x, shape = x)]
    fn cuda_rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self>;

    /// RMS norm of `x` `[B, S, d]` · `weight` · (1 + part `index` of `modulation` `[B, 1, parts·d]`).
    #[fusion(dtype = x, shape = x)]
    fn cuda_rms_norm_modulate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        modulation: FloatTensor<Self>,
        index: usize,
        eps: f64,
    ) -> FloatTensor<Self>;

    /// x + tanh(part `gate` of `modulation`) · rms_norm(branch)·branch_weight.
    #[fusion(dtype = x, shape = x)]
    fn cuda_gated_residual(
        x: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        branch_weight: FloatTensor<Self>,
        modulation: FloatTensor<Self>,
        gate: usize,
        eps: f64,
    ) -> FloatTensor<Self>;

    /// [`CudaOps::cuda_gated_residual`], and its rms norm · `weight` · (1 + part `scale` of `modulation`).
    #[fusion(meta = |x, _, _, _, _, _, _, _| (x.clone(), x.clone()))]
    fn cuda_gated_residual_norm(
        x: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        branch_weight: FloatTensor<Self>,
        modulation: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gate: usize,
        scale: usize,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// x + branch, and its rms norm · `weight`.
    #[fusion(meta = |x, _, _, _| (x.clone(), x.clone()))]
    fn cuda_residual_norm(
        x: FloatTensor<Self>,
        branch: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Layer norm of `x` `[B, S, d]` · (1 + `scale` `[B, 1, d]`).
    #[fusion(dtype = x, shape = x)]
    fn cuda_layer_norm_modulate(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self>;

    /// Projection to queries, keys and values, their norm and rotation, attention, projection of the heads: `x`
    /// `[B, S, d]`, `qkv` `[(H + 2·G)·128, d]`, norms `[128]`, `cos` and `sin` f32 `[1 or B, S, 64]`, `out`
    /// `[d', H·128]` → `[B, S, d']`.
    #[fusion(dtype = x, shape = with_last(x, out[0]))]
    fn cuda_self_attention_merged(
        x: FloatTensor<Self>,
        qkv: FloatTensor<Self>,
        norm_q: FloatTensor<Self>,
        norm_k: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        out: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;

    /// [`CudaOps::cuda_self_attention_merged`] with the projections apart.
    #[fusion(dtype = x, shape = with_last(x, out[0]))]
    fn cuda_self_attention_apart(
        x: FloatTensor<Self>,
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        norm_q: FloatTensor<Self>,
        norm_k: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        out: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;

    /// One-head attention of any width by matrix products over slices of the queries: `[B, 1, S, D]` → `[B, S, D]`.
    #[fusion(dtype = q, shape = Shape::new([q[0], q[2], q[3]]))]
    fn cuda_wide_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;

    /// A 1×1 or 3×3 convolution of the same size out. Logically `[B, C, H, W]`; channels lie last in memory.
    #[fusion(dtype = x, shape = Shape::new([x[0], weight[0], x[2], x[3]]))]
    fn cuda_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// [`CudaOps::cuda_conv`] + `residual`, which has the output's shape.
    #[fusion(dtype = x, shape = Shape::new([x[0], weight[0], x[2], x[3]]))]
    fn cuda_conv_residual(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Group norm of `[B, C, H, W]` in 32 groups, with SiLU if `activate`; channels lie last in memory.
    #[fusion(dtype = x, shape = x)]
    fn cuda_group_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
        activate: bool,
    ) -> FloatTensor<Self>;

    /// `[B, C, H, W]` → `[B, C, 2H, 2W]`, each pixel becoming four; channels lie last in memory.
    #[fusion(dtype = x, shape = Shape::new([x[0], x[1], 2 * x[2], 2 * x[3]]))]
    fn cuda_upsample_nearest(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl CudaOps for CubeBackend {
    fn cuda_linear(x: CubeTensor, w: CubeTensor) -> CubeTensor {
        linear::linear(x, w, None)
    }

    fn cuda_linear_bias(x: CubeTensor, w: CubeTensor, bias: CubeTensor) -> CubeTensor {
        linear::linear(x, w, Some(bias))
    }

    fn cuda_swiglu_merged(x: CubeTensor, gate_up: CubeTensor, down: CubeTensor) -> CubeTensor {
        linear::swiglu(x, [gate_up], down)
    }

    fn cuda_swiglu_apart(
        x: CubeTensor,
        gate: CubeTensor,
        up: CubeTensor,
        down: CubeTensor,
    ) -> CubeTensor {
        linear::swiglu(x, [gate, up], down)
    }

    fn cuda_rms_norm(x: CubeTensor, weight: CubeTensor, eps: f64) -> CubeTensor {
        norm::rms_norm(x, weight, None, eps)
    }

    fn cuda_rms_norm_modulate(
        x: CubeTensor,
        weight: CubeTensor,
        modulation: CubeTensor,
        index: usize,
        eps: f64,
    ) -> CubeTensor {
        norm::rms_norm(x, weight, Some((modulation, index)), eps)
    }

    fn cuda_gated_residual(
        x: CubeTensor,
        branch: CubeTensor,
        branch_weight: CubeTensor,
        modulation: CubeTensor,
        gate: usize,
        eps: f64,
    ) -> CubeTensor {
        norm::gated_residual(x, branch, branch_weight, (modulation, gate), eps)
    }

    fn cuda_gated_residual_norm(
        x: CubeTensor,
        branch: CubeTensor,
        branch_weight: CubeTensor,
        modulation: CubeTensor,
        weight: CubeTensor,
        gate: usize,
        scale: usize,
        eps: f64,
    ) -> (CubeTensor, CubeTensor) {
        norm::gated_residual_norm(
            [x, branch],
            [branch_weight, weight],
            modulation,
            [gate, scale],
            eps,
        )
    }

    fn cuda_residual_norm(
        x: CubeTensor,
        branch: CubeTensor,
        weight: CubeTensor,
        eps: f64,
    ) -> (CubeTensor, CubeTensor) {
        norm::residual_norm(x, branch, weight, eps)
    }

    fn cuda_layer_norm_modulate(x: CubeTensor, scale: CubeTensor, eps: f64) -> CubeTensor {
        norm::layer_norm_modulate(x, scale, eps)
    }

    fn cuda_self_attention_merged(
        x: CubeTensor,
        qkv: CubeTensor,
        norm_q: CubeTensor,
        norm_k: CubeTensor,
        cos: CubeTensor,
        sin: CubeTensor,
        out: CubeTensor,
        heads: Heads,
    ) -> CubeTensor {
        attention::self_attention([x, out], [qkv], [norm_q, norm_k, cos, sin], heads)
    }

    fn cuda_self_attention_apart(
        x: CubeTensor,
        q: CubeTensor,
        k: CubeTensor,
        v: CubeTensor,
        norm_q: CubeTensor,
        norm_k: CubeTensor,
        cos: CubeTensor,
        sin: CubeTensor,
        out: CubeTensor,
        heads: Heads,
    ) -> CubeTensor {
        attention::self_attention([x, out], [q, k, v], [norm_q, norm_k, cos, sin], heads)
    }

    fn cuda_wide_attention(q: CubeTensor, k: CubeTensor, v: CubeTensor, scale: f64) -> CubeTensor {
        attention::wide_attention(q, k, v, scale)
    }

    fn cuda_conv(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        picture::conv(x, weight, bias, None)
    }

    fn cuda_conv_residual(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        residual: CubeTensor,
    ) -> CubeTensor {
        picture::conv(x, weight, bias, Some(residual))
    }

    fn cuda_group_norm(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        eps: f64,
        activate: bool,
    ) -> CubeTensor {
        picture::group_norm(x, weight, bias, eps, activate)
    }

    fn cuda_upsample_nearest(x: CubeTensor) -> CubeTensor {
        picture::upsample_nearest(x)
    }
}

/// `shape` with another last dimension.
fn with_last(shape: &Shape, last: usize) -> Shape {
    let mut shape = shape.clone();
    let axis = shape.num_dims() - 1;
    shape[axis] = last;
    shape
}

/// Unwritten memory beside `like`, contiguous.
fn empty(like: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape, dtype)
}

/// All dimensions but the last, multiplied; and the last.
fn rows_and_width(x: &CubeTensor) -> (usize, usize) {
    let shape = x.meta.shape();
    let width = shape[shape.num_dims() - 1];
    (shape.num_elements() / width.max(1), width)
}
