//! Presets that are removed, and come back.

use crate::app::effect::Effect;
use crate::app::i18n::Message;
use crate::app::notices::{Offer, Weight};
use crate::app::state::{RemovedPreset, State, Step};

/// Removes the preset of `place`, if it is one of the person's own.
pub(super) fn remove(state: &mut State, place: usize, out: &mut Vec<Effect>) {
    let Some(entry) = state.presets.entries.get(place) else {
        return;
    };
    let language = state.language();
    let name = entry.name(language).to_owned();
    let file = entry.file.clone();
    out.extend(file.map(|file| Effect::RemovePreset(file, name)));
    state.presets.applied = None;
}

/// Says that a preset is removed, and lets that be taken back.
pub(super) fn removed(state: &mut State, preset: RemovedPreset) {
    let said = Message::new("notice-preset-removed").with("name", preset.name.as_str());
    let step = state.desk.undo.push(Step::Preset(preset));
    state.desk.edited = None;
    state.notices.offer(Weight::Good, said, Offer::undo(step));
}
