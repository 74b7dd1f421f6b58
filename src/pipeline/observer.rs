use super::preview::Projection;
use crate::request::{ImageSize, Seed};
use image::RgbImage;

/// What the pipeline is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Words into features, negative words too.
    EncodeText,
    /// The start image into latents.
    EncodeImage,
    /// The transformer's steps.
    Denoise,
    /// Latents into pixels.
    Decode,
}

/// One step done.
#[derive(Clone, Copy, Debug)]
pub struct StepReport<'a> {
    /// Which picture, counted from 0.
    pub picture: usize,
    /// Pictures in all.
    pub pictures: usize,
    /// Seed of this picture.
    pub seed: Seed,
    /// Steps done, counted from 1.
    pub step: usize,
    /// Steps this picture takes.
    pub steps: usize,
    /// The noise that remains after this step, from 1 down to 0.
    pub sigma: f32,
    /// Seconds this step took.
    pub seconds: f64,
    /// The picture's size in pixels.
    pub size: ImageSize,
    /// `shape`, row-major: the latents after this step, already checked to be finite.
    pub latents: &'a [f32],
    /// Channels, height and width of the latents.
    pub shape: [usize; 3],
    /// The noise level and the latents before this step.
    pub(super) before: (f32, &'a [f32]),
    pub(super) projection: &'a Projection,
}

impl StepReport<'_> {
    /// A small picture of what the latents are about to become, an eighth of the size on each side. Costs a few
    /// milliseconds at 1024 × 1024, on the CPU.
    pub fn preview(&self) -> RgbImage {
        let [_, height, width] = self.shape;
        self.projection
            .latents_to_rgb(&self.foretold(), width, height)
    }

    /// The latents at σ = 0, if the derivative stayed as it was in this step: x₀ = x − σ (x − x′) / (σ − σ′), with x′ and
    /// σ′ from before the step. They show the picture from the first step on, where x itself shows noise.
    fn foretold(&self) -> Vec<f32> {
        let (sigma_before, before) = self.before;
        let fallen = self.sigma - sigma_before;
        let share = if fallen < 0.0 {
            self.sigma / fallen
        } else {
            0.0
        };
        let pairs = self.latents.iter().zip(before);
        pairs
            .map(|(now, then)| now - share * (now - then))
            .collect()
    }
}

/// Told of a picture's progress, on the thread that makes it: return soon, and never wait for a window.
pub trait Observer {
    /// A stage of picture `picture` (counted from 0) begins.
    fn stage(&mut self, stage: Stage, picture: usize) {
        let _ = (stage, picture);
    }

    /// A step is done.
    fn step(&mut self, report: &StepReport<'_>) {
        let _ = report;
    }

    /// The encoder could not take the whole prompt: `cut` is the part it will not see.
    fn prompt_cut(&mut self, cut: &str) {
        let _ = cut;
    }

    /// A picture is finished; those after it may yet fail or be cancelled.
    fn picture(&mut self, picture: &super::Picture) {
        let _ = picture;
    }
}

/// The observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn a_step_foretells_where_its_straight_line_ends() {
        let (clean, noise) = (0.25_f32, -1.5_f32);
        let at = |sigma: f32| [(1.0 - sigma) * clean + sigma * noise];
        for (sigma_before, sigma) in [(1.0, 0.9), (0.9, 0.3), (0.3, 0.0)] {
            let report = StepReport {
                picture: 0,
                pictures: 1,
                seed: Seed(0),
                step: 1,
                steps: 3,
                sigma,
                seconds: 0.0,
                size: ImageSize::new(256, 256).unwrap(),
                latents: &at(sigma),
                before: (sigma_before, &at(sigma_before)),
                shape: [1, 1, 1],
                projection: &Projection::FLUX,
            };
            assert!((report.foretold()[0] - clean).abs() < 1e-5, "{sigma}");
        }
    }
}
