//! What the engine and the gallery tell.

use std::sync::Arc;

use crate::app::effect::Effect;
use crate::app::i18n::{Message, Value};
use crate::app::notices::{Offer, Weight};
use crate::app::state::{State, Unsaved};
use crate::engine::{
    EngineError, Event, JobId, Kept, ModelChoice, Outcome, Provenance, Status, keeper,
};
use crate::gallery::Notice;
use crate::pipeline::Picture;
use crate::request::{Count, Request};

/// Takes news from the engine's thread.
#[must_use]
pub fn engine_event(state: &mut State, event: Event) -> Vec<Effect> {
    let mut out = Vec::new();
    match event {
        Event::Loaded {
            choice,
            seconds,
            provenance,
        } => loaded(state, choice, seconds, provenance, &mut out),
        Event::LoadFailed {
            error: EngineError::Cancelled,
            ..
        } => {
            state.engine.loaded = None;
            state.notices.good(Message::new("notice-cancelled"));
        }
        Event::LoadFailed { choice, error } => {
            state.engine.loaded = None;
            let offer = match error {
                EngineError::Device(_) => Offer::OpenSettings,
                _ => Offer::OpenModels,
            };
            let said = Message::new("notice-load-failed")
                .with("name", state.model_name(&choice.path))
                .because(error);
            state.engine.refused = Some(choice.path);
            state.notices.offer(Weight::Error, said, offer);
        }
        Event::Unloaded => state.engine.loaded = None,
        Event::Started(job) => {
            state.canvas.watching = Some(job);
            state.canvas.preview = None;
        }
        Event::Kept { job, kept, .. } => self::kept(state, job, kept, &mut out),
        Event::Ended { job, outcome } => {
            // Who has watched it come into being needs no message that it is there.
            let watched = state.canvas.watching == Some(job);
            if watched {
                state.canvas.watching = None;
            }
            if !(watched && matches!(outcome, Outcome::Finished(_))) {
                ended(state, job, outcome, &mut out);
            } else {
                out.push(Effect::Attention);
            }
        }
        Event::DeviceLost(why) => {
            state.engine.lost = true;
            state.notices.offer(
                Weight::Error,
                Message::new("notice-device-lost").because(why),
                Offer::Restart,
            );
        }
        Event::PromptCut { cut, .. } => state
            .notices
            .warn(Message::new("notice-prompt-cut").because(cut)),
        Event::Recovered(why) => state
            .notices
            .warn(Message::new("notice-recovered").because(why)),
        Event::LoadStarted(_)
        | Event::LoadProgress { .. }
        | Event::Stage { .. }
        | Event::Step { .. } => {}
    }
    out
}

fn loaded(
    state: &mut State,
    choice: ModelChoice,
    seconds: f64,
    provenance: Provenance,
    out: &mut Vec<Effect>,
) {
    let name = state.model_name(&choice.path);
    tracing::info!(model = %name, seconds, "model loaded");
    // Events come before the status: what is asked of the model in use below must not mean the one before.
    state.engine.status = Status::Ready(choice.clone());
    let before = state.engine.loaded.replace(choice);
    state.engine.refused = None;
    let model = &provenance.model;
    let model = model.hash.as_ref().unwrap_or(&model.name);
    state.engine.forecast_key = format!("{model} {} {}", provenance.device, provenance.dtype);
    // The small model is at home on the processor; there is nothing to warn of.
    if let Some(notice) = provenance.notice.as_ref().filter(|_| !state.demo_active()) {
        let said = Message::new("notice-device").because(notice);
        state.notices.warn(said);
    }
    state.engine.provenance = Some(provenance);
    let now = state.engine.loaded.as_ref().map(|choice| &choice.path);
    if before.is_some_and(|before| Some(&before.path) != now) {
        offer_what_suits(state, name);
    }
    out.push(Effect::CountTokens(state.draft.full_prompt()));
}

/// After a switch from another model: its size, steps and guidance may be in the sliders still.
fn offer_what_suits(state: &mut State, name: String) {
    let suited = state.suited();
    let draft = &state.draft;
    let kept = suited.holds(draft.size)
        && suited.sizes.contains(&draft.size)
        && (draft.steps, draft.guidance) == (suited.steps, suited.guidance);
    if kept {
        return;
    }
    let said = Message::new("notice-suits")
        .with("name", name)
        .with("width", suited.native.width().to_string())
        .with("height", suited.native.height().to_string())
        .with("steps", suited.steps.get())
        .with("guidance", Value::Number(f64::from(suited.guidance.get())));
    state.notices.offer(Weight::Hint, said, Offer::UseWhatSuits);
}

/// Shows a finished picture to who has watched it, and says so when it is not where it should be.
fn kept(state: &mut State, job: JobId, kept: Kept, out: &mut Vec<Effect>) {
    if let Some(why) = kept.instead {
        let path = kept.path.display().to_string();
        let said = Message::new("notice-kept-instead")
            .with("path", path)
            .because(why);
        let offer = Offer::OpenSettings;
        state.notices.offer(Weight::Warning, said, offer);
    }
    // What it showed is finished.
    state.canvas.preview = None;
    let Ok(path) = kept.path.strip_prefix(&state.gallery_folder) else {
        return;
    };
    if state.canvas.watching == Some(job) {
        super::gallery::choose(state, path.to_owned(), out);
        // The next picture of the job shows its previews again.
        let running = state.queue.running().filter(|running| running.id == job);
        state.canvas.watching = running.map(|_| job);
        state.gallery.scroll_to_chosen = true;
    }
}

fn ended(state: &mut State, job: JobId, outcome: Outcome, out: &mut Vec<Effect>) {
    match outcome {
        Outcome::Finished(pictures) => {
            state
                .notices
                .good(Message::new("notice-finished").with("count", pictures.len()));
            out.push(Effect::Attention);
        }
        Outcome::Cancelled(_) => {
            // The removal of one that did not run is told already, with a way back.
            let known = state.removed.len();
            state.removed.retain(|removed| *removed != job);
            if state.removed.len() == known {
                state.notices.good(Message::new("notice-cancelled"));
            }
        }
        Outcome::Failed { error, unsaved, .. } => {
            if let Some(picture) = unsaved {
                hold(state, job, picture, out);
            }
            let key = match &error {
                EngineError::OutOfMemory(_) => "notice-out-of-memory",
                EngineError::NotSaved(_) => "notice-not-saved",
                _ => "notice-failed",
            };
            let message = Message::new(key).because(&error);
            match error {
                EngineError::NotSaved(_) => {
                    state
                        .notices
                        .offer(Weight::Error, message, Offer::OpenSettings)
                }
                _ => state.notices.error(message),
            }
            out.push(Effect::Attention);
        }
        Outcome::PutBack(_) => {}
    }
}

/// Keeps a picture that could be written nowhere, and the queue from painting more of them.
fn hold(state: &mut State, job: JobId, picture: Arc<Picture>, out: &mut Vec<Effect>) {
    let job = state.queue.jobs.iter().find(|known| known.id == job);
    let (Some(job), Some(provenance)) = (job, &state.engine.provenance) else {
        return;
    };
    let request = Request {
        seed: picture.seed,
        count: Count::default(),
        ..job.request.clone()
    };
    let metadata = Box::new(keeper::metadata(&picture, &request, provenance));
    state.unsaved.push(Unsaved { picture, metadata });
    out.push(Effect::Pause(true));
}

/// Takes what the gallery's thread has to say, and answers what is to be done.
#[must_use]
pub fn gallery_notice(state: &mut State, notice: Notice) -> Vec<Effect> {
    let mut out = Vec::new();
    match notice {
        Notice::Trashed(pictures) => {
            for picture in pictures {
                state.gallery.going.retain(|going| *going != picture);
                // Who has taken it back already needs no offer.
                if let Some(step) = state.desk.undo.trashed(&picture) {
                    state.notices.removed("notice-trashed", step, 1);
                }
            }
        }
        Notice::NotTrashed(pictures) => {
            for picture in pictures {
                state.gallery.going.retain(|going| *going != picture);
                let step = state.desk.undo.trashed(&picture);
                step.into_iter()
                    .for_each(|step| state.desk.undo.forget(step));
            }
        }
        Notice::NotRestored => state.notices.warn(Message::new("notice-not-restored")),
        Notice::Restored(pictures) => {
            let count = pictures.len();
            state.notices.back("notice-restored", count);
            if let Some(first) = pictures.into_iter().next() {
                // Who watches a job goes on watching it.
                let watching = state.canvas.watching;
                super::gallery::choose(state, first, &mut out);
                state.canvas.watching = watching;
                state.gallery.scroll_to_chosen = true;
            }
        }
        Notice::Problem(why) => {
            // An order that a busy gallery does not take is answered by nothing else.
            state.gallery.going.clear();
            state
                .notices
                .error(Message::new("notice-gallery").because(why));
        }
    }
    out
}
