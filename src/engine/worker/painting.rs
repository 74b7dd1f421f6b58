//! From a job to pictures on disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use super::super::loader::panic_trouble;
use super::super::queue::Ending;
use super::super::slots::Painting;
use super::super::{CancelToken, EngineError, Event, Job, JobId, Kept, Outcome, Progress, Status};
use super::Worker;
use crate::pipeline::Picture;
use crate::request::{Count, Request};

/// How the pictures of one job came out.
pub(super) enum Verdict {
    Finished,
    Cancelled,
    Failed(EngineError, Option<Arc<Picture>>),
}

impl Worker {
    /// Runs the next job, if there is one and a model for it; false when there is nothing to do.
    pub(super) fn start_a_job(&mut self) -> bool {
        let Some(choice) = self.choice.clone().filter(|_| !self.lost) else {
            return false;
        };
        if self.painter.is_none() {
            // After a panic the model is read again, but only once somebody wants a picture of it.
            if !self.engine.queue.has_next() || !self.load() {
                return false;
            }
        }
        let Some((job, token)) = self.engine.queue.start_next() else {
            return false;
        };
        self.current = Some(job.id);
        self.desk.tell(Event::Started(job.id));
        let mut pictures = Vec::new();
        let verdict = self.paint_all(&job, &token, &mut pictures);
        self.current = None;
        self.end(job.id, pictures, verdict);
        if !self.lost {
            self.desk.status(Status::Ready(choice));
        }
        true
    }

    /// Paints and keeps the job's pictures one by one, so that each is safe before the next begins.
    fn paint_all(
        &mut self,
        job: &Job,
        token: &CancelToken,
        pictures: &mut Vec<PathBuf>,
    ) -> Verdict {
        for index in job.painted..job.request.count.get() {
            let mut request = job.request.clone();
            request.seed = job.request.seed.nth(index);
            request.count = Count::default();
            self.desk
                .status(Status::Painting(Painting::begin(job, index)));
            let picture = match self.paint_one(job.id, index, &request, token) {
                Ok(picture) => Arc::new(picture),
                Err(EngineError::Cancelled) => return Verdict::Cancelled,
                Err(error) => return Verdict::Failed(error, None),
            };
            // The last look: from here on the picture counts as finished.
            if token.is_cancelled() {
                return Verdict::Cancelled;
            }
            let Some(provenance) = &self.provenance else {
                return Verdict::Failed(
                    EngineError::Model("no model is loaded; choose one".into()),
                    Some(picture),
                );
            };
            match self.engine.keeper.keep(&picture, &request, provenance) {
                Ok(kept) => {
                    pictures.push(kept.path.clone());
                    self.engine.queue.note_painted(job.id);
                    self.tell_kept(job.id, index, kept, picture);
                }
                Err(error) => return Verdict::Failed(error, Some(picture)),
            }
        }
        Verdict::Finished
    }

    fn tell_kept(&mut self, job: JobId, picture: u32, kept: Kept, pixels: Arc<Picture>) {
        self.desk.tell(Event::Kept {
            job,
            picture,
            seed: pixels.seed,
            kept,
            pixels,
        });
    }

    /// One picture, with a second attempt when memory ran out.
    fn paint_one(
        &mut self,
        job: JobId,
        index: u32,
        request: &Request,
        token: &CancelToken,
    ) -> Result<Picture, EngineError> {
        match self.attempt(job, index, request, token) {
            Err(EngineError::OutOfMemory(_)) if self.painter.is_some() && !token.is_cancelled() => {
                if let Some(painter) = &mut self.painter {
                    painter.free_caches();
                }
                self.attempt(job, index, request, token)
            }
            outcome => outcome,
        }
    }

    fn attempt(
        &mut self,
        job: JobId,
        index: u32,
        request: &Request,
        token: &CancelToken,
    ) -> Result<Picture, EngineError> {
        if token.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let (Some(painter), desk) = (&mut self.painter, &mut self.desk) else {
            return Err(EngineError::Model("no model is loaded; choose one".into()));
        };
        desk.shared.pulse.beat();
        let mut report = |progress: Progress<'_>| desk.progress(job, index, progress);
        match catch_unwind(AssertUnwindSafe(|| {
            painter.paint(request, &mut report, token)
        })) {
            Ok(outcome) => outcome,
            Err(panic) => {
                // What it left behind cannot be trusted.
                self.forget_painter();
                Err(panic_trouble(&*panic))
            }
        }
    }

    /// Sends the job's one terminal event.
    pub(super) fn end(&mut self, job: JobId, pictures: Vec<PathBuf>, verdict: Verdict) {
        let (ending, outcome) = match verdict {
            Verdict::Finished => (Ending::Leaves, Outcome::Finished(pictures)),
            Verdict::Cancelled if self.is_closing() => {
                (Ending::WaitsAgain, Outcome::PutBack(pictures))
            }
            Verdict::Cancelled => (Ending::Leaves, Outcome::Cancelled(pictures)),
            Verdict::Failed(error, _) if self.note_loss(&error) => {
                (Ending::WaitsAgain, Outcome::PutBack(pictures))
            }
            Verdict::Failed(error, unsaved) => (
                Ending::Failed(error.to_string()),
                Outcome::Failed {
                    error,
                    pictures,
                    unsaved,
                },
            ),
        };
        self.engine.queue.end(job, ending);
        self.desk.tell(Event::Ended { job, outcome });
    }
}
