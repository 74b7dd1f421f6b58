//! The units of arithmetic of the networks.
//!
//! Each function is one fusion unit with a plain burn body: what every device can run, what autodiff differentiates,
//! and what faster bodies are compared with. A device that has something better answers first; tensors under autodiff
//! always take the plain body.
//!
//! Numerics follow the reference: norms, rotary embeddings and softmax are computed in f32 and rounded to the input's
//! type once, everything else is computed in the input's type.

mod attention;
mod conv;
mod linear;
mod norm;
mod rope;

pub use attention::{KeyMask, Mask, attention};
pub use conv::{conv2d, group_norm, group_norm_silu, upsample_nearest_2x};
pub use linear::{linear, silu, silu_mul, silu_mul_merged};
pub use norm::{gated_residual, layer_norm_modulate, rms_norm, rms_norm_modulate};
pub use rope::{QkvNormRope, Rope, RopePairs, norm_rope, qkv_norm_rope};
