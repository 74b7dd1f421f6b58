//! A full-size model without files: for measuring, since the speed of a network does not depend on what it learnt.

use crate::{
    model::{SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig},
    pipeline::{Networks, Placement, Precision, preview::Projection},
};
use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{DType, Device, Distribution, Tensor},
};

/// A model whose sizes are known without its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RandomModel {
    /// The published model: 6.2 + 4.0 + 0.1 billion weights
    ZImageTurbo,
}

impl RandomModel {
    /// Draws all weights on the device, one tensor at a time, directly in the placement's number format.
    pub fn init(self, placement: &Placement) -> Networks {
        let Self::ZImageTurbo = self;
        let device = &placement.device;
        // The same weights every time, so that formats can be compared.
        device.seed(1);
        let mut draw = Draw {
            device,
            dtype: placement.precision.dtype(),
        };
        let mut transformer = TransformerConfig::z_image_turbo().init(device);
        if placement.precision == Precision::Fp8 {
            transformer = transformer.load_as_fp8();
        }
        let networks = Networks {
            tokenizer: None,
            text_encoder: TextEncoderConfig::z_image_turbo()
                .init(device)
                .map(&mut draw),
            transformer: transformer.map(&mut draw),
            vae: VaeConfig::z_image_turbo().init(device).map(&mut draw),
            scheduler: SchedulerConfig::z_image_turbo(),
            projection: Projection::FLUX,
        };
        device.memory_cleanup();
        networks
    }
}

/// Replaces parameters, which nobody has used yet, by random ones.
struct Draw<'a> {
    device: &'a Device,
    dtype: DType,
}

impl ModuleMapper for Draw<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Vectors are mostly the scales of norms: around 1 they keep activations in range.
        let mean = if D == 1 { 1.0 } else { 0.0 };
        let (shape, dtype) = (param.lazy_shape(), self.dtype);
        let weight = self.device.memory_persistent_allocations((), |()| {
            Tensor::random(
                shape.clone(),
                Distribution::Normal(mean, 0.02),
                (self.device, dtype),
            )
        });
        let id = param.id;
        param.transform_for_load(weight, id)
    }
}
