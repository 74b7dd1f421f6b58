//! What moves the weights: Muon for the matrices it is told to take, AdamW (Loshchilov and Hutter, arXiv:1711.05101)
//! for all else, behind one clipping of the whole gradient and one learning rate.

mod at_once;

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Gradients, Tensor};

use super::muon::{self, Muon};
use super::parameters::{self, Named};

/// How far each step goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRate {
    /// The highest rate.
    pub peak: f64,
    /// Steps of linear growth at the beginning.
    pub warm_up: u64,
    /// Share of the steps, from the first on, that see no less than the peak once it is reached. What comes before its
    /// end does not depend on the total, so that a training may be made longer or shorter until then ("Scaling Laws
    /// and Compute-Optimal Training Beyond Fixed Training Durations", arXiv:2405.18392).
    pub hold: f64,
    /// Steps in all; after the hold the rate follows half a cosine down to [`LearningRate::END_SHARE`] of the peak.
    pub total: u64,
}

impl LearningRate {
    /// What is left of the peak at the end.
    pub const END_SHARE: f64 = 0.005;

    /// The rate of a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        }
        let held = self.warm_up.max((self.total as f64 * self.hold) as u64);
        let span = self.total.saturating_sub(held).max(1);
        let done = (step.saturating_sub(held) as f64 / span as f64).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
        self.peak * (Self::END_SHARE + (1.0 - Self::END_SHARE) * cosine)
    }
}

/// Constants of the optimiser.
#[derive(Clone, Copy, Debug)]
pub struct OptimizerConfig {
    /// Decay of the mean gradient.
    pub beta_1: f64,
    /// Decay of the mean squared gradient.
    pub beta_2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// Pull of matrices and kernels toward zero; vectors are left alone.
    pub weight_decay: f64,
    /// The whole gradient is scaled down to this norm where it is longer.
    pub clip_norm: f64,
    /// The matrices that Muon moves, if any.
    pub muon: Option<Muon>,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.01,
            clip_norm: 1.0,
            muon: None,
        }
    }
}

impl OptimizerConfig {
    /// What the two decaying means are divided by after step `step`, counted from 0, since they began at zero.
    fn corrections(&self, step: u64) -> (f64, f64) {
        let power = (step + 1).min(i32::MAX as u64) as i32;
        (1.0 - self.beta_1.powi(power), 1.0 - self.beta_2.powi(power))
    }

    /// Weight decay of a parameter of this shape.
    fn decay(&self, shape: Option<&Vec<usize>>) -> f64 {
        if shape.is_some_and(|shape| shape.len() > 1) {
            self.weight_decay
        } else {
            0.0
        }
    }
}

/// The optimiser and its memory.
pub struct Optimizer {
    config: OptimizerConfig,
    /// Mean gradients, by parameter or, for Muon, by group of matrices.
    pub first: Named,
    /// Mean squared gradients by parameter.
    pub second: Named,
}

impl Optimizer {
    /// An optimiser that has seen nothing.
    pub fn new(config: OptimizerConfig) -> Self {
        Self {
            config,
            first: Named::new(),
            second: Named::new(),
        }
    }

    /// Moves `module` against its gradients; `step` counts from 0. Parameters without a gradient stay.
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: &mut Gradients,
        step: u64,
        rate: f64,
    ) -> M {
        let config = self.config;
        let shapes = parameters::shapes(&module);
        let mut found = parameters::take_gradients(&module, gradients);
        let at_once = self.step_at_once(&module, found.clone(), &shapes, step, rate);
        if let Some(mut moved) = at_once {
            return parameters::replace(module, |name, value| moved.remove(name).unwrap_or(value));
        }
        let Some(scale) = clip_scale(&found, config.clip_norm) else {
            return module;
        };
        let mut directions = self.matrix_directions(&mut found, &shapes, &scale);
        let (correct_1, correct_2) = config.corrections(step);
        parameters::replace(module, |name, value| {
            if let (Some(direction), Some(muon)) = (directions.remove(name), config.muon) {
                let rate = rate * muon.rate;
                return value * (1.0 - rate * config.weight_decay) - direction * rate;
            }
            let Some(gradient) = found.remove(name) else {
                return value;
            };
            let gradient = gradient * scale.clone();
            let first = decayed(self.first.remove(name), config.beta_1, gradient.clone());
            let second = decayed(
                self.second.remove(name),
                config.beta_2,
                gradient.clone() * gradient,
            );
            self.first.insert(name.to_owned(), first.clone());
            self.second.insert(name.to_owned(), second.clone());
            let direction = (first / correct_1) / ((second / correct_2).sqrt() + config.epsilon);
            let decay = config.decay(shapes.get(name));
            value * (1.0 - rate * decay) - direction * rate
        })
    }

    /// Takes the gradients of Muon's matrices out of `found` and gives the directions to go, by parameter.
    fn matrix_directions(
        &mut self,
        found: &mut Named,
        shapes: &BTreeMap<String, Vec<usize>>,
        scale: &Tensor<1>,
    ) -> Named {
        let Some(muon) = self.config.muon else {
            return Named::new();
        };
        let mut directions = Named::new();
        for (group, members) in muon::groups(&muon, found, shapes) {
            let gradients = muon::stack(&members, found) * scale.clone().unsqueeze::<3>();
            let memory = self.first.remove(&group);
            let flat = gradients
                .clone()
                .reshape([gradients.shape().num_elements()]);
            let momentum = decayed(memory, muon.momentum, flat);
            self.first.insert(group, momentum.clone());
            // As Nesterov looks ahead: the gradient counts once more.
            let ahead = momentum.reshape(gradients.dims()) * muon.momentum
                + gradients * (1.0 - muon.momentum);
            directions.extend(muon::unstack(&members, muon::orthogonalised(ahead)));
        }
        directions
    }
}

fn decayed(memory: Option<Tensor<1>>, beta: f64, new: Tensor<1>) -> Tensor<1> {
    match memory {
        Some(memory) => memory * beta + new * (1.0 - beta),
        None => new * (1.0 - beta),
    }
}

/// `[1]`: what brings the norm of all gradients together down to `limit`, at most 1. Stays on the device.
fn clip_scale(gradients: &Named, limit: f64) -> Option<Tensor<1>> {
    let squares: Vec<Tensor<1>> = gradients
        .values()
        .map(|gradient| (gradient.clone() * gradient.clone()).sum())
        .collect();
    if squares.is_empty() {
        return None;
    }
    let norm = Tensor::cat(squares, 0).sum().sqrt();
    Some((norm + 1e-6).recip().mul_scalar(limit).clamp_max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_warms_up_holds_and_falls_to_its_share() {
        let rate = LearningRate {
            peak: 2.0,
            warm_up: 4,
            hold: 0.0,
            total: 104,
        };
        assert_eq!((rate.at(0), rate.at(3), rate.at(4)), (0.5, 2.0, 2.0));
        let half = LearningRate::END_SHARE + (1.0 - LearningRate::END_SHARE) * 0.5;
        assert!((rate.at(54) - 2.0 * half).abs() < 1e-12);
        assert!((rate.at(104) - 2.0 * LearningRate::END_SHARE).abs() < 1e-12);
        assert_eq!(rate.at(104), rate.at(100_000));

        let held = LearningRate { hold: 0.5, ..rate };
        assert_eq!((held.at(4), held.at(52)), (2.0, 2.0));
        assert!((held.at(78) - 2.0 * half).abs() < 1e-12);
        assert_eq!(held.at(104), rate.at(104));
    }
}
