//! Taking back, step by step, what was changed or removed.

use super::draft;
use crate::app::effect::Effect;
use crate::app::state::{State, Step, StepId};

/// Takes the last step back; where there is none, the last deletion of an earlier run.
pub(super) fn undo(state: &mut State, out: &mut Vec<Effect>) {
    match state.desk.undo.pop() {
        Some((id, step)) => take_back(state, id, step, out),
        None => out.push(Effect::UndoTrash(None)),
    }
}

/// Takes back the steps that a message offers to take back, the newest first.
pub(super) fn undo_steps(
    state: &mut State,
    steps: impl DoubleEndedIterator<Item = StepId>,
    out: &mut Vec<Effect>,
) {
    for id in steps.rev() {
        if let Some(step) = state.desk.undo.take(id) {
            take_back(state, id, step, out);
        }
    }
}

fn take_back(state: &mut State, id: StepId, step: Step, out: &mut Vec<Effect>) {
    match step {
        Step::Draft(earlier) => {
            state.desk.undone.push(state.draft.clone());
            state.desk.edited = None;
            // Back before a job was taken into the panels: what is in them now is not that job.
            if let Some((_, before)) = &state.editing
                && id < before.since
            {
                state.editing = None;
                out.push(Effect::Hold(None));
            }
            draft::put(state, *earlier, out);
        }
        Step::Trash(picture) => {
            state.gallery.going.retain(|going| *going != picture);
            out.push(Effect::UndoTrash(Some(picture)));
        }
        Step::Jobs(jobs) => out.push(Effect::PutBack(jobs)),
        Step::Preset(preset) => out.push(Effect::RestorePreset(preset)),
        Step::Replaced(preset) => out.push(Effect::UndoReplace(preset)),
    }
}

/// Keeps a step that could not be taken back after all, so that it can be tried again.
pub fn not_taken_back(state: &mut State, step: Step) {
    state.desk.undo.push(step);
    state.desk.edited = None;
}

/// Does the last change of the draft again that was taken back.
pub(super) fn redo(state: &mut State, out: &mut Vec<Effect>) {
    if let Some(later) = state.desk.undone.pop() {
        let before = Step::Draft(Box::new(state.draft.clone()));
        state.desk.undo.push(before);
        state.desk.edited = None;
        draft::put(state, later, out);
    }
}
