//! One job, and the jobs as a list at one moment.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::request::Request;

/// The most jobs that a queue holds.
pub const MAX_JOBS: usize = 5_000;

/// A job that stopped the program this often is not started again by itself.
pub const MAX_ATTEMPTS: u32 = 3;

/// Names one job for as long as its queue file lives; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

impl std::fmt::Display for JobId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// One request with its place in the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What is to be painted.
    pub request: Request,
    /// When it was asked for, in milliseconds since 1970 (UTC).
    pub created: u64,
    /// Where it stands.
    pub state: JobState,
    /// How many of its pictures are in the gallery already; the next one has the seed `request.seed + painted`.
    #[serde(default)]
    pub painted: u32,
    /// How often it was started without coming to an end.
    #[serde(default)]
    pub attempts: u32,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its turn.
    Waiting,
    /// It is being painted.
    Running,
    /// It ended without all its pictures, and waits to be tried again or removed.
    Failed {
        /// What happened, in words for the designer.
        reason: String,
    },
}

/// The queue at one moment. Cheap to take and to keep.
#[derive(Clone, Debug, Default)]
pub struct QueueView {
    /// The jobs in the order in which they run.
    pub jobs: Vec<Arc<Job>>,
    /// Whether new jobs are held back; a running one goes on.
    pub paused: bool,
    /// Grows with each change.
    pub revision: u64,
    /// Why the queue could not be written to disk, while that is so.
    pub unsaved: Option<String>,
}

impl QueueView {
    /// The job that runs, if one does.
    pub fn running(&self) -> Option<&Arc<Job>> {
        self.jobs.iter().find(|job| job.state == JobState::Running)
    }

    /// The jobs that wait, in order.
    pub fn waiting(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs
            .iter()
            .filter(|job| job.state == JobState::Waiting)
    }
}
