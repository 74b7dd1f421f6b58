//! Changes of the queue. The queue itself is the engine's; here is only what the panels show of it.

use std::sync::Arc;

use crate::app::command::QueueChange;
use crate::app::effect::Effect;
use crate::app::i18n::Message;
use crate::app::state::{BeforeEdit, Narrow, State, Step};
use crate::engine::{JobId, QueueView, Removed};
use crate::request::Draft;

pub(super) fn change(state: &mut State, change: QueueChange, out: &mut Vec<Effect>) {
    match change {
        QueueChange::Cancel(id) => out.push(Effect::Cancel(id)),
        QueueChange::Retry(id) => out.push(Effect::Retry(id)),
        QueueChange::MoveBy(id, places) => out.push(Effect::MoveBy(id, places)),
        QueueChange::MoveBefore(id, before) => out.push(Effect::MoveBefore(id, before)),
        QueueChange::Edit(id) => edit(state, id, out),
        QueueChange::SaveEdit => {
            let Some((id, before)) = state.editing.take() else {
                return;
            };
            match state.draft.request() {
                Ok(request) => {
                    out.push(Effect::EditJob(id, Box::new(request)));
                    out.push(Effect::Hold(None));
                    show(state, before.draft, out);
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
                show(state, before.draft, out);
            }
        }
    }
}

/// Takes a job's request into the panels. Where it is there already, what was changed of it stays.
fn edit(state: &mut State, id: JobId, out: &mut Vec<Effect>) {
    let Some(job) = state.queue.jobs.iter().find(|job| job.id == id).cloned() else {
        return;
    };
    state.layout.left = true;
    state.layout.narrow = Narrow::Write;
    let known = state.editing.as_ref();
    if known.is_some_and(|(edited, _)| *edited == id) {
        return;
    }
    let draft = match state.editing.take() {
        Some((_, before)) => before.draft,
        None => state.draft.clone(),
    };
    out.push(Effect::Hold(Some(id)));
    show(state, Draft::from(job.request.clone()), out);
    let since = state.desk.undo.next();
    state.editing = Some((id, BeforeEdit { draft, since }));
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
