//! The networks, as their papers name them: no files, no chosen device.
//!
//! A tensor travels [`qwen3`] (words to caption features) → [`transformer`] (noise to latents, once a step of
//! [`scheduler`]) → [`vae`] (latents to pixels). Every size comes from [`config`].
//!
//! Each network is a burn module whose fields are named as in the published checkpoints, so the path a
//! [`burn::module::ModuleVisitor`] reports *is* the tensor's name in the file. Parameters are lazy: `init` allocates
//! nothing until a parameter is used or replaced.
//!
//! All arithmetic goes through [`ops`]: each function there is one fusion unit with a plain burn body, in front of
//! which a device may offer something faster.

pub mod config;
mod cpu;
pub mod layers;
pub mod ops;
pub mod qwen3;
pub mod scheduler;
pub mod transformer;
pub mod vae;

pub use config::{ConfigError, SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig};
pub use ops::eight_bit::Format;
pub use qwen3::TextEncoder;
pub use scheduler::FlowMatchEuler;
pub use transformer::{Context, Form, ForwardError, Transformer};
pub use vae::AutoencoderKl;
