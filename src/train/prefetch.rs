//! Batches prepared on another thread while the device computes.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::TrainError;

/// Batches waiting for their step.
const AHEAD: usize = 6;

/// Batches in the order of their steps.
pub struct Prefetch<B> {
    ready: Receiver<B>,
}

impl<B: Send + 'static> Prefetch<B> {
    /// Prepares `make(step)` for `first` and all later steps, until this is dropped.
    ///
    /// # Errors
    /// [`TrainError::Batches`] when the thread cannot be started.
    pub fn start(first: u64, make: impl Fn(u64) -> B + Send + 'static) -> Result<Self, TrainError> {
        let (sender, ready) = sync_channel(AHEAD);
        thread::Builder::new()
            .name("batches".into())
            .spawn(move || {
                // The receiver hangs up when the training ends.
                (first..)
                    .map(make)
                    .try_for_each(|batch| sender.send(batch))
                    .ok();
            })
            .map_err(|_| TrainError::Batches)?;
        Ok(Self { ready })
    }

    /// The next batch.
    ///
    /// # Errors
    /// [`TrainError::Batches`] when the thread died.
    pub fn next(&self) -> Result<B, TrainError> {
        self.ready.recv().map_err(|_| TrainError::Batches)
    }
}
