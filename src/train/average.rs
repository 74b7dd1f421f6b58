//! The exponential moving average of the weights, which paints better than the weights themselves.

use burn::module::Module;

use super::parameters::{self, Named};
use crate::cuda::single;

/// A moving average over a module's parameters.
pub struct Average {
    decay: f64,
    /// The averages by parameter.
    pub values: Named,
}

/// The average is brought up to date once in so many steps, with the decay of as many: the same curve, less work.
pub const EVERY: u64 = 4;

impl Average {
    /// Starts at the module's present values.
    pub fn new<M: Module>(module: &M, decay: f64) -> Self {
        Self {
            decay,
            values: parameters::values(module),
        }
    }

    /// Takes the values after step `step` (counted from 0) in, when it is due.
    ///
    /// Early on the decay is that of an average over all steps so far: the beginning is forgotten quickly.
    pub fn update<M: Module>(&mut self, module: &M, step: u64) {
        if !(step + 1).is_multiple_of(EVERY) {
            return;
        }
        let so_far = (step + 1) as f64 / (step + 10) as f64;
        let decay = self.decay.min(so_far).powi(EVERY as i32);
        let values = parameters::values(module);
        if let Some(averages) = self.update_at_once(&values, decay) {
            self.values = averages;
            return;
        }
        for (name, value) in values {
            let averaged = match self.values.remove(&name) {
                Some(old) => old * decay + value * (1.0 - decay),
                None => value,
            };
            self.values.insert(name, averaged);
        }
    }

    /// All averages as one op, on devices that have it.
    fn update_at_once(&self, values: &Named, decay: f64) -> Option<Named> {
        let old = |name: &str| self.values.get(name);
        let all =
            values.len() == self.values.len() && values.keys().all(|name| old(name).is_some());
        if !all || !single::optimises(values.values().chain(self.values.values())) {
            return None;
        }
        // Both maps have the same keys and go through them in the same order.
        let pairs = self.values.values().cloned().zip(values.values().cloned());
        let pairs = pairs.map(|(old, value)| [old, value]).collect();
        let averages = single::average(pairs, decay as f32)?;
        Some(values.keys().cloned().zip(averages).collect())
    }

    /// `module` with its parameters replaced by their averages, off the autodiff tape.
    pub fn apply<M: Module>(&self, module: &M) -> M {
        let plain = module.valid();
        parameters::replace(plain, |name, value| {
            self.values.get(name).cloned().unwrap_or(value)
        })
    }
}
