//! Keys and names of the controls.

use danqing::app::command::{Action, Command};
use danqing::app::state::Dialog;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::desk::Desk;

const CTRL: Modifiers = Modifiers::COMMAND;
const NONE: Modifiers = Modifiers::NONE;

#[test]
fn single_letters_rest_while_typing_and_act_elsewhere() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.window
        .get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "Prompt")
        .focus();
    desk.window.run_steps(2);
    desk.press(NONE, Key::F);
    assert!(desk.state().layout.left, "F folds nothing while typing");
    desk.window
        .get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "Prompt")
        .scroll_to_me();
    desk.press(NONE, Key::Escape);
    desk.press(NONE, Key::F);
    assert!(
        !desk.state().layout.left && !desk.state().layout.right,
        "F shows only the picture"
    );
    desk.press(NONE, Key::F);
    desk.press(CTRL, Key::K);
    assert_eq!(desk.state().layout.dialog, Some(Dialog::Palette));
    desk.press(CTRL, Key::K);
    assert_eq!(
        desk.state().layout.dialog,
        None,
        "the key that opened it closes it"
    );
    desk.press(NONE, Key::F1);
    assert_eq!(desk.state().layout.dialog, Some(Dialog::Keys));
}

#[test]
fn every_control_of_the_window_has_a_name() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    for dialog in [
        Dialog::Models,
        Dialog::Settings,
        Dialog::System,
        Dialog::Keys,
        Dialog::SavePreset,
        Dialog::PasteText,
    ] {
        desk.send(Command::OpenDialog(dialog));
        desk.window.check_accessibility();
        desk.send(Command::CloseDialog);
    }
    for name in [
        "Prompt", "Width", "Height", "Steps", "Guidance", "Pictures", "Seed", "Generate",
    ] {
        assert!(
            desk.window.query_all_by_label(name).next().is_some(),
            "{name} is named"
        );
    }
}

/// Fault row 39: the language changes in place.
#[test]
fn the_language_switches_live() {
    let mut desk = Desk::open();
    assert!(desk.window.query_by_label("Generate").is_some());
    desk.send(Action::SwitchLanguage);
    desk.window.run_steps(2);
    assert!(desk.window.query_by_label("生成").is_some());
    assert!(desk.window.query_by_label("Generate").is_none());
}

#[test]
fn messages_are_dismissed_by_key_also_over_a_dialog() {
    let mut desk = Desk::open();
    desk.send(Action::Redo);
    assert!(desk.state().notices.live().count() > 0, "a hint stands");
    desk.send(Action::Settings);
    desk.press(CTRL, Key::D);
    assert_eq!(desk.state().notices.live().count(), 0);
    assert_eq!(desk.state().layout.dialog, Some(Dialog::Settings));
}

/// Each step is computed from the ratio that was locked, not from the last size.
#[test]
fn a_locked_ratio_is_kept_step_by_step() {
    let mut desk = Desk::open_demo();
    desk.window.get_by_label("384 × 256 pixels").click();
    desk.window.run_steps(2);
    desk.window.get_by_label("Lock the ratio").click();
    desk.window.run_steps(2);
    let slider = egui::accesskit::Role::Slider;
    desk.window.get_by_role_and_label(slider, "Width").focus();
    desk.window.run_steps(2);
    let size = |desk: &Desk<'_>| {
        let size = desk.state().draft.size;
        (size.width(), size.height())
    };
    for key in [Key::ArrowRight, Key::ArrowLeft] {
        for _ in 0..5 {
            desk.press(NONE, key);
        }
        if key == Key::ArrowRight {
            assert_eq!(size(&desk), (464, 304));
        }
    }
    assert_eq!(size(&desk), (384, 256));
    let typed = egui::accesskit::Role::SpinButton;
    desk.window.get_by_role_and_label(typed, "Width").focus();
    desk.window.run_steps(2);
    desk.press(CTRL, Key::A);
    for digit in ["6", "0", "0"] {
        desk.window.event(egui::Event::Text(digit.into()));
        desk.window.run_steps(2);
    }
    desk.press(NONE, Key::Enter);
    assert_eq!(size(&desk), (608, 400));
    desk.send(Action::SwapSides);
    desk.window.get_by_role_and_label(slider, "Width").focus();
    desk.window.run_steps(2);
    desk.press(NONE, Key::ArrowRight);
    assert_eq!(size(&desk), (416, 624), "the new ratio is kept");
}

#[test]
fn what_is_opened_by_key_leaves_the_keyboard_where_it_is() {
    let mut desk = Desk::open();
    for name in ["Style words", "Negative prompt"] {
        let chip = egui::accesskit::Role::Button;
        desk.window.get_by_role_and_label(chip, name).focus();
        desk.window.run_steps(2);
        let before = desk.window.ctx.memory(|memory| memory.focused());
        desk.press(NONE, Key::Space);
        desk.window.run_steps(3);
        let after = desk.window.ctx.memory(|memory| memory.focused());
        assert!(before.is_some());
        assert_eq!(before, after, "{name}");
    }
    assert!(desk.state().desk.words_open && desk.state().desk.negative_open);
}

#[test]
fn a_kept_ratio_is_that_of_the_size_it_was_locked_at() {
    use danqing::request::{Draft, ImageSize};
    let size = |width, height| ImageSize::new(width, height).unwrap();
    let mut desk = Desk::open();
    let draft = Draft {
        size: size(384, 256),
        ..desk.state().draft.clone()
    };
    desk.send(Command::Draft(Box::new(draft)));
    desk.send(Command::KeepRatio(true));
    desk.window
        .get_by_role_and_label(egui::accesskit::Role::SpinButton, "Width")
        .focus();
    desk.window.run_steps(2);
    desk.press(CTRL, Key::A);
    for digit in ["6", "0", "0"] {
        desk.window.event(egui::Event::Text(digit.into()));
        desk.window.run_steps(2);
    }
    assert_eq!(desk.state().draft.size, size(608, 400));
    desk.press(NONE, Key::ArrowDown);
    assert_eq!(desk.state().draft.size, size(592, 400));
}

#[test]
fn what_the_keyboard_comes_to_comes_into_sight() {
    let mut desk = Desk::open();
    let button = egui::accesskit::Role::Button;
    let hidden = |desk: &Desk<'_>| {
        let presets = desk.window.query_all_by_role(button);
        let mut below =
            presets.filter(|node| node.rect().min.y > 900.0 && node.rect().min.x < 300.0);
        below
            .next_back()
            .and_then(|node| node.accesskit_node().label())
    };
    let name = hidden(&desk).expect("some preset is below the fold");
    desk.window.get_by_role_and_label(button, &name).focus();
    desk.window.run_steps(30);
    let rect = desk.window.get_by_role_and_label(button, &name).rect();
    assert!(rect.max.y < 860.0, "{name} is in sight: {rect:?}");
    let prompt = egui::accesskit::Role::MultilineTextInput;
    let at = |desk: &Desk<'_>| desk.window.get_by_role_and_label(prompt, "Prompt").rect();
    assert!(at(&desk).max.y < 60.0, "the prompt is scrolled away");
    desk.press(CTRL, Key::L);
    desk.window.run_steps(30);
    assert!(
        at(&desk).min.y > 40.0,
        "the prompt is in sight: {:?}",
        at(&desk)
    );
}

#[test]
fn a_line_of_the_palette_that_is_off_says_why() {
    let mut desk = Desk::open();
    desk.press(CTRL, Key::K);
    desk.send(Command::PaletteQuery("redo".into()));
    desk.press(NONE, Key::Enter);
    assert_eq!(desk.notices(), ["why-nothing-to-redo"]);
    assert_eq!(desk.state().layout.dialog, Some(Dialog::Palette));
}

#[test]
fn a_negative_prompt_is_seen_when_it_comes_in_and_can_be_folded_away() {
    use danqing::request::Draft;
    let mut desk = Desk::open();
    let draft = Draft {
        negative: "blur".into(),
        ..desk.state().draft.clone()
    };
    desk.send(Command::Draft(Box::new(draft)));
    assert!(desk.state().desk.negative_open);
    desk.window.run_steps(2);
    let chip = egui::accesskit::Role::Button;
    let chip = desk.window.get_by_role_and_label(chip, "Negative prompt");
    chip.click();
    desk.window.run_steps(3);
    assert!(!desk.state().desk.negative_open);
    assert!(
        desk.window
            .query_by_label("Negative prompt · filled")
            .is_some()
    );
    assert_eq!(desk.state().draft.negative, "blur");
}

#[test]
fn escape_closes_an_open_menu_and_lets_the_job_run() {
    use danqing::request::{Count, Draft, Steps};
    let mut desk = Desk::open();
    let draft = Draft {
        prompt: "a fox".into(),
        steps: Steps::new(50).unwrap(),
        count: Count::new(8).unwrap(),
        ..desk.state().draft.clone()
    };
    desk.send(Command::Draft(Box::new(draft)));
    desk.send(Action::Generate);
    desk.wait("it runs", |state| state.queue.running().is_some());
    desk.window.get_by_label("Filter").click();
    desk.window.run_steps(3);
    let menu = |desk: &Desk<'_>| desk.window.query_by_label_contains("Made today").is_some();
    assert!(menu(&desk));
    desk.press(NONE, Key::Escape);
    desk.window.run_steps(3);
    assert!(!menu(&desk));
    desk.wait("a picture is painted", |state| state.gallery.view.total > 0);
    assert!(desk.state().queue.running().is_some());
    desk.press(NONE, Key::Escape);
    desk.wait("it stops", |state| state.queue.running().is_none());
    assert!(desk.state().gallery.view.total < 8);
}

#[test]
fn arrows_walk_from_the_picture_that_the_keyboard_is_on() {
    let mut desk = Desk::open();
    for prompt in ["one", "two", "three"] {
        desk.paint(prompt);
    }
    desk.window.get_by_label_contains("one ·").focus();
    desk.window.run_steps(3);
    desk.press(NONE, Key::ArrowLeft);
    desk.window.run_steps(3);
    let chosen = desk.state().chosen_entry().unwrap();
    assert_eq!(danqing::app::state::prompt_of(chosen), "two");
    let two = desk.window.get_by_label_contains("two ·");
    assert!(two.is_focused(), "and it goes along");
}
