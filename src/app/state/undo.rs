//! What can be taken back, step by step: changes of the draft, and what was removed.

use std::path::{Path, PathBuf};

use super::presets::RemovedPreset;
use crate::engine::Removed;
use crate::request::Draft;

/// Steps that are kept.
const KEPT: usize = 100;

/// Names one step; never used twice, and greater than those of all earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(u64);

/// One step, with what is needed to take it back.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The draft was changed; this is what it was before.
    Draft(Box<Draft>),
    /// This picture, relative to the gallery, was moved to the gallery's trash.
    Trash(PathBuf),
    /// These jobs were taken out of the queue.
    Jobs(Vec<Removed>),
    /// This preset of one's own was removed.
    Preset(RemovedPreset),
    /// Another one was put in the place of this preset of one's own.
    Replaced(RemovedPreset),
}

/// The steps that can be taken back, of all kinds in one row.
#[derive(Debug, Default)]
pub struct UndoStack {
    steps: Vec<(StepId, Step)>,
    next: u64,
}

impl UndoStack {
    /// Adds a step; the oldest goes when there are too many.
    pub fn push(&mut self, step: Step) -> StepId {
        let id = StepId(self.next);
        self.next += 1;
        self.steps.push((id, step));
        let over = self.steps.len().saturating_sub(KEPT);
        self.steps.drain(..over);
        id
    }

    /// The name of the step that comes next.
    #[must_use]
    pub fn next(&self) -> StepId {
        StepId(self.next)
    }

    /// Takes the newest step off.
    pub fn pop(&mut self) -> Option<(StepId, Step)> {
        self.steps.pop()
    }

    /// Takes a step off that need not be the newest, if it [can](Self::can_take) be.
    pub fn take(&mut self, id: StepId) -> Option<Step> {
        if !self.can_take(id) {
            return None;
        }
        let place = self.steps.iter().position(|(known, _)| *known == id)?;
        Some(self.steps.remove(place).1)
    }

    /// Whether a step can be taken back out of its turn. One draft builds on the other, so that of those only the
    /// newest can, and so it is with what was in one file; what was removed can come back at any time.
    #[must_use]
    pub fn can_take(&self, id: StepId) -> bool {
        let Some((_, step)) = self.steps.iter().find(|(known, _)| *known == id) else {
            return false;
        };
        let builds_on_it = |later: &Step| match (step, later) {
            (Step::Draft(_), Step::Draft(_)) => true,
            (Step::Replaced(preset), Step::Replaced(later)) => preset.file == later.file,
            _ => false,
        };
        let mut later = self.steps.iter().filter(|(known, _)| *known > id);
        !later.any(|(_, step)| builds_on_it(step))
    }

    /// The newest step that moved this picture to the trash.
    #[must_use]
    pub fn trashed(&self, picture: &Path) -> Option<StepId> {
        let mut newest_first = self.steps.iter().rev();
        let found =
            newest_first.find(|(_, step)| matches!(step, Step::Trash(path) if path == picture));
        found.map(|(id, _)| *id)
    }

    /// Forgets a step that did not happen after all.
    pub fn forget(&mut self, id: StepId) {
        self.steps.retain(|(known, _)| *known != id);
    }

    /// Forgets the pictures in the trash: another gallery has another trash.
    pub fn forget_trash(&mut self) {
        self.steps
            .retain(|(_, step)| !matches!(step, Step::Trash(_)));
    }

    /// Whether there is nothing to take back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Step {
        Step::Draft(Box::default())
    }

    #[test]
    fn of_the_drafts_only_the_newest_is_taken_out_of_its_turn() {
        let mut stack = UndoStack::default();
        let (old, new) = (stack.push(draft()), stack.push(draft()));
        let trash = stack.push(Step::Trash("a.png".into()));
        assert!(!stack.can_take(old) && stack.can_take(new) && stack.can_take(trash));
        assert_eq!(stack.take(old), None);
        assert_eq!(stack.take(new), Some(draft()));
        assert!(stack.can_take(old), "it is the newest now");
        assert_eq!(stack.take(new), None, "nothing is taken twice");
        assert_eq!(stack.pop().map(|(id, _)| id), Some(trash));
    }

    #[test]
    fn of_one_file_only_the_newest_content_is_replaced_by_the_earlier_one() {
        let mut stack = UndoStack::default();
        let replaced = |file: &str| {
            Step::Replaced(RemovedPreset {
                name: String::new(),
                file: file.into(),
                bytes: Vec::new(),
            })
        };
        let old = stack.push(replaced("a.json"));
        let other = stack.push(replaced("b.json"));
        let new = stack.push(replaced("a.json"));
        assert!(!stack.can_take(old) && stack.can_take(other) && stack.can_take(new));
    }

    #[test]
    fn the_oldest_steps_go() {
        let mut stack = UndoStack::default();
        let first = stack.push(draft());
        for _ in 0..KEPT {
            stack.push(Step::Trash("a.png".into()));
        }
        assert!(!stack.can_take(first));
    }
}
