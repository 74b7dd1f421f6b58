//! Why an action cannot be done now. A control that is off says this as its tooltip.

use super::command::Action;
use super::i18n::Message;
use super::state::State;
use crate::engine::{JobState, Status};
use crate::request::RequestError;

/// The reason, or none when it can be done.
#[must_use]
pub fn why_not(state: &State, action: Action) -> Option<Message> {
    match action {
        Action::Generate | Action::GenerateNext => why_not_generate(state),
        Action::Cancel => {
            let loading = matches!(state.engine.status, Status::Loading { .. });
            (!loading && state.queue.running().is_none()).then(|| Message::new("why-nothing-runs"))
        }
        Action::Watch => state
            .queue
            .running()
            .is_none()
            .then(|| Message::new("why-nothing-runs")),
        Action::CancelWaiting => {
            let mut jobs = state.queue.jobs.iter();
            jobs.all(|job| job.state == JobState::Running)
                .then(|| Message::new("why-nothing-waits"))
        }
        Action::DismissNotices => state
            .notices
            .live()
            .next()
            .is_none()
            .then(|| Message::new("notices-empty")),
        Action::EarlierPrompt => state
            .desk
            .history
            .is_empty()
            .then(|| Message::new("why-no-history")),
        Action::LaterPrompt => state
            .desk
            .recalled
            .is_none()
            .then(|| Message::new("why-no-later-prompt")),
        Action::Undo => (state.desk.undo.is_empty() && state.gallery.view.undoable == 0)
            .then(|| Message::new("why-nothing-to-undo")),
        Action::Redo => state
            .desk
            .undone
            .is_empty()
            .then(|| Message::new("why-nothing-to-redo")),
        Action::NextPicture | Action::PreviousPicture | Action::NextRow | Action::PreviousRow => {
            state
                .gallery
                .shown()
                .is_empty()
                .then(|| Message::new("why-no-pictures"))
        }
        Action::Star | Action::Trash | Action::CopyPicture | Action::Reveal | Action::Export => {
            why_not_picture(state)
        }
        Action::ShowInfo => state
            .gallery
            .chosen
            .is_none()
            .then(|| Message::new("why-no-picture")),
        Action::CopyPrompt
        | Action::ReuseAll
        | Action::ReusePrompt
        | Action::ReuseSeed
        | Action::ReuseSize => why_not_reuse(state),
        Action::ZoomFit | Action::ZoomActual | Action::ZoomIn | Action::ZoomOut => {
            let something = state.gallery.chosen.is_some() || state.canvas.watching.is_some();
            (!something).then(|| Message::new("why-no-picture"))
        }
        Action::HoldToCompare if state.gallery.chosen.is_none() => {
            Some(Message::new("why-no-picture"))
        }
        Action::CompareSides | Action::CompareSlider | Action::HoldToCompare => {
            (state.gallery.shown().len() < 2).then(|| Message::new("why-one-picture"))
        }
        Action::RestartEngine
        | Action::PauseQueue
        | Action::FocusPrompt
        | Action::DrawSeed
        | Action::HoldSeed
        | Action::SwapSides
        | Action::Open
        | Action::PasteText
        | Action::SavePreset
        | Action::SearchGallery
        | Action::ShowQueue
        | Action::OpenFolder
        | Action::FoldLeft
        | Action::FoldRight
        | Action::OnlyPicture
        | Action::Models
        | Action::AddModel
        | Action::Settings
        | Action::System
        | Action::Keys
        | Action::Palette
        | Action::Notices
        | Action::SwitchLanguage
        | Action::SwitchTheme
        | Action::Quit => None,
    }
}

fn why_not_generate(state: &State) -> Option<Message> {
    if state.editing.is_some() {
        return Some(Message::new("why-editing"));
    }
    if state.engine.lost {
        return Some(Message::new("why-device-lost"));
    }
    if matches!(state.engine.status, Status::NoModel) {
        return Some(Message::new("why-no-model"));
    }
    let seed = state.desk.seed_text.trim();
    if !seed.is_empty() && seed.parse::<u64>().is_err() {
        return Some(Message::new("why-seed"));
    }
    match state.draft.request() {
        Ok(_) => None,
        Err(RequestError::EmptyPrompt) => Some(Message::new("why-empty-prompt")),
        Err(RequestError::PromptTooLong { .. }) => Some(Message::new("why-prompt-too-long")),
        Err(error @ RequestError::ControlCharacter { .. }) => {
            Some(Message::new("why-control-character").because(error))
        }
        Err(error) => Some(Message::new("why-request").with_cause("reason", error)),
    }
}

/// Nothing is done to a picture that a preview hides: whoever presses means what is seen.
fn why_not_picture(state: &State) -> Option<Message> {
    if state.gallery.chosen.is_none() {
        return Some(Message::new("why-no-picture"));
    }
    state.picture_hidden().then(|| Message::new("why-preview"))
}

fn why_not_reuse(state: &State) -> Option<Message> {
    if let Some(why) = why_not_picture(state) {
        return Some(why);
    }
    state
        .gallery
        .chosen_facts()
        .is_none()
        .then(|| Message::new("why-no-metadata"))
}
