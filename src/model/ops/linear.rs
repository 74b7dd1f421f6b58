//! Matrix products with stored weights, and the gate of the feed-forward networks.

use burn::tensor::{Tensor, activation};

use crate::cuda::fast;
use crate::model::cpu;

/// Weight `[out, in]` and bias `[out]` of one projection.
pub type Projection = (Tensor<2>, Option<Tensor<1>>);

/// N projections of one input.
#[derive(Debug, Clone)]
pub enum Projections<const N: usize> {
    /// Each with its own weight.
    Apart([Projection; N]),
    /// With one weight that holds their rows one after another.
    Merged(Projection),
}

/// y = x·Wᵀ + b.
///
/// `x` `[.., in]`, `weight` `[out, in]`, `bias` `[out]` → `[.., out]`.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    if let Some(y) = fast::linear(&x, &weight, bias.as_ref()) {
        return y;
    }
    if let Some(y) = cpu::linear(&x, &weight, &bias) {
        return y;
    }
    let mut dims = x.dims();
    let d_in = dims[D - 1];
    let rows = dims[..D - 1].iter().product::<usize>();
    dims[D - 1] = weight.dims()[0];
    let product = x
        .reshape([rows, d_in]) // [.., in] → [rows, in]: one matrix product instead of a batch of them
        .matmul(weight.transpose());
    let product = match bias {
        Some(bias) => product + bias.unsqueeze(),
        None => product,
    };
    product.reshape(dims)
}

/// x·σ(x), elementwise.
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if let Some(out) = cpu::silu(&x) {
        return out;
    }
    activation::silu(x)
}

/// silu(gate·x)·(up·x): what precedes the last projection of a SwiGLU feed-forward network.
///
/// `x` `[B, S, in]` → `[B, S, F]`.
pub fn swiglu(x: Tensor<3>, projections: Projections<2>) -> Tensor<3> {
    match projections {
        Projections::Apart([(gate, None), (up, None)]) => {
            let both = fast::linear_joined(&x, [&gate, &up]);
            if let Some(gated) = both.and_then(|both| fast::silu_mul(&both)) {
                return gated;
            }
            silu_mul(linear(x.clone(), gate, None), linear(x, up, None))
        }
        Projections::Apart([gate, up]) => {
            silu_mul(linear(x.clone(), gate.0, gate.1), linear(x, up.0, up.1))
        }
        Projections::Merged((weight, bias)) => {
            let both = linear(x, weight, bias);
            if let Some(gated) = fast::silu_mul(&both).or_else(|| cpu::silu_mul_merged(&both)) {
                return gated;
            }
            let width = both.dims()[2] / 2;
            silu_mul(
                both.clone().narrow(2, 0, width),
                both.narrow(2, width, width),
            )
        }
    }
}

/// silu(gate)·up, elementwise.
pub fn silu_mul<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    if let Some(out) = cpu::silu_mul(&gate, &up) {
        return out;
    }
    activation::silu(gate) * up
}
