//! Pictures of the gallery: trash, reuse, compare.

use danqing::app::command::{Action, Command};
use danqing::app::state::{CompareMode, Zoom};
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
    desk.wait("it is back", |state| state.gallery.view.total == 1);
    assert!(file.exists());
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
