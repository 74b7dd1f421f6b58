//! The engine's loop: commands, then jobs, then rest.

mod desk;
mod loading;
mod painting;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender};

use super::error::panic_words;
use super::shared::Shared;
use super::{
    Command, Engine, EngineError, Event, JobId, ModelChoice, Outcome, Painter, Provenance, Status,
    priority,
};
use desk::Desk;
use painting::Verdict;

/// The engine's thread: what it is made of, and what it has in hand.
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

impl Worker {
    pub(super) fn new(
        engine: Engine,
        shared: Shared,
        inbox: Receiver<Command>,
        events: Sender<Event>,
    ) -> Self {
        Self {
            desk: Desk::new(events, shared, engine.wake.clone()),
            engine,
            inbox,
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
        match self.desk.wait(&self.inbox) {
            Ok(Some(command)) => self.obey(command),
            Ok(None) => {}
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
