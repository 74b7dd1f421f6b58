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
//! What [`fast`] leaves, [`single`] takes: f32, other widths, and everything under autodiff, each op with its gradient.
//! `danqing bench --verify` compares every op with its plain body on the device.
//!
//! # Measured
//! One NVIDIA H200, one run of packaging/bench-against-diffusers, random full-size weights, bf16, 8 calls, medians of
//! three, projections merged; diffusers 0.42.1 with compiled blocks on torch 2.11.
//!
//! | ms | Danqing | diffusers, compiled | ratio |
//! |---|---|---|---|
//! | 512², end to end | 213 | 318 | 0.67 |
//! | 1024², end to end | 804 | 930 | 0.86 |
//! | 2048², end to end | 4193 | 4983 | 0.84 |
//! | four of 1024², end to end | 3180 | 3546 | 0.90 |
//! | a step at 1024² | 92.2 | 100.1 | 0.92 |
//! | autoencoder's decoder at 1024², to pixels | 34.3 | 87.3 | 0.39 |
//! | prompt at 512² / 1024² / 2048² | 8.7 / 14.0 / 23.5 | 38–40 | 0.22–0.62 |
//!
//! Where a prompt's time grows with the picture it is the rotary tables, which the host computes. Of a step at 1024²
//! about 72 ms are matrix products, 14 attention, the rest passes over memory. With merged projections burn's pools
//! hold 28.6 GiB at 1024², a third of it the unmerged copies; cleaning the pools did not give them back, so the
//! pipeline keeps projections apart, predicted 20.8 GiB and 1.5 ms a step more (three products of 0.178 ms for one of
//! 0.491 ms). That has not been measured.

pub mod compile;
pub mod cublaslt;
mod error;
pub mod fast;
pub mod fp8;
pub mod kernels;
pub mod libraries;
pub mod ops;
pub mod single;
pub mod stream;
pub mod tensor_map;

pub use error::CudaError;
pub use kernels::Kernels;
pub use libraries::{Libraries, libraries};
