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
//! Random full-size weights, 8 calls, medians of three, beside diffusers 0.42.1 with compiled blocks on torch 2.11: one
//! run of packaging/bench-against-diffusers on one H100 SXM (80 GB), where each side had 12 of 32 cores and the machine's
//! other card was training.
//!
//! | ms | bf16 | diffusers, compiled | ratio |
//! |---|---|---|---|
//! | 512², end to end | 216 | 406 | 0.53 |
//! | 1024², end to end | 791 | 1013 | 0.78 |
//! | 2048², end to end | 4158 | 5040 | 0.83 |
//! | four of 1024², end to end | 3202 | 3620 | 0.88 |
//! | a step at 512² / 1024² / 2048² | 24.6 / 93.0 / 495 | 37.3 / 102 / 567 | 0.66 / 0.91 / 0.87 |
//! | autoencoder's decoder at 1024², to pixels | 36.9 | 92.1 | 0.40 |
//! | prompt at 512² / 1024² | 8.6 / 9.1 | 66 / 59 | 0.13 / 0.15 |
//! | GiB held at 1024², all resident / text encoder streamed | 20.7 / 13.4 | 21.7 | 0.95 |
//!
//! With so few cores diffusers waits for its host at 512²: on quiet H200s, in two runs, it took 318 ms beside Danqing's
//! 212 (0.67), and 930 beside 760 (0.82) at 1024².
//!
//! On another H100 with 6 cores, 1024²: bf16 787 ms (step 91.7), fp8 595 (67.5), int8 579 (65.8), both 15.7 GiB. Error
//! against bf16, relative L2 of the last latents: on random weights fp8 0.091, int8 0.033; on the demo model against
//! f32 fp8 0.084, int8 0.046, bf16 0.021; on the golden checkpoint against bf16 fp8 0.018, int8 0.007 (the latter two by
//! the plain bodies, on a CPU, medians of five pictures).
//!
//! The model's 20.5 GB load from the page cache in 12.2 s, and the first picture follows after 1.3 s, 0.1 s of it for
//! kernels. With empty caches (H200) our own kernels took 1.8 s and the first picture 4.0 s after loading.
//! `bench --verify`: 334 checks, none failed. Golden latents through the card: f32 within 2.9e-5 (largest difference),
//! bf16 within 1 % (relative L2), but for the case with guidance 3.5 at 3.2 %, where the CPU's bf16 is at 3.6 %.
//!
//! # Predicted and found
//! | change | predicted | found |
//! |---|---|---|
//! | projections apart instead of merged after loading | 20.8 GiB, step +1.5 ms | 20.7 GiB; step 88.8 ms, with the rest of that round |
//! | rotary tables computed on all cores | prompt at 1024² from 14 to 10 ms | 10.1 ms |
//! | fp8: half the time of the products | step 92 → 60 ms | 68.6 ms: the products ran at 1,280–1,480 TFLOP/s, but quantising a matrix took 0.13 ms, nine times its bytes' worth, as its 105 registers left room for two rows a multiprocessor |
//! | quantising kernels hold rows as bfloat16 (36 and 60 registers) | step −9 ms | fp8's step at 1024² 23–24 ms below bf16's on an H100 (595 ms end to end), 20 ms below on an H200 before: two thirds of the gain are missing |
//! | int8: products as in fp8, whose sums of 32 bits cost 0.23 ms a layer more to write and read | step 67 ms at 1024² (fp8 as predicted: 60), end to end 0.60 s; 75 ms and 0.66 s if cuBLASLt multiplies whole numbers at 1,100 TOP/s only | step 65.8 ms, end to end 579 ms (H100): 2 ms faster than fp8 |
//! | projections merged block by block while loading, the freed copies reused | step −3.5 ms at the same memory | on an H100, no figure without it there: step 91.7–93.0 ms at 20.7 GiB (H200 before: 88.8) |
//! | noise drawn on all cores (262,144 numbers at 1024²) | end to end −6 ms | 6 ms outside all stages before and after: they lay elsewhere |
//! | memory looked at once a picture and after its first step instead of after each | end to end −3 ms | 13 ms lie outside all stages at 1024² in the largest run, 2 ms in the smallest: not settled |
//! | a branch of the text encoder added in the next norm's pass | prompt −2 ms | prompt 8.1–9.1 ms at 1024² (H100), 10.1 before (H200) |
//! | weights read one tensor ahead of the upload, and uploaded flat | load from the page cache 5 s | 12.2 s (H100, 12 cores), 1.7 GB a second: no better than a single copying thread |
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
