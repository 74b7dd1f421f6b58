//! The one place where the state changes: a command or an event comes in, effects go out.

mod draft;
mod events;
mod gallery;
mod outcomes;
mod presets;
mod queue;
mod undo;

pub use events::{engine_event, gallery_notice};
pub use queue::{jobs_removed, queue_seen};
pub use undo::not_taken_back;

use std::path::{Path, PathBuf};

use eframe::egui::ThemePreference;

use super::command::{Action, Command};
use super::effect::Effect;
use super::i18n::{Language, Message};
use super::notices::Offer;
use super::reasons::why_not;
use super::settings::Settings;
use super::state::{Closing, CompareMode, Dialog, RightTab, State, Zoom, ratio_of};

/// What a command brings about, besides its change of `state`.
#[must_use]
pub fn command(state: &mut State, command: Command) -> Vec<Effect> {
    let mut effects = Vec::new();
    let out = &mut effects;
    match command {
        Command::Do(action) => act(state, action, out),
        Command::Draft(new) => draft::replace(state, *new, out),
        Command::SeedText(text) => draft::seed_text(state, text, out),
        Command::KeepRatio(keep) => {
            state.desk.keep_ratio = keep.then(|| ratio_of(state.draft.size));
        }
        Command::StyleWord(word) => draft::style_word(state, &word, out),
        Command::ClearStyle => draft::change(state, out, |draft| draft.style.clear()),
        Command::RecallPrompt(place) => draft::recall_prompt(state, place, out),
        Command::ShowNegative(open) => state.desk.negative_open = open,
        Command::ShowWords(open) => state.desk.words_open = open,
        Command::Queue(change) => queue::change(state, change, out),
        Command::ResumeQueue
        | Command::DiscardQueue
        | Command::HeldBack { .. }
        | Command::SaveUnsaved
        | Command::DiscardUnsaved => answer_offer(state, command, out),
        Command::Search(_)
        | Command::OnlyStarred(_)
        | Command::Choose(_)
        | Command::Trash(_)
        | Command::CompareWith(_)
        | Command::GridColumns(_)
        | Command::Reuse(_)
        | Command::ExportAs(_)
        | Command::NeedThumbnail(_) => gallery::command(state, command, out),
        Command::Canvas { zoom, pan } => {
            state.canvas.zoom = zoom;
            state.canvas.pan = pan;
        }
        Command::Drawn(scale) => state.canvas.drawn = Some(scale),
        Command::Divider(share) => state.canvas.divider = share,
        Command::SearchPresets(query) => state.presets.query = query,
        Command::ApplyPreset(place) => draft::apply_preset(state, place, out),
        Command::RemovePreset(place) => presets::remove(state, place, out),
        Command::SavePresetAs {
            name,
            with_prompt,
            with_picture,
        } => draft::save_preset(state, &name, with_prompt, with_picture, out),
        Command::ReplacePreset {
            place,
            with_prompt,
            with_picture,
        } => draft::replace_preset(state, place, with_prompt, with_picture, out),
        Command::ChooseModel(place) => choose_model(state, place, out),
        Command::ForgetModel(place) => {
            if place < state.models.len() {
                state.models.remove(place);
                out.push(Effect::SaveSession);
            }
        }
        Command::Tab(tab) => state.layout.tab = tab,
        Command::Narrow(page) => state.layout.narrow = page,
        Command::OpenDialog(dialog) => open_dialog(state, dialog),
        Command::CloseDialog => state.layout.dialog = None,
        Command::PaletteQuery(query) => {
            state.layout.palette_query = query;
            state.layout.palette_line = 0;
        }
        Command::PaletteLine(line) => state.layout.palette_line = line,
        Command::SayWhyNot(action) => {
            if let Some(why) = why_not(state, action) {
                state.notices.hint(why);
            }
        }
        Command::Settings(settings) => change_settings(state, *settings, out),
        Command::PickGalleryFolder => out.push(Effect::PickGallery),
        Command::TypePath(text) => {
            if let Some(path) = &mut state.layout.path {
                path.text = text;
            }
        }
        Command::UsePath => {
            state.layout.dialog = None;
            out.extend(state.layout.path.take().map(Effect::UsePath));
        }
        Command::Import(paths) => out.push(Effect::Import(paths)),
        Command::ImportText(text) => out.push(Effect::ImportText(text)),
        Command::DismissNotice(id) => {
            state.notices.dismiss(id);
        }
        Command::TakeOffer(id) => {
            if let Some(offer) = state.notices.dismiss(id).and_then(|notice| notice.offer) {
                take_offer(state, offer, out);
            }
        }
        Command::CloseAnyway => {
            state.closing = Closing::Yes;
            out.push(Effect::Close);
        }
        Command::StayOpen => state.closing = Closing::No,
        Command::CopyText(text) => out.push(Effect::CopyText(text)),
        Command::Outcome(outcome) => outcomes::take(state, outcome, out),
    }
    keep_offers(state);
    // A path that is typed lives no longer than its dialog: a whole picture may hang on it.
    if state.layout.dialog != Some(Dialog::TypePath) {
        state.layout.path = None;
    }
    effects
}

/// Lets go of offers to take back what was taken back already, or is covered by later changes.
fn keep_offers(state: &mut State) {
    let undo = &state.desk.undo;
    state.notices.keep_offers(|step| undo.can_take(step));
}

/// What was pressed in a banner.
fn answer_offer(state: &mut State, command: Command, out: &mut Vec<Effect>) {
    match command {
        Command::ResumeQueue => {
            state.recovery = None;
            out.push(Effect::Pause(false));
        }
        Command::DiscardQueue => {
            state.recovery = None;
            state.held_back = 0;
            // What was added since is no part of what is given up.
            let earlier = std::mem::take(&mut state.recovered);
            out.extend([Effect::Discard(earlier), Effect::Pause(false)]);
        }
        Command::HeldBack { show } => {
            state.held_back = 0;
            if show {
                show_tab(state, RightTab::Queue);
            }
        }
        Command::SaveUnsaved => {
            out.extend(state.unsaved.first().cloned().map(Effect::SaveUnsaved));
        }
        Command::DiscardUnsaved if !state.unsaved.is_empty() => {
            state.unsaved.remove(0);
        }
        _ => {}
    }
}

fn act(state: &mut State, action: Action, out: &mut Vec<Effect>) {
    if let Some(why) = why_not(state, action) {
        // A key that does nothing must not leave a person guessing; moving through an empty list needs no words.
        if !matches!(
            action,
            Action::NextPicture
                | Action::PreviousPicture
                | Action::NextRow
                | Action::PreviousRow
                | Action::Cancel
                | Action::LaterPrompt
                | Action::DismissNotices
        ) {
            state.notices.hint(why);
        }
        return;
    }
    match action {
        Action::Generate => draft::generate(state, false, out),
        Action::GenerateNext => draft::generate(state, true, out),
        Action::Cancel => out.push(Effect::CancelRunning),
        Action::Watch => gallery::watch(state),
        Action::CancelWaiting => out.push(Effect::CancelWaiting),
        Action::PauseQueue => {
            out.push(Effect::Pause(!state.queue.paused));
            state.recovery = None;
        }
        Action::FocusPrompt => {
            state.layout.left = true;
            state.layout.narrow = super::state::Narrow::Write;
            state.desk.focus_prompt = true;
        }
        Action::EarlierPrompt => draft::earlier_prompt(state, out),
        Action::LaterPrompt => draft::later_prompt(state, out),
        Action::DrawSeed => draft::draw_seed(state, out),
        Action::HoldSeed => draft::hold_seed(state, out),
        Action::SwapSides => draft::swap_sides(state, out),
        Action::Undo => undo::undo(state, out),
        Action::Redo => undo::redo(state, out),
        Action::Open => out.push(Effect::PickFiles),
        Action::AddModel => out.push(Effect::PickModel),
        Action::PasteText
        | Action::SavePreset
        | Action::Export
        | Action::Models
        | Action::Settings
        | Action::System
        | Action::Keys
        | Action::Palette
        | Action::Notices => {
            if let Some(dialog) = dialog_of(action) {
                open_dialog(state, dialog);
            }
            // What is free changes all the time.
            if action == Action::System {
                out.push(Effect::Devices);
            }
        }
        Action::SearchGallery => {
            show_tab(state, RightTab::Gallery);
            state.desk.focus_search = true;
        }
        Action::ShowQueue => show_tab(state, RightTab::Queue),
        Action::ShowInfo => show_tab(state, RightTab::Info),
        Action::NextPicture
        | Action::PreviousPicture
        | Action::NextRow
        | Action::PreviousRow
        | Action::HoldToCompare
        | Action::Star
        | Action::Trash
        | Action::CopyPicture
        | Action::CopyPrompt
        | Action::Reveal
        | Action::OpenFolder
        | Action::ReuseAll
        | Action::ReusePrompt
        | Action::ReuseSeed
        | Action::ReuseSize => gallery::act(state, action, out),
        Action::ZoomFit => zoom(state, Zoom::Fit),
        Action::ZoomActual => zoom(state, Zoom::Scale(1.0)),
        Action::ZoomIn => zoom_by(state, 1.25),
        Action::ZoomOut => zoom_by(state, 0.8),
        Action::CompareSides => gallery::compare(state, CompareMode::Sides, out),
        Action::CompareSlider => gallery::compare(state, CompareMode::Slider, out),
        Action::FoldLeft => state.layout.left = !state.layout.left,
        Action::FoldRight => state.layout.right = !state.layout.right,
        Action::OnlyPicture => {
            let open = !(state.layout.left || state.layout.right);
            (state.layout.left, state.layout.right) = (open, open);
        }
        Action::DismissNotices => state.notices.dismiss_all(),
        Action::SwitchLanguage => switch_language(state, out),
        Action::SwitchTheme => switch_theme(state, out),
        Action::RestartEngine => out.push(Effect::Restart),
        Action::Quit => out.push(Effect::Close),
    }
}

/// The dialog that an action opens.
fn dialog_of(action: Action) -> Option<Dialog> {
    Some(match action {
        Action::PasteText => Dialog::PasteText,
        Action::SavePreset => Dialog::SavePreset,
        Action::Export => Dialog::Export,
        Action::Models => Dialog::Models,
        Action::Settings => Dialog::Settings,
        Action::System => Dialog::System,
        Action::Keys => Dialog::Keys,
        Action::Palette => Dialog::Palette,
        Action::Notices => Dialog::Notices,
        _ => return None,
    })
}

fn switch_language(state: &mut State, out: &mut Vec<Effect>) {
    let language = match state.language() {
        Language::Chinese => Language::English,
        Language::English => Language::Chinese,
    };
    let settings = Settings {
        language: Some(language),
        ..state.settings.clone()
    };
    change_settings(state, settings, out);
}

fn switch_theme(state: &mut State, out: &mut Vec<Effect>) {
    let theme = match state.settings.theme {
        ThemePreference::Light => ThemePreference::Dark,
        ThemePreference::Dark => ThemePreference::System,
        ThemePreference::System => ThemePreference::Light,
    };
    let settings = Settings {
        theme,
        ..state.settings.clone()
    };
    change_settings(state, settings, out);
}

fn open_dialog(state: &mut State, dialog: Dialog) {
    // The key that opened a dialog closes it.
    if state.layout.dialog == Some(dialog) {
        state.layout.dialog = None;
        return;
    }
    state.layout.dialog = Some(dialog);
    state.layout.palette_query.clear();
    state.layout.palette_line = 0;
}

fn show_tab(state: &mut State, tab: RightTab) {
    state.layout.tab = tab;
    state.layout.right = true;
    state.layout.narrow = super::state::Narrow::Browse;
}

fn zoom(state: &mut State, zoom: Zoom) {
    state.canvas.zoom = zoom;
    state.canvas.pan = (0.0, 0.0);
}

fn zoom_by(state: &mut State, factor: f32) {
    let from = match state.canvas.zoom {
        Zoom::Scale(scale) => scale,
        Zoom::Fit => state.canvas.drawn.unwrap_or(1.0),
    };
    state.canvas.zoom = Zoom::Scale((from * factor).clamp(0.05, 32.0));
    state.canvas.pan = (state.canvas.pan.0 * factor, state.canvas.pan.1 * factor);
}

fn choose_model(state: &mut State, place: usize, out: &mut Vec<Effect>) {
    let Some(model) = state.models.get(place) else {
        return;
    };
    let path = model.path.clone();
    state.settings.model = Some(path.clone());
    if state.queue.running().is_some() {
        say_after_job(state, &path);
    }
    out.push(Effect::Load(path));
    out.push(Effect::Settings(Box::new(state.settings.clone())));
}

fn change_settings(state: &mut State, new: Settings, out: &mut Vec<Effect>) {
    let old = std::mem::replace(&mut state.settings, new);
    let new = &state.settings;
    let elsewhere =
        (old.device, old.precision, old.low_memory) != (new.device, new.precision, new.low_memory);
    if elsewhere {
        load_again(state, out);
    }
    let new = &state.settings;
    if old.previews != new.previews {
        out.push(Effect::Previews(new.previews));
    }
    let moved = old.gallery != new.gallery;
    let renamed = old.pattern != new.pattern;
    out.push(Effect::Settings(Box::new(new.clone())));
    if moved {
        if let Some(folder) = &new.gallery {
            state.gallery_folder.clone_from(folder);
        }
        state.gallery.chosen = None;
        state.gallery.before = None;
        state.gallery.going.clear();
        state.gallery.facts = None;
        state.canvas.other = None;
        state.desk.undo.forget_trash();
    }
    if moved || renamed {
        out.push(Effect::Gallery);
    }
}

/// Loads the model in use as the settings now say, and counts anew what each model takes.
fn load_again(state: &mut State, out: &mut Vec<Effect>) {
    let paths = state.models.iter().map(|model| model.path.clone());
    out.extend(paths.map(Effect::CheckModel));
    let Some(path) = state.engine.wanted().map(Path::to_path_buf) else {
        return;
    };
    if state.queue.running().is_some() {
        say_after_job(state, &path);
    }
    out.push(Effect::Load(path));
}

fn say_after_job(state: &mut State, path: &Path) {
    let name = state.model_name(path);
    let said = Message::new("notice-model-after-job").with("name", name);
    state.notices.good(said);
}

fn take_offer(state: &mut State, offer: Offer, out: &mut Vec<Effect>) {
    match offer {
        Offer::UseWhatSuits => draft::use_what_suits(state, out),
        Offer::Undo(steps) => {
            undo::undo_steps(state, steps.into_iter().map(|(step, _)| step), out);
        }
        Offer::Restart => out.push(Effect::Restart),
        Offer::OpenSettings => state.layout.dialog = Some(Dialog::Settings),
        Offer::OpenModels => state.layout.dialog = Some(Dialog::Models),
    }
}

/// The window was asked to close. True when it may; else the person is asked once.
pub fn close_requested(state: &mut State) -> bool {
    let busy = state.queue.running().is_some() || !state.unsaved.is_empty();
    match state.closing {
        Closing::Yes => true,
        // A second request while the question stands is the answer of someone in a hurry.
        Closing::Asked => true,
        Closing::No if busy => {
            state.closing = Closing::Asked;
            false
        }
        Closing::No => true,
    }
}

/// The full path of a picture of the gallery.
fn full(state: &State, path: &Path) -> PathBuf {
    state.gallery_folder.join(path)
}
