use crate::request::Seed;
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// One finished picture and how it came about.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The pixels, sRGB.
    pub pixels: RgbImage,
    /// The seed that draws this picture's noise when it is asked for alone.
    pub seed: Seed,
    /// Which prompt of the batch it shows, counted from 0.
    pub prompt: usize,
    /// The last latents, before decoding, row-major.
    pub latents: Vec<f32>,
    /// Channels, height and width of the latents.
    pub latent_shape: [usize; 3],
    /// Seconds spent.
    pub timings: Timings,
    /// The most memory held while it was made.
    pub peak_memory: Option<PeakMemory>,
    /// Whether its pixels were decoded in tiles, as memory was short for the whole; they differ a little then.
    pub decoded_in_tiles: bool,
}

/// Seconds a picture took, stage by stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Tokenising and encoding the prompts; 0 when the features were still known.
    pub encode_text: f64,
    /// Encoding the start image; 0 without one.
    pub encode_image: f64,
    /// All steps.
    pub denoise: f64,
    /// Each step.
    pub steps: Vec<f64>,
    /// Latents into pixels.
    pub decode: f64,
    /// From the first to the last of the above.
    pub total: f64,
}

/// The most memory held, and whose it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", content = "bytes", rename_all = "snake_case")]
pub enum PeakMemory {
    /// Resident memory of the whole program, in bytes.
    Process(u64),
    /// Memory this program has reserved on the device, in bytes.
    Device(u64),
}

impl PeakMemory {
    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Process(bytes) | Self::Device(bytes) => bytes,
        }
    }
}
