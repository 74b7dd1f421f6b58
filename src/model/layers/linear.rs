//! Linear layers and embeddings.

use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Int, Tensor};

use crate::model::ops;

/// y = x·Wᵀ + b, with W stored `[out, in]` as PyTorch does.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`
    pub weight: Param<Tensor<2>>,
    /// `[out]`
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// A layer whose weight comes from `initializer` and whose bias, if any, is zero.
    pub fn new(
        [d_in, d_out]: [usize; 2],
        bias: bool,
        initializer: &Initializer,
        device: &Device,
    ) -> Self {
        Self {
            weight: initializer.init_with([d_out, d_in], Some(d_in), Some(d_out), device),
            bias: bias.then(|| Initializer::Zeros.init([d_out], device)),
        }
    }

    /// Wraps a weight `[out, in]` that exists already, without a bias.
    pub fn from_weight(weight: Tensor<2>) -> Self {
        Self {
            weight: Param::from_tensor(weight),
            bias: None,
        }
    }

    /// One layer that computes what layers of one input without biases do, side by side.
    pub fn merge<const N: usize>(layers: [Self; N]) -> Self {
        let weights = layers.map(|layer| layer.weight.into_value());
        let device = weights[0].device();
        let merge = |weights: [Tensor<2>; N]| Tensor::cat(weights.into(), 0);
        Self::from_weight(device.memory_persistent_allocations(weights, merge))
    }

    /// Weight and bias, for an op that takes several projections at once.
    pub fn projection(&self) -> ops::Projection {
        (self.weight.val(), self.bias.as_ref().map(Param::val))
    }

    /// `[.., in]` → `[.., out]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::linear(x, self.weight.val(), self.bias.as_ref().map(Param::val))
    }
}

/// Rows looked up by token id.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[vocabulary, width]`
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// A table drawn from N(0, 0.02²), as Qwen3 is initialised.
    pub fn new(vocabulary: usize, width: usize, device: &Device) -> Self {
        let normal = Initializer::Normal {
            mean: 0.0,
            std: 0.02,
        };
        Self {
            weight: normal.init([vocabulary, width], device),
        }
    }

    /// `[B, S]` ids → `[B, S, width]`
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [batch, length] = ids.dims();
        let width = self.weight.lazy_shape()[1];
        ops::lookup(self.weight.val(), ids.reshape([batch * length]))
            .reshape([batch, length, width])
    }
}

/// The activation x·σ(x); a member of sequences so that the layers beside it keep their index in the checkpoint.
#[derive(Module, Debug, Default)]
pub struct Silu;

impl Silu {
    /// Elementwise, any shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::silu(x)
    }
}
