//! Matrix products with stored weights, and the gate of the feed-forward networks.

use burn::tensor::{Tensor, activation};

use crate::model::cpu;

/// y = x·Wᵀ + b.
///
/// `x` `[.., in]`, `weight` `[out, in]`, `bias` `[out]` → `[.., out]`.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    if let Some(out) = cpu::linear(&x, &weight, &bias) {
        return out;
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

/// silu(gate)·up, elementwise: the gate of a SwiGLU feed-forward network.
pub fn silu_mul<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    if let Some(out) = cpu::silu_mul(&gate, &up) {
        return out;
    }
    activation::silu(gate) * up
}

/// [`silu_mul`] on the output of one merged projection: `[.., 2F]` holding gate, then up → `[.., F]`.
pub fn silu_mul_merged(gate_up: Tensor<3>) -> Tensor<3> {
    if let Some(out) = cpu::silu_mul_merged(&gate_up) {
        return out;
    }
    let width = gate_up.dims()[2] / 2;
    let gate = gate_up.clone().narrow(2, 0, width);
    let up = gate_up.narrow(2, width, width);
    silu_mul(gate, up)
}
