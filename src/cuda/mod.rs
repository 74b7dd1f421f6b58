//! The fast path of the networks on NVIDIA devices.
//!
//! burn's own kernels are far from what the chip can do on these shapes, so the units of [`crate::model::ops`] ask
//! [`fast`] first. Each function there answers `None` where it has nothing better: another device, a type or shape its
//! kernel was not written for, a tensor under autodiff, a missing library. The plain burn body then runs, so a missing
//! part costs speed and nothing else.
//!
//! A call travels [`fast`] (may it?) → [`ops`] (a burn extension op: one opaque unit for burn's fusion) → [`stream`]
//! (onto burn's own stream) → [`cublaslt`] or a kernel of [`kernels`], CUDA C++ that NVRTC compiles for the chip at
//! its first use ([`compile`], kept in the user's cache). [`libraries`] finds NVRTC and cuBLASLt.
//! `danqing bench --verify` compares every op with its plain body on the device.

pub mod compile;
pub mod cublaslt;
mod error;
pub mod fast;
pub mod kernels;
pub mod libraries;
pub mod ops;
pub mod stream;
pub mod tensor_map;

pub use error::CudaError;
pub use kernels::Kernels;
pub use libraries::{Libraries, libraries};
