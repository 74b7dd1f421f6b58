//! What the designer asks, validated once.
//!
//! Every number and word of a [`Request`] has a type of its own with one constructor, so whoever holds a
//! `Request` holds a valid one: the command line, presets, a dropped picture's metadata and the queue on disk
//! all come through the same constructors (`serde` calls them too).

mod draft;
mod error;
mod params;
pub mod preset;
mod prompt;
mod seed;
mod size;
mod style_word;
pub mod variations;

pub use draft::Draft;
pub use error::RequestError;
pub use params::{CfgNormalization, CfgTruncation, Count, Guidance, Shift, Steps, Strength};
pub use preset::Preset;
pub use prompt::Prompt;
pub use seed::Seed;
pub use size::ImageSize;
pub use style_word::{has_style_word, without_style_word};
pub use variations::Variations;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One picture, or [`count`](Request::count) of them, asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What to paint.
    pub prompt: Prompt,
    /// What to steer away from. Only felt when [`guidance`](Request::guidance) is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<Prompt>,
    /// Width and height in pixels.
    pub size: ImageSize,
    /// Transformer calls (before [`StartImage::strength`] takes some away).
    #[serde(default)]
    pub steps: Steps,
    /// Classifier-free guidance as the usual scale, 1 = off.
    #[serde(default)]
    pub guidance: Guidance,
    /// Bound on the guided prediction's length, 0 = off.
    #[serde(default)]
    pub cfg_normalization: CfgNormalization,
    /// Time after which guidance rests, 1 = never.
    #[serde(default)]
    pub cfg_truncation: CfgTruncation,
    /// Replaces the checkpoint's own timestep shift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    /// Seed of the first picture; picture `i` of the request has `seed + i`.
    pub seed: Seed,
    /// Pictures to make.
    #[serde(default)]
    pub count: Count,
    /// A picture to start from instead of pure noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartImage>,
}

impl Request {
    /// A request with the model's native settings: 1024 × 1024, eight steps, guidance off, one picture.
    pub fn new(prompt: Prompt, seed: Seed) -> Self {
        Self {
            prompt,
            negative: None,
            size: ImageSize::default(),
            steps: Steps::default(),
            guidance: Guidance::default(),
            cfg_normalization: CfgNormalization::default(),
            cfg_truncation: CfgTruncation::default(),
            shift: None,
            seed,
            count: Count::default(),
            start: None,
        }
    }
}

/// Image-to-image, and with a mask inpainting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartImage {
    /// The picture to start from; it is scaled to the request's size.
    pub image: PathBuf,
    /// Grey picture: white is painted anew, black is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<PathBuf>,
    /// How much of the schedule is run.
    #[serde(default)]
    pub strength: Strength,
}
