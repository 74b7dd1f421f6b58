//! Matrix products with stored weights, and the gate of the feed-forward networks.

use burn::tensor::{Tensor, activation};

use crate::cuda::{fast, single};
use crate::model::cpu;

/// Weight `[out, in]` and bias `[out]` of one projection.
pub type Projection = (Tensor<2>, Option<Tensor<1>>);

/// N projections of one input.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub enum Projections<const N: usize> {
    /// Each with its own weight.
    Apart([Projection; N]),
    /// With one weight that holds their rows one after another.
    Merged(Projection),
}

impl<const N: usize> Projections<N> {
    /// All weights, if none has a bias.
    pub(super) fn weights(&self) -> Option<Vec<&Tensor<2>>> {
        let parts = match self {
            Self::Apart(parts) => &parts[..],
            Self::Merged(whole) => std::slice::from_ref(whole),
        };
        let unbiased = parts.iter().all(|(_, bias)| bias.is_none());
        unbiased.then(|| parts.iter().map(|(weight, _)| weight).collect())
    }
}

/// y = x·Wᵀ + b.
///
/// `x` `[.., in]`, `weight` `[out, in]`, `bias` `[out]` → `[.., out]`.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    if let Some(y) = fast::linear(&x, &weight, bias.as_ref())
        .or_else(|| single::linear(&x, &weight, bias.as_ref()))
    {
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

/// down·(silu(gate·x)·(up·x)): a SwiGLU feed-forward network (arXiv:2002.05202).
///
/// `x` `[B, S, in]`, gate and up `[F, in]`, down `[out, F]` → `[B, S, out]`.
pub fn swiglu(x: Tensor<3>, projections: Projections<2>, down: Projection) -> Tensor<3> {
    if let (Some(gate_up), None) = (projections.weights(), &down.1)
        && let Some(out) =
            fast::swiglu(&x, &gate_up, &down.0).or_else(|| single::swiglu(&x, &gate_up, &down.0))
    {
        return out;
    }
    let gated = match projections {
        Projections::Apart([gate, up]) => {
            silu_mul(linear(x.clone(), gate.0, gate.1), linear(x, up.0, up.1))
        }
        Projections::Merged((weight, bias)) => silu_mul_merged(linear(x, weight, bias)),
    };
    linear(gated, down.0, down.1)
}

/// [`silu_mul`] of one matrix that holds gate, then up: `[B, S, 2·F]` → `[B, S, F]`.
pub fn silu_mul_merged(both: Tensor<3>) -> Tensor<3> {
    if let Some(gated) = cpu::silu_mul_merged(&both) {
        return gated;
    }
    let width = both.dims()[2] / 2;
    silu_mul(
        both.clone().narrow(2, 0, width),
        both.narrow(2, width, width),
    )
}

/// silu(gate)·up, elementwise.
pub fn silu_mul<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    if let Some(out) = cpu::silu_mul(&gate, &up) {
        return out;
    }
    activation::silu(gate) * up
}
