//! The engine: its queue, its model, and what that model's tokenizer says of a prompt.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use super::Services;
use crate::app::effect::Effect;
use crate::app::i18n::Message;
use crate::app::outcome::Outcome;
use crate::app::state::{MAX_TOKENS, ModelFacts, State, Step, TokenCount};
use crate::app::update;
use crate::checkpoint::Checkpoint;
use crate::engine::loader::place;
use crate::engine::memory::Demands;
use crate::engine::{JobId, ModelChoice, Queue, QueueError, Removed};
use crate::pipeline::{Precision, Suited};
use crate::request::Request;

impl Services {
    pub(super) fn queue(&self, state: &mut State, effect: Effect) {
        let queue = self.engine.queue();
        let result = match effect {
            Effect::Submit { request, first } => {
                let pushed = if first {
                    queue.push_front(*request)
                } else {
                    queue.push(*request)
                };
                pushed.map(|_| ())
            }
            Effect::CancelRunning => {
                self.engine.cancel_current();
                Ok(())
            }
            Effect::Cancel(id) => {
                let removed = queue.remove_where(|job| job.id == id);
                let runs = removed.is_empty();
                update::jobs_removed(state, removed);
                if runs { queue.cancel(id) } else { Ok(()) }
            }
            Effect::CancelWaiting => {
                update::jobs_removed(state, queue.remove_where(|_| true));
                Ok(())
            }
            Effect::Discard(ids) => {
                update::jobs_removed(state, queue.remove_where(|job| ids.contains(&job.id)));
                Ok(())
            }
            Effect::PutBack(removed) => put_back(queue, state, removed),
            Effect::Pause(paused) => {
                queue.set_paused(paused);
                Ok(())
            }
            Effect::Retry(id) => queue.retry(id),
            Effect::MoveBy(id, places) => queue.move_by(id, places),
            Effect::MoveBefore(id, before) => queue.move_before(id, before),
            Effect::Hold(job) => {
                queue.hold(job);
                Ok(())
            }
            Effect::EditJob(id, request) => edit(queue, state, id, *request),
            _ => Ok(()),
        };
        self.engine.look();
        match result {
            Ok(()) => {}
            // It ended between the press and now, which is what was wanted or no longer matters.
            Err(QueueError::Gone(_)) => {}
            Err(error) => state
                .notices
                .warn(Message::new("notice-queue").because(error)),
        }
    }

    pub(super) fn load(&self, state: &mut State, path: PathBuf) {
        let choice = state.settings.choice(path);
        if let Err(error) = self.engine.load(choice) {
            state
                .notices
                .error(Message::new("notice-engine").because(error));
        }
    }

    pub(super) fn count_tokens(&self, state: &State, prompt: String) {
        let Some(choice) = state.engine.loaded.clone() else {
            return;
        };
        let cache = self.tokenizer.clone();
        self.background.run("count tokens", move || {
            // One count at a time: the lock is held while the tokenizer is read.
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            let known = cache
                .as_ref()
                .filter(|(path, _)| *path == choice.path)
                .map(|(_, tokenizer)| tokenizer.clone());
            let tokenizer = match known {
                Some(tokenizer) => tokenizer,
                None => {
                    let tokenizer =
                        Arc::new(Checkpoint::open(&choice.path).ok()?.tokenizer().ok()?);
                    *cache = Some((choice.path, tokenizer.clone()));
                    tokenizer
                }
            };
            drop(cache);
            let tokens = tokenizer.encode(&prompt, MAX_TOKENS).ok()?;
            let cut_at = tokens.truncated.map(|cut| cut.bytes.start);
            Some(Outcome::Tokens(TokenCount {
                prompt,
                tokens: tokens.total,
                cut_at,
            }))
        });
    }
}

fn put_back(queue: &Queue, state: &mut State, removed: Vec<Removed>) -> Result<(), QueueError> {
    let back = queue.put_back(&removed);
    match back {
        Ok(()) => state.notices.back("notice-jobs-back", removed.len()),
        Err(_) => update::not_taken_back(state, Step::Jobs(removed)),
    }
    back
}

/// Gives a job another request. What was written is not lost with a job that has begun or ended meanwhile.
fn edit(queue: &Queue, state: &mut State, id: JobId, request: Request) -> Result<(), QueueError> {
    match queue.edit(id, request.clone()) {
        Err(QueueError::Gone(_) | QueueError::Running(_)) => {
            queue.push_front(request)?;
            state.notices.warn(Message::new("notice-edit-added"));
            Ok(())
        }
        edited => edited,
    }
}

/// What the headers of a checkpoint say.
pub(super) fn check_model(choice: &ModelChoice) -> Outcome {
    let path = choice.path.clone();
    let facts = Checkpoint::open(&path).map(|checkpoint| {
        use crate::checkpoint::Part;
        let sets = Part::ALL.map(|part| checkpoint.tensors(part));
        let dtypes: std::collections::BTreeSet<String> =
            sets.iter().flat_map(|set| set.dtypes()).collect();
        let bytes = checkpoint.bytes();
        let precision =
            place(choice, bytes).map_or(Precision::F32, |placement| placement.precision);
        // A hint that cannot be read is not worth refusing a model.
        let suited = Suited::read(&path)
            .inspect_err(|error| tracing::warn!(%error, "the usual sizes are offered"))
            .unwrap_or_default();
        let demands = Demands::of(&checkpoint, precision);
        ModelFacts {
            precision: dtypes.into_iter().collect::<Vec<_>>().join(", "),
            parameters: sets.iter().map(|set| set.parameters()).sum(),
            bytes,
            demands: Some(demands),
            suited,
            hash: checkpoint.quick_hash().ok(),
        }
    });
    Outcome::ModelChecked(path, facts.map_err(|error| error.to_string()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::app::settings::Settings;
    use crate::request::Draft;

    #[test]
    fn jobs_that_find_no_room_can_still_come_back_later() {
        let draft = Draft {
            prompt: "a fox".into(),
            ..Draft::default()
        };
        let request = draft.request().unwrap();
        let queue = Queue::in_memory();
        queue.push(request.clone()).unwrap();
        let removed = queue.remove_where(|_| true);
        while queue.push(request.clone()).is_ok() {}
        let mut state = State::new(Settings::default(), PathBuf::new());
        let full = put_back(&queue, &mut state, removed.clone());
        assert!(matches!(full, Err(QueueError::Full)), "{full:?}");
        let step = state.desk.undo.pop().map(|(_, step)| step);
        assert_eq!(step, Some(Step::Jobs(removed)));
    }
}
