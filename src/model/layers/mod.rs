//! The small layers all three networks are built from, with PyTorch's parameter names and layouts.

mod conv;
mod linear;
mod norm;
mod passthrough;

pub use conv::Conv2d;
pub use linear::{Embedding, Linear, Silu};
pub use norm::{GroupNorm, RmsNorm};
pub use passthrough::Keyed;
pub(crate) use passthrough::passthrough_module;
