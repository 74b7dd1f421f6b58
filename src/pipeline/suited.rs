//! What suits a model: the sizes, steps and guidance that it was taught with.
//!
//! A small file in the model's own folder may say so; without one, a model is taken for Z-Image-Turbo:
//!
//! ```json
//! {
//!   "sizes": ["256x256", "384x256"],
//!   "shortest_side": 128,
//!   "longest_side": 512,
//!   "steps": 8,
//!   "guidance": 2
//! }
//! ```

use std::path::Path;

use serde::Deserialize;

use super::PipelineError;
use crate::checkpoint::Checkpoint;
use crate::files::read_capped;
use crate::request::{Guidance, ImageSize, Steps};

/// The file in a model's folder.
pub const SUITED_FILE: &str = "suited.json";

/// Such a file has a few hundred bytes.
const MAX_BYTES: u64 = 16 * 1024;

/// The published `vae/config.json` has less than 1 kB.
const MAX_CONFIG_BYTES: u64 = 64 * 1024;

/// The most sizes that are offered.
const MAX_SIZES: usize = 12;

/// What suits a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Suited {
    /// The size that it was made for.
    pub native: ImageSize,
    /// Sizes worth offering.
    pub sizes: Vec<ImageSize>,
    /// Pictures with a shorter side than this fall apart.
    pub shortest: u32,
    /// Pictures with a longer side than this fall apart.
    pub longest: u32,
    /// Transformer calls.
    pub steps: Steps,
    /// The guidance with which it follows its prompts.
    pub guidance: Guidance,
}

impl Default for Suited {
    /// What suits Z-Image-Turbo.
    fn default() -> Self {
        let sizes = [
            (512, 512),
            (768, 768),
            (1024, 1024),
            (1024, 576),
            (576, 1024),
        ];
        Self {
            native: ImageSize::default(),
            sizes: sizes
                .into_iter()
                .filter_map(|(width, height)| ImageSize::new(width, height).ok())
                .collect(),
            shortest: 256,
            longest: 2048,
            steps: Steps::default(),
            guidance: Guidance::default(),
        }
    }
}

/// The file's form. What is absent is as for Z-Image-Turbo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    sizes: Vec<String>,
    shortest_side: u32,
    longest_side: u32,
    #[serde(default)]
    steps: Steps,
    #[serde(default)]
    guidance: Guidance,
}

impl Suited {
    /// What suits the model at `path`, its folder or one of its files.
    ///
    /// # Errors
    /// [`PipelineError::Suited`] when its file is there and says nothing that can be used.
    pub fn read(path: &Path) -> Result<Self, PipelineError> {
        let native = native_size_of(path);
        let path = path.join(SUITED_FILE);
        if !path.is_file() {
            return Ok(Self {
                native,
                ..Self::default()
            });
        }
        let failed = |cause: String| PipelineError::Suited {
            path: path.display().to_string(),
            cause,
        };
        let json = read_capped(&path, MAX_BYTES).map_err(|error| failed(error.to_string()))?;
        let written = serde_json::from_slice(&json).map_err(|error| failed(error.to_string()))?;
        Self::understand(native, written).map_err(failed)
    }

    fn understand(native: ImageSize, written: Written) -> Result<Self, String> {
        let Written {
            sizes,
            shortest_side: shortest,
            longest_side: longest,
            steps,
            guidance,
        } = written;
        let range = ImageSize::MULTIPLE..=ImageSize::MAX_SIDE;
        if !range.contains(&shortest) || !range.contains(&longest) || shortest > longest {
            return Err(format!(
                "its sides go from {shortest} to {longest}, and may go from {} to {}",
                range.start(),
                range.end()
            ));
        }
        let sizes: Result<Vec<ImageSize>, _> = sizes
            .iter()
            .take(MAX_SIZES)
            .map(|size| size.parse())
            .collect();
        Ok(Self {
            native,
            sizes: sizes.map_err(|error| error.to_string())?,
            shortest,
            longest,
            steps,
            guidance,
        })
    }

    /// Whether pictures of `size` hold together.
    #[must_use]
    pub fn holds(&self, size: ImageSize) -> bool {
        let (width, height) = (size.width(), size.height());
        width.min(height) >= self.shortest && width.max(height) <= self.longest
    }
}

/// The size of the pictures a checkpoint was made for: what its `vae/config.json` calls `sample_size`, else
/// 1024 × 1024.
#[must_use]
pub fn native_size(checkpoint: &Checkpoint) -> ImageSize {
    native_size_of(checkpoint.path())
}

fn native_size_of(model: &Path) -> ImageSize {
    #[derive(Deserialize)]
    struct Config {
        sample_size: u32,
    }
    let config = read_capped(&model.join("vae/config.json"), MAX_CONFIG_BYTES)
        .ok()
        .and_then(|json| serde_json::from_slice::<Config>(&json).ok());
    config
        .and_then(|Config { sample_size }| ImageSize::new(sample_size, sample_size).ok())
        .unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Suited, PipelineError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SUITED_FILE), json).unwrap();
        Suited::read(folder.path())
    }

    #[test]
    fn a_model_that_says_nothing_is_taken_for_turbo() {
        let folder = tempfile::tempdir().unwrap();
        let suited = Suited::read(folder.path()).unwrap();
        assert_eq!(suited, Suited::default());
        assert_eq!(suited.native, ImageSize::default());
        assert_eq!((suited.steps.get(), suited.guidance.is_on()), (8, false));
        assert_eq!(suited.sizes.len(), 5);
    }

    #[test]
    fn a_model_says_what_suits_it() {
        let suited = read(
            r#"{"sizes": ["256x256", "384x256"], "shortest_side": 128, "longest_side": 512, "guidance": 2}"#,
        )
        .unwrap();
        let size = |width, height| ImageSize::new(width, height).unwrap();
        assert_eq!(suited.sizes, [size(256, 256), size(384, 256)]);
        assert_eq!((suited.steps.get(), suited.guidance.get()), (8, 2.0));
        for (width, height, holds) in [
            (128, 512, true),
            (112, 512, false),
            (128, 528, false),
            (256, 256, true),
        ] {
            assert_eq!(suited.holds(size(width, height)), holds, "{width}x{height}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        for json in [
            "",
            "[]",
            r#"{"sizes": ["250x256"], "shortest_side": 128, "longest_side": 512}"#,
            r#"{"sizes": ["256x256"], "shortest_side": 512, "longest_side": 128}"#,
            r#"{"sizes": ["256x256"], "shortest_side": 0, "longest_side": 128}"#,
            r#"{"sizes": ["256x256"], "shortest_side": 128, "longest_side": 512, "steps": 900}"#,
            r#"{"sizes": ["256x256"], "shortest_side": 128, "longest_side": 512, "brush": 1}"#,
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains(SUITED_FILE), "{json}: {error}");
        }
    }
}
