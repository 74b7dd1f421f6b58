//! Changes of the draft, and of what is around it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::app::effect::Effect;
use crate::app::i18n::{Language, Message};
use crate::app::notices::{Offer, Weight};
use crate::app::state::{
    CanvasState, DEMO_PRESETS, Narrow, PresetEntry, RightTab, State, Step, StepId,
};
use crate::request::preset::Preset;
use crate::request::{Draft, ImageSize, Seed, without_style_word};

/// Changes that follow each other faster than this are one step of undo: a whole drag, a whole word.
const ONE_STEP: Duration = Duration::from_millis(900);
/// Prompts that are kept.
const HISTORY: usize = 200;

/// Puts another draft in the place of the present one, so that it can be undone.
pub(super) fn replace(state: &mut State, new: Draft, out: &mut Vec<Effect>) {
    step_to(state, new, out);
}

/// Does the same, and returns the step of undo if one begins here.
fn step_to(state: &mut State, new: Draft, out: &mut Vec<Effect>) -> Option<StepId> {
    if new == state.draft {
        return None;
    }
    let now = Instant::now();
    let desk = &mut state.desk;
    let begins = desk
        .edited
        .is_none_or(|edited| now.duration_since(edited) > ONE_STEP);
    let step = begins.then(|| {
        let before = Box::new(state.draft.clone());
        desk.undo.push(Step::Draft(before))
    });
    desk.edited = Some(now);
    desk.undone.clear();
    if new.prompt != state.draft.prompt {
        desk.recalled = None;
    }
    put(state, new, out);
    step
}

/// Changes the draft as one step of undo of its own.
pub(super) fn change(state: &mut State, out: &mut Vec<Effect>, change: impl FnOnce(&mut Draft)) {
    change_in_a_step(state, out, change);
}

/// Does the same, and returns that step; none when nothing changes.
fn change_in_a_step(
    state: &mut State,
    out: &mut Vec<Effect>,
    change: impl FnOnce(&mut Draft),
) -> Option<StepId> {
    let mut new = state.draft.clone();
    change(&mut new);
    state.desk.edited = None;
    let step = step_to(state, new, out);
    state.desk.edited = None;
    step
}

pub(super) fn put(state: &mut State, new: Draft, out: &mut Vec<Effect>) {
    let recount = new.full_prompt() != state.draft.full_prompt();
    if new.seed != state.draft.seed {
        state.desk.seed_text = new.seed.map(|seed| seed.to_string()).unwrap_or_default();
    }
    state.desk.follow(&state.draft, &new);
    state.draft = new;
    if recount {
        out.push(Effect::CountTokens(state.draft.full_prompt()));
    }
    out.push(Effect::SaveSession);
}

pub(super) fn seed_text(state: &mut State, text: String, out: &mut Vec<Effect>) {
    let trimmed = text.trim();
    let seed = if trimmed.is_empty() {
        Some(None)
    } else {
        trimmed.parse().ok().map(|seed| Some(Seed(seed)))
    };
    state.desk.seed_text = text;
    if let Some(seed) = seed {
        let typed = state.desk.seed_text.clone();
        replace(
            state,
            Draft {
                seed,
                ..state.draft.clone()
            },
            out,
        );
        // "007" is the seed 7, and stays as it is typed.
        state.desk.seed_text = typed;
    }
}

pub(super) fn draw_seed(state: &mut State, out: &mut Vec<Effect>) {
    change(state, out, |draft| draft.seed = Some(Seed::random()));
}

/// Holds the seed of the chosen picture (or draws one), or lets it be another each time.
pub(super) fn hold_seed(state: &mut State, out: &mut Vec<Effect>) {
    let last = state.gallery.chosen_facts().map(|facts| facts.request.seed);
    change(state, out, |draft| {
        draft.seed = match draft.seed {
            Some(_) => None,
            None => Some(last.unwrap_or_else(Seed::random)),
        };
    });
}

pub(super) fn swap_sides(state: &mut State, out: &mut Vec<Effect>) {
    let size = state.draft.size;
    if let Ok(swapped) = ImageSize::new(size.height(), size.width()) {
        change(state, out, |draft| draft.size = swapped);
    }
}

/// Puts a word of style behind the prompt, or takes it out.
pub(super) fn style_word(state: &mut State, word: &str, out: &mut Vec<Effect>) {
    let prompt = state.draft.prompt.clone();
    let new = without_style_word(&prompt, word).unwrap_or_else(|| {
        let written = Draft {
            prompt,
            style: word.to_owned(),
            ..Draft::default()
        };
        written.full_prompt()
    });
    change(state, out, |draft| draft.prompt = new);
}

/// Takes the size, steps and guidance that the model in use was made for.
pub(super) fn use_what_suits(state: &mut State, out: &mut Vec<Effect>) {
    let suited = state.suited();
    change(state, out, |draft| {
        (draft.size, draft.steps, draft.guidance) = (suited.native, suited.steps, suited.guidance);
    });
}

pub(super) fn earlier_prompt(state: &mut State, out: &mut Vec<Effect>) {
    let (place, before) = match state.desk.recalled.take() {
        Some((place, before)) => (place.saturating_sub(1), before),
        None => (
            state.desk.history.len().saturating_sub(1),
            state.draft.prompt.clone(),
        ),
    };
    recall(state, place, before, out);
}

pub(super) fn later_prompt(state: &mut State, out: &mut Vec<Effect>) {
    let Some((place, before)) = state.desk.recalled.take() else {
        return;
    };
    if place + 1 < state.desk.history.len() {
        recall(state, place + 1, before, out);
    } else {
        replace(
            state,
            Draft {
                prompt: before,
                ..state.draft.clone()
            },
            out,
        );
    }
}

/// Takes the prompt of `place`, as walking there by key would.
pub(super) fn recall_prompt(state: &mut State, place: usize, out: &mut Vec<Effect>) {
    let before = match state.desk.recalled.take() {
        Some((_, before)) => before,
        None => state.draft.prompt.clone(),
    };
    recall(state, place, before, out);
    state.desk.focus_prompt = true;
}

fn recall(state: &mut State, place: usize, before: String, out: &mut Vec<Effect>) {
    let Some(prompt) = state.desk.history.get(place).cloned() else {
        return;
    };
    replace(
        state,
        Draft {
            prompt,
            ..state.draft.clone()
        },
        out,
    );
    state.desk.recalled = Some((place, before));
}

pub(super) fn generate(state: &mut State, first: bool, out: &mut Vec<Effect>) {
    let request = match state.draft.request() {
        Ok(request) => request,
        Err(error) => {
            state
                .notices
                .error(Message::new("why-request").with_cause("reason", error));
            return;
        }
    };
    let prompt = state.draft.prompt.clone();
    state.desk.history.retain(|earlier| *earlier != prompt);
    state.desk.history.push(prompt);
    let over = state.desk.history.len().saturating_sub(HISTORY);
    state.desk.history.drain(..over);
    state.desk.recalled = None;
    state.layout.narrow = Narrow::Look;
    let CanvasState { compare, .. } = &mut state.canvas;
    *compare = None;
    if state.queue.paused {
        let key = match state.recovery {
            Some(_) => "notice-queue-waits",
            None => "notice-queue-paused",
        };
        state.notices.warn(Message::new(key));
    }
    out.extend([
        Effect::Submit {
            request: Box::new(request),
            first,
        },
        Effect::SaveSession,
    ]);
}

pub(super) fn apply_preset(state: &mut State, place: usize, out: &mut Vec<Effect>) {
    let Some(entry) = state.presets.entries.get(place) else {
        return;
    };
    let language = state.language();
    let name = entry.name(language).to_owned();
    let preset = entry.preset_in(language);
    let step = change_in_a_step(state, out, |draft| preset.apply(draft));
    state.presets.applied = Some(place);
    let (weight, said) = applied(state, name, &preset);
    state.notices.say(weight, said, step.map(Offer::undo));
}

/// What is said of a preset that was applied: also that it was made for another model than the one in use.
fn applied(state: &State, name: String, preset: &Preset) -> (Weight, Message) {
    match state.current_model() {
        Some(current) if !state.suits_model(preset) => {
            let said = Message::new("notice-preset-other-model")
                .with("name", name)
                .with("model", state.made_for(preset))
                .with("current", current.name.as_str());
            (Weight::Warning, said)
        }
        _ => {
            let said = Message::new("notice-preset-applied").with("name", name);
            (Weight::Good, said)
        }
    }
}

/// The same of one that came from outside, where there is something to say.
pub(super) fn warn_of_other_model(state: &mut State, entry: &PresetEntry) {
    if state.suits_model(&entry.preset) {
        return;
    }
    let name = entry.name(state.language());
    let (_, said) = applied(state, name.to_owned(), &entry.preset);
    state.notices.warn(said);
}

pub(super) fn save_preset(
    state: &mut State,
    name: &str,
    with_prompt: bool,
    with_picture: bool,
    out: &mut Vec<Effect>,
) {
    let mut preset = Preset::from_draft(name, &state.draft);
    if state.language() == Language::Chinese {
        preset.name_zh = preset.name.clone();
    }
    keep_preset(state, preset, None, with_prompt, with_picture, out);
}

/// Puts the settings in the place of an own preset; what it is called and said to be good for stays, and its thumbnail
/// until there is another.
pub(super) fn replace_preset(
    state: &mut State,
    place: usize,
    with_prompt: bool,
    with_picture: bool,
    out: &mut Vec<Effect>,
) {
    let Some(entry) = state.presets.entries.get(place) else {
        return;
    };
    let old = &entry.preset;
    let preset = Preset {
        name: old.name.clone(),
        name_zh: old.name_zh.clone(),
        about: old.about.clone(),
        about_zh: old.about_zh.clone(),
        unknown: old.unknown.clone(),
        thumbnail: old.thumbnail.clone(),
        ..Preset::from_draft("", &state.draft)
    };
    let name = entry.name(state.language()).to_owned();
    let replaced = entry.file.clone().map(|file| (file, name));
    keep_preset(state, preset, replaced, with_prompt, with_picture, out);
}

fn keep_preset(
    state: &mut State,
    mut preset: Preset,
    replaced: Option<(PathBuf, String)>,
    with_prompt: bool,
    with_picture: bool,
    out: &mut Vec<Effect>,
) {
    preset.model = state.current_model().map(|model| {
        if model.demo {
            DEMO_PRESETS.to_owned()
        } else {
            model.name.clone()
        }
    });
    if !with_prompt {
        preset.prompt = None;
    }
    let chosen = state.gallery.chosen.as_ref().filter(|_| with_picture);
    let picture = chosen.map(|path| super::full(state, path));
    state.layout.dialog = None;
    out.push(Effect::SavePreset {
        preset: Box::new(preset),
        picture,
        replaced,
    });
}

/// Shows the settings of a picture or of an imported file.
pub(super) fn take_over(state: &mut State, new: Draft, said: Message, out: &mut Vec<Effect>) {
    let step = change_in_a_step(state, out, |draft| *draft = new);
    let offer = step.map(Offer::undo);
    state.notices.say(Weight::Good, said, offer);
    if state.layout.tab == RightTab::Info && !state.layout.left {
        state.layout.left = true;
    }
}
