//! What the engine tells.

use std::path::PathBuf;
use std::sync::Arc;

use super::{EngineError, JobId, Kept, ModelChoice, Provenance};
use crate::pipeline::{Picture, Stage};
use crate::request::Seed;

/// News from the engine's thread.
///
/// [`LoadProgress`](Event::LoadProgress), [`Stage`](Event::Stage) and [`Step`](Event::Step) may be skipped when nobody
/// reads them; every other event arrives, in order.
#[derive(Clone, Debug)]
pub enum Event {
    /// A model is being read.
    LoadStarted(ModelChoice),
    /// So much of it is read.
    LoadProgress {
        /// Bytes read.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// It is ready.
    Loaded {
        /// Which.
        choice: ModelChoice,
        /// What pictures will say about it.
        provenance: Provenance,
        /// How long it took.
        seconds: f64,
    },
    /// It is not, for a reason or since it was [cancelled](EngineError::Cancelled), and no model is loaded now. The
    /// queue is paused.
    LoadFailed {
        /// Which.
        choice: ModelChoice,
        /// Why.
        error: EngineError,
    },
    /// No model is loaded now.
    Unloaded,
    /// A job began.
    Started(JobId),
    /// A picture of the job enters a stage.
    Stage {
        /// The job.
        job: JobId,
        /// Which of its pictures, from 0.
        picture: u32,
        /// What begins.
        stage: Stage,
    },
    /// A step is done.
    Step {
        /// The job.
        job: JobId,
        /// Which of its pictures, from 0.
        picture: u32,
        /// Steps done.
        step: u32,
        /// Steps in all.
        steps: u32,
    },
    /// The text encoder did not see this end of the job's prompt.
    PromptCut {
        /// The job.
        job: JobId,
        /// What it did not see.
        cut: String,
    },
    /// A picture is finished and on disk.
    Kept {
        /// The job.
        job: JobId,
        /// Which of its pictures, from 0.
        picture: u32,
        /// Its own seed.
        seed: Seed,
        /// Where it is.
        kept: Kept,
        /// The pixels and the measured times.
        pixels: Arc<Picture>,
    },
    /// The job came to its end. Sent exactly once for each job that was ever in the queue.
    Ended {
        /// The job.
        job: JobId,
        /// How.
        outcome: Outcome,
    },
    /// The device cannot be used again by this process: offer [`restart`](super::handle::restart).
    DeviceLost(String),
    /// The thread recovered from a mistake in the program; the model is loaded again when it is needed.
    Recovered(String),
}

/// How a job ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All its pictures are in the gallery.
    Finished(Vec<PathBuf>),
    /// It was stopped. Pictures that were finished before are in the gallery; none was written after.
    Cancelled(Vec<PathBuf>),
    /// It could not be finished, and stays in the queue to be tried again.
    Failed {
        /// Why.
        error: EngineError,
        /// Pictures that were finished before.
        pictures: Vec<PathBuf>,
        /// A picture that is painted and could be written nowhere.
        unsaved: Option<Arc<Picture>>,
    },
    /// The program is closing or the device is lost: it is first in the queue of the next start.
    PutBack(Vec<PathBuf>),
}
