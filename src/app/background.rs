//! Work that must not make the window wait: each piece on a thread with a name, its end as an [`Outcome`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::outcome::Outcome;

/// Outcomes that may wait to be read; a piece of work that ends beyond that waits for the window.
const OUTCOMES: usize = 64;

/// The longest that the program's end waits for a last write.
const LAST_WRITE: Duration = Duration::from_secs(3);

type Work = Box<dyn FnOnce() -> Option<Outcome> + Send>;

/// Starts work and collects its ends.
pub struct Background {
    ends: Ends,
    outcomes: Receiver<Outcome>,
}

/// Where the end of a piece of work goes.
#[derive(Clone)]
struct Ends {
    ended: Sender<Outcome>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Ends {
    fn of(&self, work: impl FnOnce() -> Option<Outcome>) {
        // A panic was reported by the panic hook; it costs this piece of work alone.
        let outcome = catch_unwind(AssertUnwindSafe(work)).ok().flatten();
        if let Some(outcome) = outcome
            && self.ended.send(outcome).is_ok()
        {
            (self.wake)();
        }
    }
}

impl Background {
    /// `wake` is called after each end, from the thread of the work.
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (ended, outcomes) = bounded(OUTCOMES);
        Self {
            ends: Ends { ended, wake },
            outcomes,
        }
    }

    /// Runs `work` on a thread called `name`.
    pub fn run(&self, name: &str, work: impl FnOnce() -> Option<Outcome> + Send + 'static) {
        let ends = self.ends.clone();
        spawn(name, move || ends.of(work));
    }

    /// Runs `work` after what is running of `latest`, in the place of what still waits there.
    pub fn run_latest(
        &self,
        name: &str,
        latest: &Latest,
        work: impl FnOnce() -> Option<Outcome> + Send + 'static,
    ) {
        let mut slot = latest.lock();
        slot.waiting = Some(Box::new(work));
        if std::mem::replace(&mut slot.running, true) {
            return;
        }
        drop(slot);
        let (ends, own) = (self.ends.clone(), latest.clone());
        let started = spawn(name, move || {
            while let Some(work) = own.next() {
                ends.of(work);
            }
        });
        if !started {
            latest.lock().running = false;
        }
    }

    /// The ends so far.
    pub fn take(&self) -> Vec<Outcome> {
        self.outcomes.try_iter().collect()
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> bool {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread
        .spawn(body)
        .inspect_err(|error| tracing::error!(name, %error, "the system grants no thread"))
        .is_ok()
}

/// Work of which only the newest matters, as the writes of one file: one piece runs at a time, the newest waits, and
/// those in between are never done. So no older text lands on a newer one.
#[derive(Clone, Default)]
pub struct Latest(Arc<(Mutex<Slot>, Condvar)>);

#[derive(Default)]
struct Slot {
    waiting: Option<Work>,
    running: bool,
}

impl Latest {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done now; with nothing left the thread ends.
    fn next(&self) -> Option<Work> {
        let mut slot = self.lock();
        let work = slot.waiting.take();
        slot.running = work.is_some();
        if work.is_none() {
            self.0.1.notify_all();
        }
        work
    }

    /// Waits until all is done, as at the program's end.
    pub fn finish(&self) {
        let (slot, idle) = (self.lock(), &self.0.1);
        let waited = idle.wait_timeout_while(slot, LAST_WRITE, |slot| slot.running);
        if waited.is_ok_and(|(_, late)| late.timed_out()) {
            tracing::error!("a last write takes too long and is given up");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_piece_of_work_is_the_last_and_is_waited_for() {
        let background = Background::new(Arc::new(|| {}));
        let (latest, done) = (Latest::default(), Arc::new(Mutex::new(Vec::new())));
        for number in 0..50_u64 {
            let done = done.clone();
            background.run_latest("write", &latest, move || {
                // The older, the slower: side by side they would end in the opposite order.
                std::thread::sleep(Duration::from_millis(50 - number));
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(number);
                None
            });
            std::thread::sleep(Duration::from_millis(1));
        }
        latest.finish();
        let done = done.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(done.is_sorted(), "{done:?}");
        assert_eq!(done.last(), Some(&49));
        assert!(done.len() < 50, "those in between are passed over");
    }

    #[test]
    fn a_panic_costs_one_piece_of_work_alone() {
        let background = Background::new(Arc::new(|| {}));
        let (latest, done) = (Latest::default(), Arc::new(Mutex::new(false)));
        background.run_latest("write", &latest, || std::panic::resume_unwind(Box::new(())));
        let seen = done.clone();
        background.run_latest("write", &latest, move || {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = true;
            None
        });
        latest.finish();
        assert!(*done.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
