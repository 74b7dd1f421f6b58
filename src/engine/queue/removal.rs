//! Jobs that leave the queue before they run, and come back if that was a mistake.

use std::sync::Arc;

use super::{Queue, QueueError, first_movable};
use crate::engine::job::{Job, JobId, JobState, MAX_JOBS};

/// A job that was taken out of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// Its place among the jobs that do not run.
    pub place: usize,
    /// The job as it was.
    pub job: Arc<Job>,
}

impl Queue {
    /// Takes every job out that does not run and is `wanted`; returns them as [`put_back`](Self::put_back) takes them.
    pub fn remove_where(&self, wanted: impl Fn(&Job) -> bool) -> Vec<Removed> {
        let mut shared = self.lock();
        let first = first_movable(&shared.view.jobs);
        let movable = shared.view.jobs.iter().skip(first).enumerate();
        let gone: Vec<Removed> = movable
            .filter(|(_, job)| job.state != JobState::Running && wanted(job))
            .map(|(place, job)| Removed {
                place,
                job: job.clone(),
            })
            .collect();
        if !gone.is_empty() {
            shared.cancelled.extend(gone.iter().map(|gone| gone.job.id));
            self.change(&mut shared, |jobs| {
                jobs.retain(|job| job.state == JobState::Running || !wanted(job));
            });
        }
        gone
    }

    /// Puts jobs back to where they were taken from, under new names, since their old ones have ended. Pictures that
    /// they made are not painted again.
    ///
    /// # Errors
    /// [`QueueError::Full`]; none is put back then.
    pub fn put_back(&self, removed: &[Removed]) -> Result<(), QueueError> {
        let mut shared = self.lock();
        if shared.view.jobs.len() + removed.len() > MAX_JOBS {
            return Err(QueueError::Full);
        }
        let mut next_id = shared.next_id;
        shared.next_id += removed.len() as u64;
        self.change(&mut shared, |jobs| {
            for Removed { place, job } in removed {
                let mut job = (**job).clone();
                job.id = JobId(next_id);
                next_id += 1;
                let place = (first_movable(jobs) + place).min(jobs.len());
                jobs.insert(place, Arc::new(job));
            }
        });
        Ok(())
    }
}
