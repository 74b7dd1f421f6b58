//! Danqing (丹青) paints pictures from words with Z-Image-Turbo.
//!
//! The modules in the order in which a picture travels:
//!
//! - [`request`]: what the designer asks, validated once.
//! - [`model`]: the networks as their papers name them; no files, no chosen device.
//! - [`checkpoint`]: files into networks, and back.
//! - [`pipeline`]: a request becomes pixels, in six numbered steps.
//! - [`engine`]: the thread that owns a device, and its durable queue.
//! - [`gallery`]: what was made: metadata, files, thumbnails.
//! - [`cli`] and [`app`]: the two ways in, headless and windowed.
//!
//! Three stand beside the road: [`cuda`], the fast path of the networks, [`train`], which makes checkpoints, and
//! [`files`], how everything above reads and writes the disk.

pub mod checkpoint;
pub mod cli;
pub mod cuda;
pub mod engine;
pub mod files;
pub mod gallery;
pub mod model;
pub mod pipeline;
pub mod request;
pub mod train;

#[cfg(feature = "gui")]
pub mod app;
