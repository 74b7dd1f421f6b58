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
//! Random full-size weights, 8 calls, medians of five, beside diffusers 0.42.1 with compiled blocks on torch 2.11: one
//! run of packaging/bench-against-diffusers on one H100 SXM (80 GB) with 16 cores, nothing else on the machine.
//!
//! | ms | bf16 | diffusers, compiled | ratio |
//! |---|---|---|---|
//! | 512², end to end | 221 | 397 | 0.56 |
//! | 1024², end to end | 804 | 993 | 0.81 |
//! | 2048², end to end | 4156 | 5077 | 0.82 |
//! | four of 1024², end to end | 3210 | 3628 | 0.88 |
//! | a step at 512² / 1024² / 2048² | 25.0 / 93.1 / 494 | 32.4 / 101 / 568 | 0.77 / 0.92 / 0.87 |
//! | autoencoder's decoder at 1024², to pixels | 39.4 | 91.5 | 0.43 |
//! | prompt at 512² / 1024² / 2048² | 8.3 / 10.7 / 12.2 | 64 / 65 / 46 | 0.13 / 0.16 / 0.26 |
//! | GiB held at 1024², all resident / text encoder streamed | 20.7 / 13.4 | 21.7 | 0.95 |
//!
//! In the same run, 1024²: fp8 561 ms (step 62.5), int8 597 (68.3), both 15.7 GiB. On another such machine: bf16 217 (0.62),
//! 796 (0.80), 4116 (0.82), 3161 (0.88), a step at 1024² 92.3, fp8 541–553, int8 603, and the prompt 9.7 at 1024². On two
//! H200s diffusers took 318 ms at 512² beside Danqing's 212 (0.67), and 930 at 1024² beside 760 (0.82), before some of
//! what is listed below.
//!
//! Error of the 8-bit formats against bf16, relative L2 of the last latents: on random weights fp8 0.091, int8 0.033; on
//! the demo model against f32 fp8 0.084, int8 0.046, bf16 0.021; on the golden checkpoint against bf16 fp8 0.018, int8
//! 0.007 (the latter two by the plain bodies, on a CPU, medians of five pictures).
//!
//! The model's 20.5 GB load from the page cache in 1.6–2.3 s (16 cores), and the first picture follows after 1.2 s, 0.1 s
//! of it for kernels. With empty caches our own kernels took 2.7 s and the first picture 7.1 s after loading.
//! `bench --verify`: 349 checks, none failed. Golden tests through the card: all 32 pass, those of batches, other
//! pictures' starts, masks and every traced activation among them; latents in f32 within 2.9e-5 (largest difference),
//! bf16 within 1 % (relative L2), but for the case with guidance 3.5 at 3.2 %, where the CPU's bf16 is at 3.6 %.
//!
//! Where a step at 1024² goes, kernel by kernel with nothing else running (ncu), ms: bf16 products 58, attention 12.8,
//! norms and residuals 4, silu·mul 2.7, heads' norms and turns 1.6. That is 80 of 92: under load the card lowers its
//! clocks to stay within 700 W. fp8: products 29, attention 12.8, quantising 4, the rest 6.
//!
//! # Predicted and found
//! | change | predicted | found |
//! |---|---|---|
//! | projections apart instead of merged after loading | 20.8 GiB, step +1.5 ms | 20.7 GiB; step 88.8 ms, with the rest of that round |
//! | rotary tables computed on all cores | prompt at 1024² from 14 to 10 ms | 10.1 ms on an H200's host, 12.9 on an H100's |
//! | the turns of a place along an axis computed once, by one core | prompt at 1024² from 12.9 to 10 ms | 9.7 ms; at 2048² from 18.0 to 15.5 |
//! | fp8: half the time of the products | step 92 → 60 ms | 68.6 ms: the products ran at 1,280–1,480 TFLOP/s, but quantising a matrix took 0.13 ms, nine times its bytes' worth, as its 105 registers left room for two rows a multiprocessor |
//! | quantising kernels hold rows as bfloat16 (36 and 60 registers) | step −9 ms | fp8's step at 1024² 23–24 ms below bf16's on an H100 (595 ms end to end), 20 ms below on an H200 before: two thirds of the gain were missing, and a kernel that applied the scales took 6.6 ms of a step |
//! | the scales given an address before cuBLASLt is asked for an algorithm that applies them | step −6.5 ms, end to end 543 ms | step 67.5 → 61.0–62.0 ms, end to end 541–553 ms (H100) |
//! | int8: products as in fp8, whose sums of 32 bits cost 0.23 ms a layer more to write and read | step 67 ms at 1024² (fp8 as predicted: 60), end to end 0.60 s; 75 ms and 0.66 s if cuBLASLt multiplies whole numbers at 1,100 TOP/s only | step 65.8 ms, end to end 579 ms (H100): 2 ms faster than fp8 was then |
//! | projections merged block by block while loading, the freed copies reused | step −3.5 ms at the same memory | on an H100, no figure without it there: step 91.7–93.0 ms at 20.7 GiB (H200 before: 88.8) |
//! | noise drawn on all cores (262,144 numbers at 1024²) | end to end −6 ms | 6 ms outside all stages before and after: they lay elsewhere |
//! | memory looked at once a picture and after its first step instead of after each | end to end −3 ms | 13 ms lie outside all stages at 1024² in the largest run, 2 ms in the smallest: not settled |
//! | a branch of the text encoder added in the next norm's pass | prompt −2 ms | prompt 8.1–9.1 ms at 1024² (H100), 10.1 before (H200) |
//! | weights read one tensor ahead of the upload, and uploaded flat | load from the page cache 5 s | 12.2 s (H100, 12 cores), 1.7 GB a second: no better than a single copying thread |
//! | weights read by all cores straight into page-locked memory that the card copies from | load from the page cache 3 s | 1.6 and 1.8 s where the program before took 13.7 and 13.2 (H100, 16 cores, in turn); reading alone takes 0.4 |
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
