//! Pictures of the gallery: trash, reuse, compare.

use danqing::app::command::Action;
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
