//! From a choice to a model in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::super::loader::panic_trouble;
use super::super::{CancelToken, EngineError, Event, ModelChoice, Painter, Status};
use super::Worker;

impl Worker {
    /// Loads the chosen model; true when it is ready.
    pub(super) fn load(&mut self) -> bool {
        let Some(choice) = self.choice.clone() else {
            return false;
        };
        if self.lost {
            let error = EngineError::DeviceLost("it was lost earlier".into());
            self.desk.tell(Event::LoadFailed { choice, error });
            return false;
        }
        let since = Instant::now();
        self.desk.tell(Event::LoadStarted(choice.clone()));
        match self.read(&choice, since) {
            Ok(painter) => {
                self.take_painter(painter, choice, since);
                true
            }
            Err(error) => {
                self.do_without(error, choice);
                false
            }
        }
    }

    /// Has the model read, with a token at hand that stops it.
    fn read(
        &mut self,
        choice: &ModelChoice,
        since: Instant,
    ) -> Result<Box<dyn Painter>, EngineError> {
        let cancel = CancelToken::new();
        self.desk.shared.loading.put(Some(cancel.clone()));
        // Whoever closes the program after this line finds the token; before it, this is seen.
        if self.is_closing() {
            cancel.cancel();
        }
        let (loader, desk) = (&mut self.engine.loader, &mut self.desk);
        let mut progress = |done, total| {
            desk.shared.pulse.beat();
            desk.status(Status::Loading {
                choice: choice.clone(),
                done,
                total,
                since,
            });
            desk.mention(Event::LoadProgress { done, total });
        };
        progress(0, 0);
        let read = catch_unwind(AssertUnwindSafe(|| {
            loader.load(choice, &mut progress, &cancel)
        }));
        self.desk.shared.loading.put(None);
        let painter = read.unwrap_or_else(|panic| Err(panic_trouble(&*panic)))?;
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        Ok(painter)
    }

    fn take_painter(&mut self, painter: Box<dyn Painter>, choice: ModelChoice, since: Instant) {
        let provenance = painter.provenance();
        self.painter = Some(painter);
        self.provenance = Some(provenance.clone());
        if std::mem::take(&mut self.paused_by_failure) {
            self.engine.queue.set_paused(false);
        }
        self.desk.status(Status::Ready(choice.clone()));
        self.desk.tell(Event::Loaded {
            choice,
            provenance,
            seconds: since.elapsed().as_secs_f64(),
        });
    }

    fn do_without(&mut self, error: EngineError, choice: ModelChoice) {
        // Else each waiting job would fail in turn.
        self.paused_by_failure |= !self.engine.queue.is_paused();
        self.engine.queue.set_paused(true);
        self.choice = None;
        self.desk.status(Status::NoModel);
        self.note_loss(&error);
        self.desk.tell(Event::LoadFailed { choice, error });
    }
}
