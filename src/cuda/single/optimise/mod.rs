//! The optimisers' passes over all parameters at once: a launch serves dozens of tensors, where one op a tensor would
//! keep the host busier than the device.

mod adamw;
mod average;
mod clip;
mod muon;

pub use adamw::{AdamWStep, Moved, Moving, adamw};
pub use average::average;
pub use clip::clip_scale;
pub use muon::{Matrix, MuonStep, muon};

use burn_cubecl::tensor::CubeTensor;

/// Tensors of one launch, as in single_training.cu.
const MOST: usize = 40;
/// Blocks that share a tensor.
const BLOCKS: u32 = 32;

fn numbers(of: &CubeTensor) -> u64 {
    of.meta.shape().num_elements() as u64
}
