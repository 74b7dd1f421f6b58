//! From noise to latents: the Euler loop, guidance, and the mask of an inpainting.

use super::{PipelineError, latents};
use crate::{
    model::{Context, FlowMatchEuler, Transformer},
    request::{CfgNormalization, CfgTruncation, Guidance, Request},
};
use burn::tensor::Tensor;

/// What the transformer is told of the words.
#[derive(Clone, Debug)]
pub struct Conditioning {
    /// What to paint.
    pub positive: Context,
    /// What to steer away from; present when guidance is on.
    pub negative: Option<Context>,
}

/// Classifier-free guidance (arXiv:2207.12598) as Z-Image's pipeline applies it.
#[derive(Clone, Copy, Debug)]
pub struct GuidanceRule {
    scale: Guidance,
    normalization: CfgNormalization,
    truncation: CfgTruncation,
}

impl GuidanceRule {
    /// The rule a request asks for.
    pub fn of(request: &Request) -> Self {
        Self {
            scale: request.guidance,
            normalization: request.cfg_normalization,
            truncation: request.cfg_truncation,
        }
    }

    /// Whether the step at `time` = 1 − σ is guided. As in the reference, a time in f32 meets the number that was
    /// written: 0.6 in f32 is already beyond a written 0.6, and 0.7 in f32 is not yet beyond 0.7.
    fn applies_at(self, time: f32) -> bool {
        self.scale.is_on() && f64::from(time) <= self.truncation.as_written()
    }

    /// `pos + (c − 1)(pos − neg)`, shortened to at most `normalization` times the L2 norm of `pos`.
    fn combine(self, positive: Tensor<4>, negative: Tensor<4>) -> Tensor<4> {
        let guided = positive.clone() + (positive.clone() - negative) * (self.scale.get() - 1.0);
        if self.normalization.get() == 0.0 {
            return guided;
        }
        let norm = |x: Tensor<4>| x.powf_scalar(2.0).sum().sqrt();
        let longest = norm(positive) * self.normalization.get();
        let shrink = (longest / norm(guided.clone()).clamp_min(f32::MIN_POSITIVE)).clamp_max(1.0);
        // [1] → [1, 1, 1, 1]
        guided * shrink.reshape([1, 1, 1, 1])
    }
}

/// The part of a picture that an inpainting keeps.
#[derive(Clone, Debug)]
pub struct Kept {
    /// `[1, 1, h, w]`: 1 where the picture is painted anew, 0 where it is kept.
    pub mask: Tensor<4>,
    /// `[1, C, h, w]`: the start image.
    pub clean: Tensor<4>,
    /// `[1, C, h, w]`: the noise the picture began with.
    pub noise: Tensor<4>,
}

impl Kept {
    /// `x`, with what is kept put back at noise level `sigma`.
    fn restore(&self, x: Tensor<4>, sigma: f32) -> Tensor<4> {
        let kept = FlowMatchEuler::add_noise(self.clean.clone(), self.noise.clone(), sigma);
        kept * (self.mask.clone().neg() + 1.0) + x * self.mask.clone()
    }
}

/// Everything one picture's steps need.
pub struct Denoising<'a> {
    /// The network.
    pub transformer: &'a Transformer,
    /// Noise levels.
    pub schedule: &'a FlowMatchEuler,
    /// The words.
    pub conditioning: &'a Conditioning,
    /// How strongly they are followed.
    pub guidance: GuidanceRule,
    /// What stays of a start image.
    pub kept: Option<Kept>,
    /// Asked between steps and between the transformer's blocks.
    pub interrupted: &'a dyn Fn() -> bool,
}

/// One step done, with its latents in the host's memory.
pub struct Step<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The noise level after it, and the latents there.
    pub after: (f32, &'a [f32]),
    /// The same before it.
    pub before: (f32, &'a [f32]),
}

/// Told of each step.
pub type StepDone<'a> = &'a mut dyn FnMut(&Step<'_>);

impl Denoising<'_> {
    /// Runs all steps from `start`, `[1, C, h, w]` in f32, and returns the last latents with their values.
    ///
    /// Latents are read back after each step: for the preview, and so that weights full of NaN are found after the
    /// first step rather than as a black picture after the last.
    ///
    /// # Errors
    /// [`PipelineError::Cancelled`], [`PipelineError::NotFinite`], [`PipelineError::Execution`].
    pub fn run(
        &self,
        start: Tensor<4>,
        step_done: StepDone<'_>,
    ) -> Result<(Tensor<4>, Vec<f32>), PipelineError> {
        let sigmas = self.schedule.sigmas();
        let mut x = start;
        let mut values = latents::to_host(x.clone(), "preparing the noise")?;
        for step in 0..self.schedule.steps() {
            let derivative = self.derivative(x.clone(), self.schedule.time(step))?;
            x = self.schedule.step(step, x, derivative);
            if let Some(kept) = &self.kept {
                x = kept.restore(x, sigmas[step + 1]);
            }
            let before = values;
            values = latents::to_host(x.clone(), "denoising")?;
            if !values.iter().all(|value| value.is_finite()) {
                return Err(PipelineError::NotFinite {
                    network: "transformer",
                    when: format!("in step {}", step + 1),
                });
            }
            step_done(&Step {
                number: step + 1,
                after: (sigmas[step + 1], &values),
                before: (sigmas[step], &before),
            });
        }
        Ok((x, values))
    }

    /// The derivative of the latents by σ, guided: the transformer gives its negative.
    fn derivative(&self, x: Tensor<4>, time: f32) -> Result<Tensor<4>, PipelineError> {
        let positive = self.call(x.clone(), time, &self.conditioning.positive)?;
        let output = match &self.conditioning.negative {
            Some(negative) if self.guidance.applies_at(time) => self
                .guidance
                .combine(positive, self.call(x, time, negative)?),
            _ => positive,
        };
        Ok(output.neg())
    }

    fn call(&self, x: Tensor<4>, time: f32, context: &Context) -> Result<Tensor<4>, PipelineError> {
        if (self.interrupted)() {
            return Err(PipelineError::Cancelled);
        }
        let t = Tensor::from_data([time], (&x.device(), burn::tensor::DType::F32));
        Ok(self.transformer.forward(x, t, context, self.interrupted)?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use crate::request::{Prompt, Seed};
    use burn::tensor::Device;

    fn rule(scale: f32, normalization: f32, truncation: f32) -> GuidanceRule {
        let mut request = Request::new(Prompt::blank(), Seed(0));
        request.guidance = Guidance::new(scale).unwrap();
        request.cfg_normalization = CfgNormalization::new(normalization).unwrap();
        request.cfg_truncation = CfgTruncation::new(truncation).unwrap();
        GuidanceRule::of(&request)
    }

    fn pair() -> (Tensor<4>, Tensor<4>) {
        let make =
            |values: [f32; 2]| latents::to_device(values.to_vec(), [1, 1, 2], &Device::flex());
        (make([3.0, 4.0]), make([1.0, 4.0]))
    }

    fn combined(rule: GuidanceRule) -> Vec<f32> {
        let (positive, negative) = pair();
        latents::to_host(rule.combine(positive, negative), "testing").unwrap()
    }

    #[test]
    fn scale_one_is_off_and_two_doubles_the_difference() {
        assert!(!rule(1.0, 0.0, 1.0).applies_at(0.0));
        assert_eq!(combined(rule(2.0, 0.0, 1.0)), [5.0, 4.0]);
        assert_eq!(combined(rule(4.5, 0.0, 1.0)), [10.0, 4.0]);
    }

    #[test]
    fn normalization_shortens_and_never_stretches() {
        // |pos| = 5, and the guided prediction is 41^(1/2) long.
        let short = combined(rule(2.0, 1.0, 1.0));
        assert!((short[0] - 25.0 / 41_f32.sqrt()).abs() < 1e-5, "{short:?}");
        assert_eq!(combined(rule(2.0, 10.0, 1.0)), [5.0, 4.0]);
    }

    #[test]
    fn truncation_rests_guidance_late() {
        let half = rule(2.0, 0.0, 0.5);
        assert!(half.applies_at(0.5));
        assert!(!half.applies_at(0.6));
    }

    #[test]
    fn a_time_meets_the_truncation_as_it_was_written() {
        for (truncation, reached) in [(0.1, false), (0.6, false), (0.3, false), (0.7, true)] {
            let rule = rule(2.0, 0.0, truncation);
            assert_eq!(rule.applies_at(truncation), reached, "{truncation}");
            assert!(rule.applies_at(truncation - 1e-6) && !rule.applies_at(truncation + 1e-6));
        }
    }
}
