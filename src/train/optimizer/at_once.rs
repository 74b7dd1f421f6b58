//! The whole step as a few ops over all parameters, on devices that have them.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Tensor;

use super::Optimizer;
use crate::cuda::single::{self, AdamWStep, Matrix, Moving, MuonStep};
use crate::train::muon;
use crate::train::parameters::{self, Named};

impl Optimizer {
    /// The values that `gradients` move, after `step`; `None` where the device has no such ops.
    pub(super) fn step_at_once<M: Module>(
        &mut self,
        module: &M,
        mut gradients: Named,
        shapes: &BTreeMap<String, Vec<usize>>,
        step: u64,
        rate: f64,
    ) -> Option<Named> {
        let values = parameters::values(module);
        if !single::optimises(values.values().chain(gradients.values())) {
            return None;
        }
        let limit = self.config.clip_norm as f32;
        let scale = single::clip_scale(gradients.values().cloned().collect(), limit)?;
        let mut moved = self.move_matrices(&values, &mut gradients, shapes, &scale, rate)?;
        let config = self.config;
        let memory = |memory: &Named, name: &str, like: &Tensor<1>| {
            let kept = memory.get(name).cloned();
            kept.unwrap_or_else(|| like.zeros_like())
        };
        let moving = gradients.iter().filter_map(|(name, gradient)| {
            let value = values.get(name)?;
            Some(Moving {
                value: value.clone(),
                gradient: gradient.clone(),
                first: memory(&self.first, name, value),
                second: memory(&self.second, name, value),
                decay: config.decay(shapes.get(name)) as f32,
            })
        });
        let (correct_1, correct_2) = config.corrections(step);
        let with = AdamWStep {
            rate: rate as f32,
            beta_1: config.beta_1 as f32,
            beta_2: config.beta_2 as f32,
            correct_1: correct_1 as f32,
            correct_2: correct_2 as f32,
            epsilon: config.epsilon as f32,
        };
        let after = single::adamw(moving.collect(), &scale, with)?;
        for (name, after) in gradients.into_keys().zip(after) {
            self.first.insert(name.clone(), after.first);
            self.second.insert(name.clone(), after.second);
            moved.insert(name, after.value);
        }
        Some(moved)
    }

    /// Takes the gradients of Muon's matrices out and gives the matrices after the step.
    fn move_matrices(
        &mut self,
        values: &Named,
        gradients: &mut Named,
        shapes: &BTreeMap<String, Vec<usize>>,
        scale: &Tensor<1>,
        rate: f64,
    ) -> Option<Named> {
        let mut moved = Named::new();
        let Some(muon) = self.config.muon else {
            return Some(moved);
        };
        let rate = rate * muon.rate;
        let with = MuonStep {
            rate: rate as f32,
            keep: (1.0 - rate * self.config.weight_decay) as f32,
            momentum: muon.momentum as f32,
            quintic: muon::QUINTIC.map(|factor| factor as f32),
            rounds: muon::ITERATIONS,
        };
        for (group, members) in muon::groups(&muon, gradients, shapes) {
            let matrices = members
                .iter()
                .map(|member| {
                    Some(Matrix {
                        value: values.get(&member.name)?.clone(),
                        gradient: gradients.remove(&member.name)?,
                        tall: member.is_tall(),
                        factor: member.factor() as f32,
                    })
                })
                .collect::<Option<Vec<_>>>()?;
            let [rows, columns] = members.first()?.shape;
            let sides = [rows.min(columns), rows.max(columns)];
            let numbers = members.len() * rows * columns;
            let memory = self
                .first
                .remove(&group)
                .unwrap_or_else(|| Tensor::zeros([numbers], (&scale.device(), scale.dtype())));
            let (after, momentum) = single::muon(matrices, memory, scale, sides, with)?;
            self.first.insert(group, momentum);
            moved.extend(members.into_iter().map(|member| member.name).zip(after));
        }
        Some(moved)
    }
}
