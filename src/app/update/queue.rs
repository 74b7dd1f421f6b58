//! Changes of the queue. The queue itself is the engine's; here is only what the panels show of it.

use std::sync::Arc;

use crate::app::command::QueueChange;
use crate::app::effect::Effect;
use crate::app::i18n::Message;
use crate::app::state::{State, Step};
use crate::engine::{QueueView, Removed};
use crate::request::Draft;

pub(super) fn change(state: &mut State, change: QueueChange, out: &mut Vec<Effect>) {
    match change {
        QueueChange::Cancel(id) => out.push(Effect::Cancel(id)),
        QueueChange::Retry(id) => out.push(Effect::Retry(id)),
        QueueChange::MoveBy(id, places) => out.push(Effect::MoveBy(id, places)),
        QueueChange::MoveBefore(id, before) => out.push(Effect::MoveBefore(id, before)),
        QueueChange::Edit(id) => {
            let Some(job) = state.queue.jobs.iter().find(|job| job.id == id).cloned() else {
                return;
            };
            let before = match state.editing.take() {
                Some((_, before)) => before,
                None => Box::new(state.draft.clone()),
            };
            out.push(Effect::Hold(Some(id)));
            show(state, Draft::from(job.request.clone()), out);
            state.editing = Some((id, before));
            state.layout.left = true;
            state.layout.narrow = crate::app::state::Narrow::Write;
        }
        QueueChange::SaveEdit => {
            let Some((id, before)) = state.editing.take() else {
                return;
            };
            match state.draft.request() {
                Ok(request) => {
                    out.push(Effect::EditJob(id, Box::new(request)));
                    out.push(Effect::Hold(None));
                    show(state, *before, out);
                }
                Err(error) => {
                    state
                        .notices
                        .error(Message::new("why-request").with_cause("reason", error));
                    state.editing = Some((id, before));
                }
            }
        }
        QueueChange::LeaveEdit => {
            if let Some((_, before)) = state.editing.take() {
                out.push(Effect::Hold(None));
                show(state, *before, out);
            }
        }
    }
}

fn show(state: &mut State, draft: Draft, out: &mut Vec<Effect>) {
    super::draft::change(state, out, |present| *present = draft);
}

/// Says that jobs were taken out of the queue before they ran, and lets that be taken back.
pub fn jobs_removed(state: &mut State, removed: Vec<Removed>) {
    if removed.is_empty() {
        return;
    }
    let count = removed.len();
    let ids = removed.iter().map(|removed| removed.job.id);
    state.removed.extend(ids);
    let step = state.desk.undo.push(Step::Jobs(removed));
    state.desk.edited = None;
    state.notices.removed("notice-jobs-removed", step, count);
}

/// Takes in the queue as it is now. What was said of its rest is over once it goes on.
pub fn queue_seen(state: &mut State, queue: Arc<QueueView>) {
    if !queue.paused {
        state.notices.retire("notice-queue-paused");
        state.notices.retire("notice-queue-waits");
    }
    state.queue = queue;
}
