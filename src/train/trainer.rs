//! The loop: batch, loss, gradients, step; now and then a report, a state, a sample.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use indicatif::{ProgressBar, ProgressStyle};

use super::TrainError;
use super::average::Average;
use super::clock::Clock;
use super::curve::Curve;
use super::optimizer::{LearningRate, Optimizer, OptimizerConfig};
use super::parameters::{self, Named};
use super::state::{self, State};

/// Losses are fetched from the device once in so many steps, so that it never waits for the host.
const REPORT_EVERY: u64 = 20;

/// A module that is being trained.
pub struct Trainer<M> {
    /// The module, with autodiff.
    pub module: M,
    /// Its optimiser.
    pub optimizer: Optimizer,
    /// The moving average of its weights, if one is kept.
    pub average: Option<Average>,
    /// The loss so far.
    pub curve: Curve,
    /// Steps done.
    pub step: u64,
}

/// How long to train, and what to leave behind.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The learning rate; its `total` is where the training ends.
    pub rate: LearningRate,
    /// Stop after so many steps of this run even if steps are left.
    pub piece: u64,
    /// Stop after this long even if steps are left.
    pub limit: Duration,
    /// The state's folder.
    pub folder: PathBuf,
    /// Steps between two saved states with their samples; 0 for none but the last.
    pub save_every: u64,
}

impl<M: Module> Trainer<M> {
    /// A training that has not begun, with a moving average of the given decay, or without one. A rate that falls to
    /// nothing leaves little to average.
    pub fn new(module: M, config: OptimizerConfig, decay: Option<f64>) -> Self {
        let average = decay.map(|decay| Average::new(&module, decay));
        Self {
            module,
            optimizer: Optimizer::new(config),
            average,
            curve: Curve::default(),
            step: 0,
        }
    }

    /// Takes up the state in the plan's folder, if there is one. An average that the state lacks begins with its weights.
    ///
    /// # Errors
    /// When the state cannot be read or is another network's.
    pub fn resume(&mut self, plan: &Plan, device: &Device) -> Result<(), TrainError> {
        if !State::exists(&plan.folder) {
            return Ok(());
        }
        let state = State::read(&plan.folder, &device.clone().without_autodiff())?;
        self.take_up(state, &plan.folder)
    }

    /// Writes the training into `folder` and goes on with what was written. Of a `finished` one only weights, average
    /// and curve are kept.
    ///
    /// # Errors
    /// When the device or the disk fails; files written before stay.
    pub fn save(&mut self, folder: &Path, finished: bool) -> Result<(), TrainError> {
        let memories = |memories: &Named| match finished {
            true => Named::new(),
            false => memories.clone(),
        };
        let averages = self.average.as_ref().map(|average| average.values.clone());
        let state = State {
            weights: parameters::values(&self.module),
            first: memories(&self.optimizer.first),
            second: memories(&self.optimizer.second),
            average: averages.unwrap_or_default(),
            curve: self.curve.clone(),
            step: self.step,
        };
        state.write(folder)?;
        self.take_up(state.rounded(), folder)
    }

    fn take_up(&mut self, state: State, folder: &Path) -> Result<(), TrainError> {
        if let Some(average) = &mut self.average {
            average.values = if state.average.is_empty() {
                state.weights.clone()
            } else {
                state.average
            };
        }
        self.module = state::filled(self.module.clone(), state.weights, folder)?;
        self.optimizer.first = state.first;
        self.optimizer.second = state.second;
        self.step = state.step;
        self.curve = state.curve;
        Ok(())
    }

    /// What the training is for, off the autodiff tape: the averaged weights, or the weights where none are averaged.
    pub fn result(&self) -> M {
        match &self.average {
            Some(average) => average.apply(&self.module),
            None => self.module.valid(),
        }
    }

    /// Trains by the plan and saves the state. `batch` gives the next batch, `loss` its loss `[1]`, and `sample` shows
    /// what the result can do.
    ///
    /// # Errors
    /// Whatever stops the training; the last saved state stays.
    pub fn run<B>(
        &mut self,
        plan: &Plan,
        mut batch: impl FnMut() -> Result<B, TrainError>,
        mut loss: impl FnMut(&M, B) -> Result<Tensor<1>, TrainError>,
        mut sample: impl FnMut(&Self) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        // Before the first step: a folder that cannot be written to would lose all of them.
        state::expect_writable(&plan.folder)?;
        let start = Instant::now();
        let progress = progress_bar(plan.rate.total, self.step);
        let mut pending = Vec::new();
        let mut clock = Clock::start();
        let first = self.step;
        let last = plan.rate.total.min(self.step.saturating_add(plan.piece));
        while self.step < last && start.elapsed() < plan.limit {
            let batch = batch()?;
            clock.count("batch");
            let value = loss(&self.module, batch)?;
            clock.count("forward");
            let mut gradients = value.backward();
            clock.count("backward");
            let rate = plan.rate.at(self.step);
            self.module = self
                .optimizer
                .step(self.module.clone(), &mut gradients, self.step, rate);
            if let Some(average) = &mut self.average {
                average.update(&self.module, self.step);
            }
            clock.count("optimiser");
            self.step += 1;
            pending.push(value.without_autodiff());
            if self.step == first + 1 {
                // What the device cannot do it refuses in the first step; many more on top would only hide why.
                losses(&pending)?;
            }
            if self.step.is_multiple_of(REPORT_EVERY) || self.step == plan.rate.total {
                let steps = pending.len();
                self.report(&mut pending, &progress)?;
                clock.count("device");
                clock.report(steps);
            }
            if plan.save_every > 0 && self.step.is_multiple_of(plan.save_every) && self.step < last
            {
                self.report(&mut pending, &progress)?;
                self.save(&plan.folder, false)?;
                sample(self)?;
            }
        }
        self.report(&mut pending, &progress)?;
        progress.abandon();
        self.save(&plan.folder, self.step >= plan.rate.total)?;
        self.curve.write_png(&plan.folder.join("loss.png"))?;
        sample(self)
    }

    fn report(
        &mut self,
        pending: &mut Vec<Tensor<1>>,
        progress: &ProgressBar,
    ) -> Result<(), TrainError> {
        if pending.is_empty() {
            return Ok(());
        }
        let losses = losses(pending)?;
        pending.clear();
        let loss = losses.iter().sum::<f32>() / losses.len() as f32;
        if !loss.is_finite() {
            return Err(TrainError::Diverged {
                step: self.step,
                loss,
            });
        }
        self.curve.push(self.step, loss);
        progress.set_position(self.step);
        progress.set_message(format!("loss {loss:.4}"));
        if progress.is_hidden() && self.step.is_multiple_of(10 * REPORT_EVERY) {
            tracing::info!(step = self.step, loss, "training");
        }
        Ok(())
    }
}

/// The numbers of losses that were left on the device.
fn losses(pending: &[Tensor<1>]) -> Result<Vec<f32>, TrainError> {
    let fetch = |value: &Tensor<1>| {
        let data = value.clone().try_into_data();
        let data = data.map_err(|error| TrainError::device("training", error))?;
        Ok(data.iter::<f32>().next().unwrap_or(f32::NAN))
    };
    pending.iter().map(fetch).collect()
}

fn progress_bar(total: u64, done: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_position(done);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar.reset_eta();
    bar
}
