//! The flow-matching schedule: which noise levels a picture passes, and the Euler step between two of them.
//!
//! Noisy latents are x = σ·noise + (1 − σ)·picture. Formulas: Stable Diffusion 3 (arXiv:2403.03206) for the shift,
//! diffusers 0.39 and later for the spacing: N steps are N calls of the transformer. (The native Z-Image code and
//! older diffusers count a last step from 0 to 0: their 9 steps are 8 here.)

use burn::tensor::Tensor;

use super::config::{SchedulerConfig, TimeShift};

/// The noise levels of one picture, from 1 or a custom start down to 0.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowMatchEuler {
    sigmas: Vec<f32>,
    train_timesteps: f32,
}

impl FlowMatchEuler {
    /// `steps` levels evenly spaced before the shift: 1, 1 − 1/N, … 1/N, shifted, then 0.
    ///
    /// `image_tokens` = (h/2)·(w/2) sets the shift where the configuration asks for a dynamic one. `shift` overrides
    /// the configured static shift, and any dynamic one. Zero steps give a schedule without steps.
    pub fn new(
        config: &SchedulerConfig,
        steps: usize,
        image_tokens: usize,
        shift: Option<f32>,
    ) -> Self {
        let raw: Vec<f32> = (0..steps).map(|step| even_level(step, steps)).collect();
        Self::from_sigmas(config, &raw, image_tokens, shift)
    }

    /// Custom levels before the shift, in falling order and without the final 0.
    pub fn from_sigmas(
        config: &SchedulerConfig,
        raw: &[f32],
        image_tokens: usize,
        shift: Option<f32>,
    ) -> Self {
        let dynamic = config.use_dynamic_shifting && shift.is_none();
        let bend = |sigma: f32| {
            if dynamic {
                dynamic_shift(config, sigma, image_tokens)
            } else {
                static_shift(shift.unwrap_or(config.shift as f32), sigma)
            }
        };
        let mut sigmas: Vec<f32> = raw.iter().copied().map(bend).collect();
        if let Some(end) = config.shift_terminal.filter(|&end| end > 0.0) {
            stretch_to(&mut sigmas, end as f32);
        }
        sigmas.push(0.0);
        Self {
            sigmas,
            train_timesteps: config.num_train_timesteps as f32,
        }
    }

    /// The schedule of an existing picture repainted with `strength` in 0..=1: the last ⌊N·strength⌋ of N steps.
    ///
    /// The start is [`FlowMatchEuler::add_noise`] at the first level that is left.
    pub fn starting_at_strength(self, strength: f64) -> Self {
        let steps = self.steps();
        let kept = (steps as f64 * strength).clamp(0.0, steps as f64);
        // The reference truncates N − N·strength, so a broken number of steps is rounded up.
        let skipped = (steps as f64 - kept) as usize;
        Self {
            sigmas: self.sigmas[skipped..].to_vec(),
            ..self
        }
    }

    /// Number of Euler steps, each one call of the transformer.
    pub fn steps(&self) -> usize {
        self.sigmas.len().saturating_sub(1)
    }

    /// All noise levels, one more than steps; the last is 0.
    pub fn sigmas(&self) -> &[f32] {
        &self.sigmas
    }

    /// The time the transformer is told for `step`: 1 − σ, by way of the rounded timestep as in the reference.
    pub fn time(&self, step: usize) -> f32 {
        let timestep = self.sigmas[step] * self.train_timesteps;
        (1000.0 - timestep) / 1000.0
    }

    /// The latents after `step`, f32: x + (σ' − σ)·derivative, where the derivative is the transformer's output with
    /// its sign turned.
    pub fn step(&self, step: usize, latents: Tensor<4>, derivative: Tensor<4>) -> Tensor<4> {
        latents + derivative * (self.sigmas[step + 1] - self.sigmas[step])
    }

    /// The noisy form of a clean picture at level `sigma`: σ·noise + (1 − σ)·picture.
    pub fn add_noise(picture: Tensor<4>, noise: Tensor<4>, sigma: f32) -> Tensor<4> {
        noise * sigma + picture * (1.0 - sigma)
    }
}

/// Level `step` of `steps` from 1 down to 1/N in f32, each half counted from its own end as `torch.linspace` does.
fn even_level(step: usize, steps: usize) -> f32 {
    let last = (1.0 / steps as f64) as f32;
    let gap = (last - 1.0) / (steps.max(2) - 1) as f32;
    if step < steps / 2 || steps == 1 {
        1.0 + gap * step as f32
    } else {
        last - gap * (steps - 1 - step) as f32
    }
}

/// kσ / (1 + (k − 1)σ)
fn static_shift(shift: f32, sigma: f32) -> f32 {
    shift * sigma / (1.0 + (shift - 1.0) * sigma)
}

/// The shift of μ, linear in the number of image tokens.
fn dynamic_shift(config: &SchedulerConfig, sigma: f32, image_tokens: usize) -> f32 {
    let slope = (config.max_shift - config.base_shift)
        / (config.max_image_seq_len - config.base_image_seq_len) as f64;
    let mu =
        image_tokens as f64 * slope + config.base_shift - slope * config.base_image_seq_len as f64;
    let scale = match config.time_shift_type {
        TimeShift::Exponential => mu.exp(),
        TimeShift::Linear => mu,
    } as f32;
    scale / (scale + (1.0 / sigma - 1.0))
}

/// Stretches the distances from 1 so that the last level becomes `end`.
fn stretch_to(sigmas: &mut [f32], end: f32) {
    let Some(&last) = sigmas.last() else { return };
    let factor = (1.0 - last) / (1.0 - end);
    if factor > 0.0 {
        for sigma in sigmas {
            *sigma = 1.0 - (1.0 - *sigma) / factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turbo_passes_the_published_levels() {
        let schedule = FlowMatchEuler::new(&SchedulerConfig::z_image_turbo(), 8, 4096, None);
        let want = [
            1.0,
            0.954_545_44,
            0.9,
            0.833_333_3,
            0.75,
            0.642_857_13,
            0.5,
            0.3,
            0.0,
        ];
        assert_eq!(schedule.steps(), 8);
        for (got, want) in schedule.sigmas().iter().zip(want) {
            assert!((got - want).abs() <= 1.2e-7, "{got} for {want}");
        }
    }

    #[test]
    fn strength_keeps_the_end_of_the_schedule() {
        let all = FlowMatchEuler::new(&SchedulerConfig::z_image_turbo(), 8, 4096, None);
        for (strength, steps) in [(0.0, 0), (0.05, 1), (0.6, 5), (0.8, 7), (1.0, 8)] {
            let part = all.clone().starting_at_strength(strength);
            assert_eq!(part.steps(), steps, "strength {strength}");
            assert_eq!(part.sigmas(), &all.sigmas()[8 - steps..]);
        }
    }

    #[test]
    fn a_dynamic_shift_follows_the_size_unless_one_is_given() {
        let config = SchedulerConfig {
            use_dynamic_shifting: true,
            ..SchedulerConfig::default()
        };
        let second = |tokens, shift| FlowMatchEuler::new(&config, 4, tokens, shift).sigmas()[1];
        // μ is 0.5 at 256 tokens and 1.15 at 4096; σ = 3/4 gives e^μ / (e^μ + 1/3).
        for (tokens, mu) in [(256, 0.5f32), (4096, 1.15)] {
            let want = mu.exp() / (mu.exp() + 1.0 / 3.0);
            assert!((second(tokens, None) - want).abs() < 1e-6);
        }
        assert!((second(256, Some(3.0)) - 0.9).abs() < 1e-6);
    }
}
