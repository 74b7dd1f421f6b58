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
//! [`eight_bit`] is to weights of 8 bits what [`fast`] is to bfloat16, in either [`format`](mod@format).
//! What [`fast`] leaves, [`single`] takes: f32, other widths, and everything under autodiff, each op with its gradient.
//! `danqing bench --verify` compares every op with its plain body on the device; with `DANQING_TEST_DEVICE=cuda` the golden
//! tests hold a card to the reference, layer by layer and to the last latents.
//!
//! # Measured
//! One NVIDIA H200, random full-size weights, 8 calls, medians of three (`danqing bench`). The side of diffusers 0.42.1
//! with compiled blocks on torch 2.11 is from an earlier run of packaging/bench-against-diffusers on the same kind of
//! machine, so that the ratios are those of two runs.
//!
//! | ms | bf16 | diffusers, compiled | ratio | fp8 |
//! |---|---|---|---|---|
//! | 512², end to end | 212 | 318 | 0.67 | 173 |
//! | 1024², end to end | 760 | 930 | 0.82 | 611 |
//! | a step at 512² / 1024² | 23.6 / 88.8 | – / 100.1 | 0.89 | 18.6 / 68.6 |
//! | autoencoder's decoder at 1024², to pixels | 35.5 | 87.3 | 0.41 | |
//! | prompt at 512² / 1024² | 9.6 / 10.1 | 38 / 39 | 0.25 | |
//! | GiB held at 1024², all resident / text encoder streamed | 20.7 / 13.4 | | | 15.7 / 8.4 |
//!
//! Earlier, with projections merged and before the changes below: 2048² 4193 (ratio 0.84), four of 1024² 3180 (0.90).
//! The first picture of a process took 4.0 s with empty caches after 1.8 s for our own kernels, and 1.5–2.0 s after 0.1 s
//! with full ones. fp8 against bf16, relative L2 of the last latents: 0.091 on random weights, and on the demo model 0.057
//! against f32 where bf16 is 0.008; int8 there 0.032. On the golden checkpoint, against bf16: fp8
//! 0.020, int8 0.007. (All but the first by the plain bodies, on a CPU.)
//!
//! # Predicted and found
//! | change | predicted | found |
//! |---|---|---|
//! | projections apart instead of merged after loading | 20.8 GiB, step +1.5 ms | 20.7 GiB; step 88.8 ms, with the rest of that round |
//! | rotary tables computed on all cores | prompt at 1024² from 14 to 10 ms | 10.1 ms |
//! | fp8: half the time of the products | step 92 → 60 ms | 68.6 ms: the products ran at 1,280–1,480 TFLOP/s, but quantising a matrix took 0.13 ms, nine times its bytes' worth, as its 105 registers left room for two rows a multiprocessor |
//! | quantising kernels hold rows as bfloat16 (36 and 60 registers) | step −9 ms | not measured |
//! | int8: products as in fp8, whose sums of 32 bits cost 0.23 ms a layer more to write and read | step 67 ms at 1024² (fp8 as predicted: 60), end to end 0.60 s; 75 ms and 0.66 s if cuBLASLt multiplies whole numbers at 1,100 TOP/s only | not measured |
//! | projections merged block by block while loading, the freed copies reused | step −3.5 ms at the same memory | not measured |
//! | noise drawn on all cores (262,144 numbers at 1024²) | end to end −6 ms | 6 ms outside all stages before and after: they lay elsewhere |
//! | memory looked at once a picture and after its first step instead of after each | end to end −3 ms | not measured |
//! | a branch of the text encoder added in the next norm's pass | prompt −2 ms | not measured |
//! | weights read one tensor ahead of the upload, and uploaded flat | load from the page cache 5 s | not measured |
//! | CUDA graphs at 512² | nothing: a step at 64², with the same calls, takes 6.5 ms, which bounds the host's share of the 23.6 ms; what a graph could still save are parts of the gaps, of about a microsecond each, between 350 kernels | not built |
//! | choosing among cuBLASLt's algorithms by time | 1–5 % of the products | the first of its list is within 1 % of the best for bfloat16 at 4,192 rows but for 3840 → 20480 (5 %, or 1.6 % of a step); not built: another algorithm adds in another order, and a choice by time would make the same seed paint other bits after a cache was lost |

pub mod compile;
pub mod cublaslt;
pub mod eight_bit;
mod error;
pub mod fast;
pub mod format;
pub mod kernels;
pub mod libraries;
pub mod ops;
pub mod single;
pub mod stream;
pub mod tensor_map;

pub use error::CudaError;
pub use kernels::Kernels;
pub use libraries::{Libraries, libraries};
