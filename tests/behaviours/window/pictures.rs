//! Pictures of the gallery: trash, reuse, compare.

use danqing::app::command::{Action, Command};
use danqing::app::i18n::Value;
use danqing::app::notices::Offer;
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
