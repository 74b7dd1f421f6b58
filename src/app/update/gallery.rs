//! Changes of what is looked at: the chosen picture, its neighbours, the one it is compared with.

use std::path::PathBuf;

use super::{draft, full};
use crate::app::command::{Action, Command};
use crate::app::effect::Effect;
use crate::app::i18n::Message;
use crate::app::state::{CompareMode, Narrow, Reuse, RightTab, State, Step, Zoom, prompt_of};
use crate::request::Draft;

pub(super) fn command(state: &mut State, command: Command, out: &mut Vec<Effect>) {
    match command {
        Command::Search(query) => {
            state.gallery.query = query;
            search(state, out);
        }
        Command::OnlyStarred(only) => {
            state.gallery.only_starred = only;
            search(state, out);
        }
        Command::Choose(path) => {
            state.layout.narrow = Narrow::Look;
            choose(state, path, out);
        }
        Command::Trash(path) => trash(state, path, out),
        Command::CompareWith(path) => compare_with(state, path, out),
        Command::GridColumns(columns) => state.gallery.columns = columns,
        Command::Reuse(part) => reuse(state, part, out),
        Command::ExportAs(kind) => {
            if let Some(path) = &state.gallery.chosen {
                out.push(Effect::SaveCopy(full(state, path), kind));
            }
        }
        Command::NeedThumbnail(entry) => out.push(Effect::Thumbnail(entry)),
        _ => {}
    }
}

pub(super) fn act(state: &mut State, action: Action, out: &mut Vec<Effect>) {
    let chosen = state.gallery.chosen.clone();
    match (action, chosen) {
        (Action::NextPicture, _) => walk(state, 1, out),
        (Action::PreviousPicture, _) => walk(state, -1, out),
        (Action::NextRow, _) => walk_rows(state, 1, out),
        (Action::PreviousRow, _) => walk_rows(state, -1, out),
        (Action::HoldToCompare, Some(path)) => {
            state.gallery.before = None;
            compare_with(state, path, out);
            state.notices.hint(Message::new("notice-held-to-compare"));
        }
        (Action::OpenFolder, _) => out.push(Effect::OpenFolder(state.gallery_folder.clone())),
        (Action::Star, Some(path)) => {
            let star = state.chosen_entry().is_some_and(|entry| entry.star);
            out.push(Effect::Star(path, !star));
        }
        (Action::Trash, Some(path)) => trash(state, path, out),
        (Action::CopyPicture, Some(path)) => out.push(Effect::CopyPicture(full(state, &path))),
        (Action::Reveal, Some(path)) => out.push(Effect::Reveal(full(state, &path))),
        (Action::CopyPrompt, Some(_)) => {
            let facts = state
                .gallery
                .chosen_facts()
                .map(|facts| facts.request.prompt.as_str().to_owned());
            let prompt = facts.or_else(|| {
                state
                    .chosen_entry()
                    .map(|entry| prompt_of(entry).to_owned())
            });
            if let Some(prompt) = prompt.filter(|prompt| !prompt.is_empty()) {
                out.push(Effect::CopyText(prompt));
                state.notices.good(Message::new("notice-prompt-copied"));
            }
        }
        (Action::ReuseAll, _) => reuse(state, Reuse::All, out),
        (Action::ReusePrompt, _) => reuse(state, Reuse::Prompt, out),
        (Action::ReuseSeed, _) => reuse(state, Reuse::Seed, out),
        (Action::ReuseSize, _) => reuse(state, Reuse::Size, out),
        _ => {}
    }
}

fn search(state: &mut State, out: &mut Vec<Effect>) {
    let star = if state.gallery.only_starred {
        " star:yes"
    } else {
        ""
    };
    out.push(Effect::Search(format!("{}{star}", state.gallery.query)));
}

/// Puts a picture on the canvas.
pub(super) fn choose(state: &mut State, path: PathBuf, out: &mut Vec<Effect>) {
    state.canvas.watching = None;
    if state.gallery.chosen.as_ref() == Some(&path) {
        return;
    }
    if state.canvas.compare.is_none() {
        state.canvas.zoom = Zoom::Fit;
        state.canvas.pan = (0.0, 0.0);
    }
    out.push(Effect::Picture(path.clone()));
    state.gallery.before = state.gallery.chosen.replace(path);
}

/// Shows the job that runs, in the place of the chosen picture.
pub(super) fn watch(state: &mut State) {
    state.canvas.watching = state.queue.running().map(|job| job.id);
    state.canvas.compare = None;
    state.layout.narrow = Narrow::Look;
}

fn walk(state: &mut State, by: isize, out: &mut Vec<Effect>) {
    let last = state.gallery.shown().len().saturating_sub(1);
    let place = match state.gallery.chosen_place() {
        Some(place) => place.saturating_add_signed(by).min(last),
        None => 0,
    };
    if let Some(path) = state
        .gallery
        .shown()
        .get(place)
        .map(|entry| entry.path.clone())
    {
        choose(state, path, out);
        state.gallery.scroll_to_chosen = true;
    }
}

/// Walks to the picture below or above in the grid; one further where no grid is to be seen.
fn walk_rows(state: &mut State, by: isize, out: &mut Vec<Effect>) {
    let grid = state.layout.right && state.layout.tab == RightTab::Gallery;
    let columns = if grid {
        state.gallery.columns.max(1)
    } else {
        1
    };
    let last = state.gallery.shown().len().saturating_sub(1);
    let there = match state.gallery.chosen_place() {
        Some(place) if by < 0 => place >= columns,
        Some(place) => place / columns < last / columns,
        None => true,
    };
    if there {
        walk(state, by.saturating_mul(columns as isize), out);
    }
}

fn trash(state: &mut State, path: PathBuf, out: &mut Vec<Effect>) {
    // A key that repeats asks again before the list is without the picture.
    if state.gallery.going.contains(&path) {
        return;
    }
    state.gallery.going.push(path.clone());
    // At once, and not when it is told to be there: the next press may be the one that takes it back.
    state.desk.undo.push(Step::Trash(path.clone()));
    state.desk.edited = None;
    if state.gallery.chosen.as_ref() == Some(&path) {
        choose_neighbour(state, out);
    }
    out.push(Effect::Trash(path));
}

/// Chooses what comes after the chosen picture, which is about to go; who watches a job goes on watching it.
fn choose_neighbour(state: &mut State, out: &mut Vec<Effect>) {
    let place = state.gallery.chosen_place().unwrap_or(0);
    let list = state.gallery.shown();
    let next = list
        .get(place + 1)
        .or_else(|| place.checked_sub(1).and_then(|place| list.get(place)));
    match next.map(|entry| entry.path.clone()) {
        Some(next) => {
            let watching = state.canvas.watching;
            choose(state, next, out);
            state.canvas.watching = watching;
        }
        None => {
            state.gallery.chosen = None;
            state.gallery.facts = None;
        }
    }
}

/// Shows `path` beside the chosen picture; beside the one chosen before, where it is itself the chosen one.
fn compare_with(state: &mut State, path: PathBuf, out: &mut Vec<Effect>) {
    let before = state.gallery.before.clone();
    if state.gallery.chosen.as_ref() == Some(&path)
        && let Some(before) = before.filter(|before| state.gallery.entry(before).is_some())
    {
        choose(state, before, out);
    }
    state.canvas.watching = None;
    state.canvas.compare.get_or_insert(CompareMode::Sides);
    out.push(Effect::Pixels(path.clone()));
    state.canvas.other = Some(path);
}

/// Shows two pictures, or goes back to one.
pub(super) fn compare(state: &mut State, mode: CompareMode, out: &mut Vec<Effect>) {
    if state.canvas.compare == Some(mode) {
        state.canvas.compare = None;
        return;
    }
    state.canvas.compare = Some(mode);
    state.canvas.watching = None;
    if state.gallery.chosen.is_none() {
        walk(state, 0, out);
    }
    let place = state.gallery.chosen_place().unwrap_or(0);
    let still_there = state
        .canvas
        .other
        .as_ref()
        .is_some_and(|path| state.gallery.entry(path).is_some());
    if !still_there || state.canvas.other == state.gallery.chosen {
        let list = state.gallery.shown();
        let other = list
            .get(place + 1)
            .or_else(|| place.checked_sub(1).and_then(|place| list.get(place)));
        state.canvas.other = other.map(|entry| entry.path.clone());
    }
    out.extend(state.canvas.other.clone().map(Effect::Pixels));
}

/// Takes settings of the chosen picture over.
fn reuse(state: &mut State, part: Reuse, out: &mut Vec<Effect>) {
    let Some(facts) = state.gallery.chosen_facts().cloned() else {
        return;
    };
    let source = Draft::from(facts.request.clone());
    let mut new = state.draft.clone();
    let key = match part {
        Reuse::All => {
            new = source;
            "notice-reused-all"
        }
        Reuse::Prompt => {
            new.prompt = source.prompt;
            new.negative = source.negative;
            new.style = source.style;
            "notice-reused-prompt"
        }
        Reuse::Seed => {
            new.seed = source.seed;
            "notice-reused-seed"
        }
        Reuse::Size => {
            new.size = source.size;
            "notice-reused-size"
        }
        Reuse::Sampling => {
            new.steps = source.steps;
            new.guidance = source.guidance;
            new.cfg_normalization = source.cfg_normalization;
            new.cfg_truncation = source.cfg_truncation;
            new.shift = source.shift;
            "notice-reused-sampling"
        }
    };
    if state.layout.tab == RightTab::Gallery {
        state.layout.left = true;
    }
    draft::take_over(state, new, Message::new(key), out);
}
