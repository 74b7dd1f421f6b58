//! The engine's loop: commands, then jobs, then rest.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError, select};

use super::error::panic_words;
use super::handle::Shared;
use super::loader::device_trouble;
use super::queue::Ending;
use super::slots::Painting;
use super::{
    CancelToken, Command, Engine, EngineError, Event, Job, JobId, Kept, ModelChoice, Outcome,
    Painter, Preview, Progress, Provenance, Status, priority,
};
use crate::pipeline::Picture;
use crate::request::{Count, Request};

pub(super) struct Worker {
    engine: Engine,
    inbox: Receiver<Command>,
    desk: Desk,
    /// What is loaded, or is to be loaded again before the next job.
    choice: Option<ModelChoice>,
    painter: Option<Box<dyn Painter>>,
    provenance: Option<Provenance>,
    /// The job in hand, for a mistake in the loop itself.
    current: Option<JobId>,
    lost: bool,
    /// Whether the queue is paused because a model could not be loaded, and not by the designer.
    paused_by_failure: bool,
}

/// The way out: events, status and previews.
struct Desk {
    events: Sender<Event>,
    /// What did not fit into the channel. Holds a few events a job at most.
    waiting: VecDeque<Event>,
    shared: Shared,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// How the pictures of one job came out.
enum Verdict {
    Finished,
    Cancelled,
    Failed(EngineError, Option<Arc<Picture>>),
}

impl Worker {
    pub(super) fn new(
        engine: Engine,
        shared: Shared,
        inbox: Receiver<Command>,
        events: Sender<Event>,
    ) -> Self {
        let desk = Desk {
            events,
            waiting: VecDeque::new(),
            shared,
            wake: engine.wake.clone(),
        };
        Self {
            engine,
            inbox,
            desk,
            choice: None,
            painter: None,
            provenance: None,
            current: None,
            lost: false,
            paused_by_failure: false,
        }
    }

    /// Runs until the handle closes, through any mistake of its own.
    pub(super) fn run(mut self) {
        priority::leave_the_window_its_share();
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work())) {
            let words = panic_words(&*panic);
            if let Some(job) = self.current.take() {
                self.end(
                    job,
                    Vec::new(),
                    Verdict::Failed(EngineError::Panicked(words.clone()), None),
                );
            }
            self.forget_painter();
            self.desk.tell(Event::Recovered(words));
        }
        self.forget_painter();
    }

    fn work(&mut self) {
        while !self.is_closing() {
            self.desk.flush();
            while let Some(job) = self.engine.queue.next_cancelled() {
                self.desk.tell(Event::Ended {
                    job,
                    outcome: Outcome::Cancelled(Vec::new()),
                });
            }
            if let Ok(command) = self.inbox.try_recv() {
                self.obey(command);
            } else if !self.start_a_job() {
                self.rest();
            }
        }
    }

    /// Waits for a command, or for room in the channel when an event waits for it.
    fn rest(&mut self) {
        let command = match self.desk.waiting.pop_front() {
            None => self.inbox.recv(),
            Some(event) => select! {
                recv(self.inbox) -> command => {
                    self.desk.waiting.push_front(event);
                    command
                }
                send(self.desk.events, event.clone()) -> sent => {
                    if sent.is_ok() {
                        (self.desk.wake)();
                    }
                    return;
                }
            },
        };
        match command {
            Ok(command) => self.obey(command),
            Err(_) => self.desk.shared.closing.store(true, Ordering::Relaxed),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Look => {}
            Command::SaveTo(place) => self.engine.keeper.save_to(place),
            Command::Unload => {
                self.choice = None;
                self.forget_painter();
                self.desk.status(Status::NoModel);
                self.desk.tell(Event::Unloaded);
            }
            Command::Load(choice) => {
                self.choice = Some(choice);
                self.forget_painter();
                self.load();
            }
        }
    }

    /// Loads the chosen model; true when it is ready.
    fn load(&mut self) -> bool {
        let Some(choice) = self.choice.clone() else {
            return false;
        };
        if self.lost {
            let error = EngineError::DeviceLost("it was lost earlier".into());
            self.desk.tell(Event::LoadFailed { choice, error });
            return false;
        }
        let since = Instant::now();
        let status = |done, total| Status::Loading {
            choice: choice.clone(),
            done,
            total,
            since,
        };
        self.desk.shared.pulse.beat();
        self.desk.status(status(0, 0));
        self.desk.tell(Event::LoadStarted(choice.clone()));

        let (loader, desk) = (&mut self.engine.loader, &mut self.desk);
        let mut progress = |done, total| {
            desk.shared.pulse.beat();
            desk.status(status(done, total));
            desk.mention(Event::LoadProgress { done, total });
        };
        let loaded = catch_unwind(AssertUnwindSafe(|| loader.load(&choice, &mut progress)));
        match loaded.unwrap_or_else(|panic| Err(EngineError::Panicked(panic_words(&*panic)))) {
            Ok(painter) => {
                let provenance = painter.provenance();
                self.painter = Some(painter);
                if std::mem::take(&mut self.paused_by_failure) {
                    self.engine.queue.set_paused(false);
                }
                self.provenance = Some(provenance.clone());
                self.desk.status(Status::Ready(choice.clone()));
                self.desk.tell(Event::Loaded {
                    choice,
                    provenance,
                    seconds: since.elapsed().as_secs_f64(),
                });
                true
            }
            Err(error) => {
                // Else each waiting job would fail in turn.
                self.paused_by_failure |= !self.engine.queue.is_paused();
                self.engine.queue.set_paused(true);
                self.choice = None;
                self.desk.status(Status::NoModel);
                self.note_loss(&error);
                self.desk.tell(Event::LoadFailed { choice, error });
                false
            }
        }
    }

    /// Runs the next job, if there is one and a model for it; false when there is nothing to do.
    fn start_a_job(&mut self) -> bool {
        let Some(choice) = self.choice.clone().filter(|_| !self.lost) else {
            return false;
        };
        if self.painter.is_none() {
            // After a panic the model is read again, but only once somebody wants a picture of it.
            let wanted = !self.engine.queue.is_paused()
                && self.engine.queue.view().waiting().next().is_some();
            if !wanted || !self.load() {
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
                Err(match device_trouble(&panic_words(&*panic)) {
                    // On a healthy device, CUDA's own failures may come as panics too.
                    trouble @ (EngineError::OutOfMemory(_) | EngineError::DeviceLost(_)) => trouble,
                    _ => EngineError::Panicked(panic_words(&*panic)),
                })
            }
        }
    }

    /// Sends the job's one terminal event.
    fn end(&mut self, job: JobId, pictures: Vec<PathBuf>, verdict: Verdict) {
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

    /// Whether the device is gone for good; says so once.
    fn note_loss(&mut self, error: &EngineError) -> bool {
        let EngineError::DeviceLost(reason) = error else {
            return false;
        };
        if !self.lost {
            self.lost = true;
            self.engine.queue.set_paused(true);
            self.desk.status(Status::DeviceLost(reason.clone()));
            self.desk.tell(Event::DeviceLost(reason.clone()));
        }
        true
    }

    /// Drops the model; a panic in its own clean-up is not worth more than a line in the log.
    fn forget_painter(&mut self) {
        let painter = self.painter.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(painter))) {
            tracing::error!("freeing the model failed: {}", panic_words(&*panic));
        }
    }

    fn is_closing(&self) -> bool {
        self.desk.shared.closing.load(Ordering::Relaxed)
    }
}

impl Desk {
    /// Sends an event that must arrive. Never waits: what does not fit is sent later, in order.
    fn tell(&mut self, event: Event) {
        self.waiting.push_back(event);
        self.flush();
    }

    /// Sends an event that may be skipped.
    fn mention(&mut self, event: Event) {
        self.flush();
        if self.waiting.is_empty() && self.events.try_send(event).is_ok() {
            (self.wake)();
        }
    }

    fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => (self.wake)(),
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return;
                }
                // Nobody is left to hear it.
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
    }

    fn status(&self, status: Status) {
        self.shared.status.put(status);
    }

    fn progress(&mut self, job: JobId, picture: u32, progress: Progress<'_>) {
        self.shared.pulse.beat();
        match progress {
            Progress::Stage(stage) => {
                self.update(|painting| painting.stage = Some(stage));
                self.mention(Event::Stage {
                    job,
                    picture,
                    stage,
                });
            }
            Progress::PromptCut(cut) => self.tell(Event::PromptCut { job, cut }),
            Progress::Step {
                step,
                steps,
                preview,
            } => {
                self.update(|painting| painting.note_step(step, steps));
                if self.shared.wants_preview.load(Ordering::Relaxed) {
                    self.shared.preview.put(Some(Preview {
                        job,
                        picture,
                        step,
                        image: preview(),
                    }));
                }
                self.mention(Event::Step {
                    job,
                    picture,
                    step,
                    steps,
                });
            }
        }
    }

    fn update(&self, change: impl FnOnce(&mut Painting)) {
        self.shared.status.update(|status| {
            if let Status::Painting(painting) = status {
                change(painting);
            }
        });
    }
}
