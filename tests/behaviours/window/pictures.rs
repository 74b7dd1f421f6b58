//! Pictures of the gallery: trash, reuse, compare.

use danqing::app::command::{Action, Command};
use danqing::app::i18n::Value;
use danqing::app::notices::Offer;
use danqing::app::outcome::Outcome;
use danqing::app::reasons::why_not;
use danqing::app::state::{CompareMode, Dialog, ExportKind, PathFor, State, TypedPath, Zoom};
use danqing::engine::Status;
use danqing::request::{Count, Draft, Steps};
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;

const CTRL: Modifiers = Modifiers::COMMAND;
const NONE: Modifiers = Modifiers::NONE;

#[test]
fn a_trashed_picture_comes_back() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    let file = desk
        .state()
        .gallery_folder
        .join(desk.state().gallery.chosen.clone().unwrap());
    desk.press(NONE, Key::Escape);
    desk.send(Action::Trash);
    desk.wait("it is gone", |state| state.gallery.view.total == 0);
    assert!(!file.exists());
    desk.send(Action::Undo);
    desk.wait("it is back, and shown", |state| {
        state.gallery.view.total == 1 && state.chosen_entry().is_some()
    });
    assert!(file.exists());
}

/// Each press takes back what came last, of whatever kind it was.
#[test]
fn undo_goes_back_in_the_order_in_which_things_were_done() {
    let mut desk = Desk::open();
    for prompt in ["one", "two"] {
        desk.paint(prompt);
    }
    desk.send(Action::SwapSides);
    desk.write("a prompt that is kept");
    desk.press(NONE, Key::Escape);
    desk.send(Action::Trash);
    desk.send(Action::Trash);
    desk.wait("both are gone", |state| state.gallery.view.total == 0);
    let draft = desk.state().draft.clone();
    desk.send(Action::Undo);
    desk.wait("one is back", |state| state.gallery.view.total == 1);
    desk.send(Action::Undo);
    desk.wait("both are back", |state| state.gallery.view.total == 2);
    assert_eq!(
        desk.state().draft,
        draft,
        "no word of the prompt was touched"
    );
    desk.send(Action::Undo);
    assert_ne!(desk.state().draft, draft);

    desk.send(Action::Trash);
    desk.wait("one is gone", |state| state.gallery.view.total == 1);
    let draft = desk.state().draft.clone();
    desk.send(Action::DrawSeed);
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft, draft, "the seed was drawn last");
    assert_eq!(desk.state().gallery.view.total, 1);
}

fn offers(desk: &Desk<'_>) -> usize {
    let live = desk.state().notices.live();
    live.filter(|notice| matches!(notice.offer, Some(Offer::Undo(_))))
        .count()
}

fn said(state: &State, key: &str, count: usize) -> bool {
    let mut live = state.notices.live();
    let args = [("count", Value::from(count))];
    live.any(|notice| notice.message.key == key && notice.message.args == args)
}

/// A key that is held down asks again before the picture has left the list.
#[test]
fn a_picture_is_trashed_once_however_often_that_is_asked() {
    let mut desk = Desk::open();
    for prompt in ["one", "two"] {
        desk.paint(prompt);
    }
    let list = desk.state().gallery.shown().to_vec();
    for _ in 0..2 {
        for entry in list.iter().chain(&list) {
            let trash = Command::Trash(entry.path.clone());
            desk.window.state_mut().send(trash);
        }
        desk.window.run_steps(2);
        desk.wait("both are gone", |state| {
            state.gallery.view.total == 0 && said(state, "notice-trashed", 2)
        });
        desk.window.run_steps(4);
        assert!(!desk.notices().contains(&"notice-gallery"));
        desk.window.get_by_label("Undo").click();
        desk.window.run_steps(2);
        desk.wait("both are back, and told as one", |state| {
            state.gallery.view.total == 2 && said(state, "notice-restored", 2)
        });
    }
}

/// A desktop without file dialogs: what was typed of a path is there to be mended.
#[test]
fn a_typed_path_that_is_taken_is_asked_for_again() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    let state = desk.state();
    let picture = state.gallery_folder.join(&state.gallery.shown()[0].path);
    let typed = TypedPath {
        text: picture.display().to_string(),
        wanted: PathFor::Copy(picture, ExportKind::Png),
    };
    desk.send(Command::Outcome(Outcome::NoDialog(typed.clone())));
    desk.send(Command::UsePath);
    desk.wait("it is refused", |state| {
        let mut live = state.notices.live();
        live.any(|notice| notice.message.key == "notice-path-taken")
    });
    assert_eq!(desk.state().layout.dialog, Some(Dialog::TypePath));
    assert_eq!(desk.state().layout.path, Some(typed));
    desk.send(Command::CloseDialog);
    assert_eq!(desk.state().layout.path, None, "it may hold a picture");
}

#[test]
fn an_offer_to_undo_stands_only_as_long_as_it_is_true() {
    let mut desk = Desk::open();
    for prompt in ["one", "two", "three"] {
        desk.paint(prompt);
    }
    desk.press(NONE, Key::Escape);
    desk.send(Action::Trash);
    desk.send(Action::Trash);
    desk.wait("both are told", |state| {
        state.gallery.view.total == 1 && state.notices.live().count() > 0
    });
    desk.wait("they are told as one", |state| {
        let mut live = state.notices.live();
        live.any(|notice| notice.message.args == [("count", Value::from(2_usize))])
    });
    assert_eq!(offers(&desk), 1);
    desk.send(Action::Undo);
    desk.wait("one is back", |state| state.gallery.view.total == 2);
    assert_eq!(offers(&desk), 1, "the other can still be brought back");
    desk.window.get_by_label("Undo").click();
    desk.window.run_steps(2);
    desk.wait("all are back", |state| state.gallery.view.total == 3);
    assert_eq!(offers(&desk), 0);

    desk.wait("presets are listed", |state| {
        !state.presets.entries.is_empty()
    });
    desk.send(Command::ApplyPreset(0));
    assert_eq!(offers(&desk), 1);
    desk.send(Action::DrawSeed);
    assert_eq!(
        offers(&desk),
        0,
        "it would take the seed back, not the preset"
    );
}

#[test]
fn settings_of_a_picture_are_taken_over_in_part_or_whole() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.wait("its facts are read", |state| {
        state.gallery.chosen_facts().is_some()
    });
    let seed = desk.state().gallery.chosen_facts().unwrap().request.seed;
    desk.write("something else");
    desk.send(Action::ReuseSeed);
    assert_eq!(
        (desk.state().draft.prompt.as_str(), desk.state().draft.seed),
        ("something else", Some(seed))
    );
    desk.send(Action::ReuseAll);
    assert_eq!(desk.state().draft.prompt, "a fox");
    assert_eq!(desk.state().desk.seed_text, seed.to_string());
}

#[test]
fn two_pictures_are_compared_and_zoomed() {
    let mut desk = Desk::open();
    desk.paint("one");
    assert!(
        danqing::app::reasons::why_not(desk.state(), Action::CompareSides).is_some(),
        "it takes two"
    );
    desk.paint("two");
    desk.send(Action::CompareSlider);
    assert_eq!(desk.state().canvas.compare, Some(CompareMode::Slider));
    assert_ne!(desk.state().canvas.other, desk.state().gallery.chosen);
    desk.send(Action::CompareSlider);
    assert_eq!(desk.state().canvas.compare, None);
    desk.press(CTRL, Key::Num1);
    assert_eq!(desk.state().canvas.zoom, Zoom::Scale(1.0));
    desk.press(CTRL, Key::Num0);
    assert_eq!(desk.state().canvas.zoom, Zoom::Fit);
}

/// Paints so long that there is time to look around.
fn paint_long(desk: &mut Desk<'_>) {
    let long = Draft {
        prompt: "a long one".into(),
        steps: Steps::new(50).unwrap(),
        count: Count::new(8).unwrap(),
        ..desk.state().draft.clone()
    };
    desk.send(Command::Draft(Box::new(long)));
    desk.send(Action::Generate);
    desk.wait("a preview is seen", |state| {
        state.canvas.watching.is_some() && state.canvas.preview.is_some()
    });
}

#[test]
fn nothing_is_done_to_a_picture_that_a_preview_hides() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.press(NONE, Key::Escape);
    let chosen = desk.state().gallery.chosen.clone().unwrap();
    paint_long(&mut desk);
    for action in [
        Action::Trash,
        Action::Star,
        Action::Export,
        Action::ReuseAll,
    ] {
        let why = why_not(desk.state(), action).map(|why| why.key);
        assert_eq!(why, Some("why-preview"), "{action:?}");
    }
    desk.press(NONE, Key::Delete);
    assert!(desk.notices().contains(&"why-preview"));
    desk.send(Command::Choose(chosen.clone()));
    assert_eq!(why_not(desk.state(), Action::Trash), None, "now it is seen");
    desk.send(Action::Cancel);
    desk.wait("it stops", |state| state.queue.running().is_none());
    let file = desk.state().gallery_folder.join(chosen);
    assert!(file.exists());
}

#[test]
fn delete_on_a_button_is_not_meant_for_the_picture() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    let chosen = desk.state().gallery.chosen.clone().unwrap();
    let file = desk.state().gallery_folder.join(chosen);
    desk.window.get_by_label("Settings").focus();
    desk.window.run_steps(2);
    for key in [Key::Delete, Key::Backspace] {
        desk.press(NONE, key);
    }
    assert!(file.exists() && !desk.notices().contains(&"notice-trashed"));
    desk.window.get_by_label_contains("a fox · ").focus();
    desk.window.run_steps(2);
    desk.press(NONE, Key::Delete);
    desk.wait("it is gone", |state| state.gallery.view.total == 0);
}

#[test]
fn one_comes_back_to_what_is_being_painted() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.press(NONE, Key::Escape);
    let chosen = desk.state().gallery.chosen.clone().unwrap();
    paint_long(&mut desk);
    let job = desk.state().queue.running().unwrap().id;
    for way in ["by key", "by the status line", "by the row"] {
        desk.send(Command::Choose(chosen.clone()));
        assert_eq!(desk.state().canvas.watching, None);
        desk.send(Action::ShowQueue);
        desk.window.run_steps(2);
        match way {
            "by key" => desk.press(NONE, Key::W),
            "by the status line" => {
                let painting = |state: &State| matches!(state.engine.status, Status::Painting(_));
                desk.wait("it paints", painting);
                desk.window.get_by_label_contains("Picture 1 of 8").click();
            }
            _ => desk.window.get_by_label("Job: a long one").click(),
        }
        desk.window.run_steps(2);
        assert_eq!(desk.state().canvas.watching, Some(job), "{way}");
    }
    desk.send(Action::Cancel);
    desk.wait("it stops", |state| state.queue.running().is_none());
}

#[test]
fn the_divider_between_two_pictures_goes_by_arrow() {
    let mut desk = Desk::open();
    desk.paint("one");
    desk.paint("two");
    desk.send(Action::CompareSlider);
    desk.wait("both are read", |_| true);
    desk.window.run_steps(4);
    let slider = eframe::egui::accesskit::Role::Slider;
    let name = "Divider between the two pictures";
    desk.window.get_by_role_and_label(slider, name).focus();
    desk.window.run_steps(3);
    let focused = desk.window.ctx.memory(|memory| memory.focused());
    for _ in 0..3 {
        desk.press(NONE, Key::ArrowRight);
    }
    assert!((desk.state().canvas.divider - 0.56).abs() < 1e-3);
    assert_eq!(desk.window.ctx.memory(|memory| memory.focused()), focused);
}

#[test]
fn a_step_of_the_zoom_starts_from_what_is_seen() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.wait("it is drawn", |state| state.canvas.drawn.is_some());
    desk.window.run_steps(4);
    let fit = desk.state().canvas.drawn.unwrap();
    desk.send(Action::ZoomIn);
    assert_eq!(desk.state().canvas.zoom, Zoom::Scale(fit * 1.25));
    desk.send(Action::ZoomFit);
    desk.send(Action::ZoomOut);
    assert_eq!(desk.state().canvas.zoom, Zoom::Scale(fit * 0.8));
}

#[test]
fn arrows_walk_the_grid_by_columns_and_rows() {
    let mut desk = Desk::open();
    for prompt in ["one", "two", "three", "four", "five"] {
        desk.paint(prompt);
    }
    let columns = desk.state().gallery.columns;
    assert!((2..4).contains(&columns), "{columns} columns");
    let place = |desk: &Desk<'_>| desk.state().gallery.chosen_place().unwrap();
    let newest = desk.state().gallery.shown()[0].path.clone();
    desk.send(Command::Choose(newest));
    desk.press(NONE, Key::Escape);
    desk.press(NONE, Key::ArrowDown);
    assert_eq!(place(&desk), columns);
    desk.press(NONE, Key::ArrowUp);
    desk.press(NONE, Key::ArrowUp);
    assert_eq!(place(&desk), 0, "there is nothing above the first row");
    // The same while the keyboard is on a picture, and it goes along.
    let name = |prompt: &str| format!("{prompt} ·");
    desk.window.get_by_label_contains(&name("five")).focus();
    desk.window.run_steps(3);
    desk.press(NONE, Key::ArrowRight);
    desk.press(NONE, Key::ArrowDown);
    desk.window.run_steps(3);
    assert_eq!(place(&desk), 1 + columns);
    let chosen = &desk.state().gallery.shown()[1 + columns];
    let prompt = danqing::app::state::prompt_of(chosen).to_owned();
    assert!(
        desk.window
            .get_by_label_contains(&name(&prompt))
            .is_focused()
    );
}

#[test]
fn any_two_pictures_are_compared_by_pointer_menu_or_key() {
    let mut desk = Desk::open();
    for prompt in ["one", "two", "three"] {
        desk.paint(prompt);
    }
    let paths: Vec<_> = desk
        .state()
        .gallery
        .shown()
        .iter()
        .map(|e| e.path.clone())
        .collect();
    let pair = |desk: &Desk<'_>| {
        let state = desk.state();
        (state.gallery.chosen.clone(), state.canvas.other.clone())
    };
    desk.send(Command::Choose(paths[0].clone()));
    desk.send(Command::CompareWith(paths[2].clone()));
    assert_eq!(desk.state().canvas.compare, Some(CompareMode::Sides));
    let wanted = (Some(paths[0].clone()), Some(paths[2].clone()));
    assert_eq!(pair(&desk), wanted);
    // A menu opens on the picture it is of, which chooses it; the one before is what is meant.
    desk.send(Action::CompareSides);
    desk.send(Command::Choose(paths[2].clone()));
    desk.send(Command::CompareWith(paths[2].clone()));
    assert_eq!(pair(&desk), wanted);
    desk.send(Action::CompareSides);
    desk.press(NONE, Key::Escape);
    desk.press(Modifiers::SHIFT, Key::C);
    desk.press(NONE, Key::ArrowRight);
    let wanted = (Some(paths[1].clone()), Some(paths[0].clone()));
    assert_eq!(pair(&desk), wanted, "what was held stays beside the next");
}

/// The language of the search is shown where it is used.
#[test]
fn a_search_can_be_put_together_from_the_chosen_picture() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.paint("a hare");
    let hare = desk.state().gallery.chosen.clone();
    for (line, found) in [("Same size", 2), ("Made today", 2), ("Same seed", 1)] {
        desk.window.get_by_label("Filter").click();
        desk.window.run_steps(3);
        desk.window.get_by_label_contains(line).click();
        desk.wait("it is searched", |state| {
            state.gallery.shown().len() == found
        });
    }
    assert_eq!(Some(&desk.state().gallery.shown()[0].path), hare.as_ref());
    let query = desk.state().gallery.query.clone();
    assert!(
        query.contains("size:") && query.contains("date:") && query.contains("seed:"),
        "{query}"
    );
}
