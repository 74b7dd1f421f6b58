//! Latents as a small picture, without the decoder: each pixel is a linear mix of the latent channels.

use super::PipelineError;
use image::{Rgb, RgbImage};
use serde::Deserialize;
use std::{fs::File, io::Read as _, path::Path};

/// A projection's file has about 1 kB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Channels of the published latent space.
const CHANNELS: usize = 16;

/// A linear map from the channels of one latent pixel to red, green and blue in `[-1, 1]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// One row of red, green, blue for each channel.
    matrix: [[f32; 3]; CHANNELS],
    /// Added to each pixel.
    bias: [f32; 3],
}

impl Projection {
    /// Coefficients for the 16-channel autoencoder of FLUX.1, which Z-Image shares. They are the least-squares
    /// fit that ComfyUI publishes as the latent format's `latent_rgb_factors`.
    pub const FLUX: Self = Self {
        matrix: [
            [-0.0346, 0.0244, 0.0681],
            [0.0034, 0.0210, 0.0687],
            [0.0275, -0.0668, -0.0433],
            [-0.0174, 0.0160, 0.0617],
            [0.0859, 0.0721, 0.0329],
            [0.0004, 0.0383, 0.0115],
            [0.0405, 0.0861, 0.0915],
            [-0.0236, -0.0185, -0.0259],
            [-0.0245, 0.0250, 0.1180],
            [0.1008, 0.0755, -0.0421],
            [-0.0515, 0.0201, 0.0011],
            [0.0428, -0.0012, -0.0036],
            [0.0817, 0.0765, 0.0749],
            [-0.1264, -0.0522, -0.1103],
            [-0.0280, -0.0881, -0.0499],
            [-0.1262, -0.0982, -0.0778],
        ],
        bias: [-0.0329, -0.0718, -0.0851],
    };

    /// Reads `{"matrix": [[r, g, b], …16 rows…], "bias": [r, g, b]}`.
    ///
    /// # Errors
    /// [`PipelineError::Preview`] when the file is not of this form.
    pub fn read(path: &Path) -> Result<Self, PipelineError> {
        let failed = |cause: String| PipelineError::Preview {
            path: path.display().to_string(),
            cause,
        };
        let mut json = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut json))
            .map_err(|error| failed(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| failed(error.to_string()))
    }

    /// Paints `latents`, `[16, height, width]` row-major, as a picture of `width` × `height` pixels.
    /// Latents that are missing count as 0.
    pub fn latents_to_rgb(&self, latents: &[f32], width: usize, height: usize) -> RgbImage {
        let plane = width * height;
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let pixel = y as usize * width + x as usize;
            let mut rgb = self.bias;
            for (channel, weights) in self.matrix.iter().enumerate() {
                let value = latents.get(channel * plane + pixel).copied().unwrap_or(0.0);
                for (sum, weight) in rgb.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
            // `as u8` saturates, and takes NaN to 0.
            Rgb(rgb.map(|value| ((value * 0.5 + 0.5) * 255.0).round() as u8))
        })
    }
}

/// The latents at σ = 0, if the derivative stayed as it was in this step: x₀ = x − σ (x − x′) / (σ − σ′), with x′ and
/// σ′ from `before` the step. They show the picture from the first step on, where x itself shows noise.
pub(super) fn foretell(
    (sigma, latents): (f32, &[f32]),
    (sigma_before, before): (f32, &[f32]),
) -> Vec<f32> {
    let fallen = sigma - sigma_before;
    let share = if fallen < 0.0 { sigma / fallen } else { 0.0 };
    let pairs = latents.iter().zip(before);
    pairs
        .map(|(now, then)| now - share * (now - then))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn a_models_own_coefficients_are_read_or_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("preview.json");
        let rows = vec!["[0.5, 0, -0.5]"; CHANNELS].join(",");
        std::fs::write(
            &path,
            format!("{{\"matrix\": [{rows}], \"bias\": [0, 0.25, 1]}}"),
        )
        .unwrap();
        let projection = Projection::read(&path).unwrap();
        assert_eq!(
            (projection.matrix[15], projection.bias),
            ([0.5, 0.0, -0.5], [0.0, 0.25, 1.0])
        );
        for broken in ["", "[]", "{\"matrix\": [[1,2,3]], \"bias\": [0,0,0]}"] {
            std::fs::write(&path, broken).unwrap();
            assert!(
                Projection::read(&path)
                    .unwrap_err()
                    .to_string()
                    .contains("preview.json")
            );
        }
    }

    #[test]
    fn each_channel_adds_its_row_to_its_own_pixel() {
        let mut matrix = [[0.0; 3]; CHANNELS];
        matrix[0] = [1.0, 0.0, 0.0];
        matrix[15] = [0.0, 0.0, 1.0];
        let projection = Projection {
            matrix,
            bias: [0.0, -1.0, 0.0],
        };
        let mut latents = vec![0.0; CHANNELS * 6];
        latents[1] = 1.0;
        latents[15 * 6 + 5] = -3.0;
        let preview = projection.latents_to_rgb(&latents, 3, 2);
        assert_eq!(preview.get_pixel(1, 0), &Rgb([255, 0, 128]));
        assert_eq!(preview.get_pixel(2, 1), &Rgb([128, 0, 0]));
        assert_eq!(preview.get_pixel(0, 0), &Rgb([128, 0, 128]));
    }

    #[test]
    fn a_step_foretells_where_its_straight_line_ends() {
        let (clean, noise) = (0.25_f32, -1.5_f32);
        let at = |sigma: f32| [(1.0 - sigma) * clean + sigma * noise];
        for (before, after) in [(1.0, 0.9), (0.9, 0.3), (0.3, 0.0)] {
            let foretold = foretell((after, &at(after)), (before, &at(before)));
            assert!((foretold[0] - clean).abs() < 1e-5, "{after}");
        }
    }
}
