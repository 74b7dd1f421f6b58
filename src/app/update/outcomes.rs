//! What comes back from work that ran elsewhere.

use std::path::PathBuf;

use super::draft;
use crate::app::effect::Effect;
use crate::app::i18n::Message;
use crate::app::notices::{Offer, Weight};
use crate::app::outcome::{Imported, Outcome};
use crate::app::settings::Settings;
use crate::app::state::{Dialog, Model, PresetEntry, RemovedPreset, State, Step, TypedPath};

pub(super) fn take(state: &mut State, outcome: Outcome, out: &mut Vec<Effect>) {
    match outcome {
        Outcome::Tokens(count) => state.desk.tokens = Some(count),
        Outcome::ModelChecked(path, facts) => {
            if let Some(model) = state.models.iter_mut().find(|model| model.path == path) {
                model.facts = Some(facts);
            }
        }
        Outcome::ModelPicked(path) => add_model(state, path, out),
        Outcome::FilesPicked(paths) => out.push(Effect::Import(paths)),
        Outcome::GalleryPicked(folder) => {
            super::change_settings(
                state,
                Settings {
                    gallery: Some(folder),
                    ..state.settings.clone()
                },
                out,
            );
        }
        Outcome::NoDialog(path) => type_path(state, path),
        Outcome::PathRefused(path, why) => {
            type_path(state, path);
            state.notices.error(why);
        }
        Outcome::Facts(path, facts) => {
            if state.gallery.chosen.as_ref() == Some(&path) {
                state.gallery.facts = Some((path, facts));
            }
        }
        Outcome::Presets(entries) => {
            state.presets.list(entries);
            apply_default_preset(state);
        }
        Outcome::PresetSaved {
            key,
            replaced,
            entries,
        } => preset_saved(state, key, replaced, entries),
        Outcome::PresetRemoved(preset, entries) => {
            state.presets.list(entries);
            super::presets::removed(state, preset);
        }
        Outcome::PresetRestored(name, entries) => {
            state.presets.list(entries);
            let said = Message::new("notice-preset-back").with("name", name);
            state.notices.good(said);
        }
        Outcome::NotTakenBack(step, why) => {
            super::not_taken_back(state, *step);
            state.notices.error(why);
        }
        Outcome::Imported(imported) => take_imported(state, *imported, out),
        Outcome::Devices(devices, system) => {
            state.devices = devices;
            state.system = *system;
        }
        Outcome::StillDesktop(still) => state.still_desktop = still,
        Outcome::Rescued(unsaved, path) => {
            state.unsaved.retain(|held| *held != unsaved);
            let path = path.display().to_string();
            let said = Message::new("notice-exported").with("path", path);
            state.notices.good(said);
        }
        Outcome::Said(Weight::Hint, message) => state.notices.hint(message),
        Outcome::Said(Weight::Good, message) => state.notices.good(message),
        Outcome::Said(Weight::Warning, message) => state.notices.warn(message),
        Outcome::Said(Weight::Error, message) => state.notices.error(message),
    }
}

/// Asks for a path, with what was typed of it.
fn type_path(state: &mut State, path: TypedPath) {
    state.layout.path = Some(path);
    state.layout.dialog = Some(Dialog::TypePath);
}

/// Says so, and shows where it is: the list may be long, and what was searched for may hide it. The preset whose place
/// it took can come back.
fn preset_saved(
    state: &mut State,
    key: String,
    replaced: Option<RemovedPreset>,
    entries: Vec<PresetEntry>,
) {
    state.presets.list(entries);
    let step = replaced.map(|preset| state.desk.undo.push(Step::Replaced(preset)));
    if step.is_some() {
        state.desk.edited = None;
    }
    let mut entries = state.presets.entries.iter().enumerate();
    let Some((place, entry)) = entries.find(|(_, entry)| entry.key == key) else {
        return;
    };
    let language = state.language();
    let said = Message::new("notice-preset-saved").with("name", entry.name(language));
    state.notices.say(Weight::Good, said, step.map(Offer::undo));
    state.presets.query.clear();
    // The settings are what it sets.
    state.presets.applied = Some(place);
    state.presets.reveal = Some(key);
}

/// A start without a draft begins with the preset of the settings.
fn apply_default_preset(state: &mut State) {
    if !std::mem::take(&mut state.desk.wants_preset) {
        return;
    }
    let Some(wanted) = &state.settings.preset else {
        return;
    };
    let mut entries = state.presets.entries.iter().enumerate();
    if let Some((place, entry)) = entries.find(|(_, entry)| &entry.key == wanted) {
        let language = state.language();
        entry.preset_in(language).apply(&mut state.draft);
        state.presets.applied = Some(place);
    }
}

fn add_model(state: &mut State, path: PathBuf, out: &mut Vec<Effect>) {
    if !state.models.iter().any(|model| model.path == path) {
        state.models.push(Model::added(path.clone()));
        out.push(Effect::SaveSession);
    }
    out.push(Effect::CheckModel(path));
    state.layout.dialog = Some(Dialog::Models);
}

/// Does the right thing with each kind of file, and says it all at once.
fn take_imported(state: &mut State, imported: Imported, out: &mut Vec<Effect>) {
    let Imported {
        presets,
        drafts,
        models,
        refused,
        warnings,
    } = imported;
    let detail = (!refused.is_empty() || !warnings.is_empty()).then(|| {
        let refused = refused.iter().map(|(name, why)| format!("{name}: {why}"));
        refused
            .chain(warnings.iter().cloned())
            .collect::<Vec<_>>()
            .join("\n")
    });
    let good = presets.len() + drafts.len() + models.len();
    let mut new = state.draft.clone();
    for draft in drafts.iter().take(1) {
        new = draft.clone();
    }
    // One preset is meant to be used; many are meant to be kept.
    if let [only] = presets.as_slice() {
        let language = state.language();
        only.preset_in(language).apply(&mut new);
        draft::warn_of_other_model(state, only);
    }
    let mut message = if good == 0 {
        Message::new("notice-import-nothing").with("refused", refused.len())
    } else {
        Message::new("notice-imported")
            .with("presets", presets.len())
            .with("pictures", drafts.len())
            .with("before", presets.len() + drafts.len())
            .with("models", models.len())
            .with("refused", refused.len())
    };
    message.detail = detail;
    if !presets.is_empty() {
        let known: Vec<String> = presets.iter().map(|entry| entry.key.clone()).collect();
        let others = std::mem::take(&mut state.presets.entries);
        let others = others
            .into_iter()
            .filter(|entry| !known.contains(&entry.key));
        state
            .presets
            .list(presets.into_iter().chain(others).collect());
    }
    for path in models {
        add_model(state, path, out);
    }
    if new != state.draft {
        draft::take_over(state, new, message, out);
    } else if good == 0 {
        state.notices.error(message);
    } else {
        state.notices.good(message);
    }
}
