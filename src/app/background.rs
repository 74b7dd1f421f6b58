//! Work that must not make the window wait: each piece on a thread with a name, its end as an [`Outcome`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::outcome::Outcome;

/// Outcomes that may wait to be read; a piece of work that ends beyond that waits for the window.
const OUTCOMES: usize = 64;

/// Starts work and collects its ends.
pub struct Background {
    ended: Sender<Outcome>,
    outcomes: Receiver<Outcome>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Background {
    /// `wake` is called after each end, from the thread of the work.
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (ended, outcomes) = bounded(OUTCOMES);
        Self {
            ended,
            outcomes,
            wake,
        }
    }

    /// Runs `work` on a thread called `name`.
    pub fn run(&self, name: &str, work: impl FnOnce() -> Option<Outcome> + Send + 'static) {
        let (ended, wake) = (self.ended.clone(), self.wake.clone());
        let body = move || {
            // A panic was reported by the panic hook; it costs this piece of work alone.
            let outcome = catch_unwind(AssertUnwindSafe(work)).ok().flatten();
            if let Some(outcome) = outcome
                && ended.send(outcome).is_ok()
            {
                wake();
            }
        };
        if let Err(error) = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
        {
            tracing::error!(name, %error, "the system grants no thread");
        }
    }

    /// The ends so far.
    pub fn take(&self) -> Vec<Outcome> {
        self.outcomes.try_iter().collect()
    }
}
