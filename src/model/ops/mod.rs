//! The units of arithmetic of the networks.
//!
//! Each function is one fusion unit with a plain burn body: what every device can run, what autodiff differentiates,
//! and what faster bodies are compared with. [`crate::cuda::fast`] is asked first, then [`crate::cuda::single`], which also
//! takes tensors under autodiff; each answers where it has something better.
//!
//! Numerics follow the reference: norms, rotary embeddings and softmax are computed in f32 and rounded to the input's
//! type once, everything else is computed in the input's type.

mod attention;
mod conv;
pub mod eight_bit;
mod linear;
mod lookup;
mod mean;
mod norm;
mod rope;

pub use attention::{AttentionSpec, KeyMask, Mask, attention, self_attention};
pub use conv::{conv2d, conv2d_residual, group_norm, group_norm_silu, upsample_nearest_2x};
pub use linear::{Projection, Projections, linear, silu, silu_mul, silu_mul_merged, swiglu};
pub use lookup::{lookup, marked_row};
pub use mean::mean;
pub use norm::{
    Part, gated_residual, gated_residual_norm, layer_norm_modulate, residual_norm, rms_norm,
    rms_norm_modulate,
};
pub use rope::{QkvNormRope, Rope, RopePairs, norm_rope, qkv_norm_rope};
