//! Writing: typing, an input method that composes, undo, earlier prompts.

use danqing::app::command::{Action, Command};
use eframe::egui::{self, Event, ImeEvent, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;

const CTRL: Modifiers = Modifiers::COMMAND;
const NONE: Modifiers = Modifiers::NONE;

#[test]
fn a_typed_prompt_becomes_a_picture_in_the_gallery() {
    let mut desk = Desk::open();
    desk.window
        .get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "Prompt")
        .focus();
    desk.window.run_steps(2);
    desk.window.event(Event::Text("一只红狐狸".into()));
    desk.window.run_steps(2);
    assert_eq!(desk.state().draft.prompt, "一只红狐狸");
    desk.press(CTRL, Key::Enter);
    desk.wait("the picture is chosen", |state| {
        state.gallery.chosen.is_some() && state.gallery.view.unread == 0
    });
    assert_eq!(
        desk.state().draft.prompt,
        "一只红狐狸",
        "Ctrl+Enter is no line break"
    );
    desk.wait("its facts are read", |state| {
        state.gallery.chosen_facts().is_some()
    });
    assert_eq!(
        desk.state()
            .gallery
            .chosen_facts()
            .unwrap()
            .request
            .prompt
            .as_str(),
        "一只红狐狸"
    );
}

/// Fault row 40.
#[test]
fn composing_triggers_nothing_and_is_committed_once() {
    let mut desk = Desk::open();
    desk.window
        .get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "Prompt")
        .focus();
    desk.window.run_steps(2);
    let preedit = |text: &str| {
        Event::Ime(ImeEvent::Preedit {
            text: text.into(),
            active_range_chars: None,
        })
    };
    desk.window.event(preedit("hu li"));
    desk.window.run_steps(1);
    assert!(desk.state().desk.composing);
    for key in [Key::Enter, Key::Backspace, Key::Space] {
        desk.press(NONE, key);
        desk.press(CTRL, key);
    }
    assert!(
        desk.state().queue.jobs.is_empty() && desk.state().gallery.view.total == 0,
        "nothing was generated"
    );
    desk.window
        .event(Event::Ime(ImeEvent::Commit("狐狸".into())));
    desk.window.run_steps(2);
    assert_eq!(
        desk.state().draft.prompt.matches("狐狸").count(),
        1,
        "{:?}",
        desk.state().draft.prompt
    );
    assert!(!desk.state().desk.composing);
}

#[test]
fn changes_of_the_draft_can_be_undone_and_done_again() {
    let mut desk = Desk::open();
    let before = desk.state().draft.size;
    desk.send(Command::ApplyPreset(0));
    desk.wait("presets are listed", |state| {
        !state.presets.entries.is_empty()
    });
    let place = desk
        .state()
        .presets
        .entries
        .iter()
        .position(|entry| entry.preset.size.is_some())
        .unwrap();
    desk.send(Command::ApplyPreset(place));
    let after = desk.state().draft.clone();
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft.size, before);
    desk.send(Action::Redo);
    assert_eq!(desk.state().draft, after);
}

#[test]
fn earlier_prompts_come_back_with_alt_and_arrows() {
    let mut desk = Desk::open();
    for prompt in ["one", "two"] {
        desk.paint(prompt);
    }
    desk.write("three, not yet painted");
    let prompts = |desk: &mut Desk<'_>, key| {
        desk.press(Modifiers::ALT, key);
        desk.state().draft.prompt.clone()
    };
    assert_eq!(prompts(&mut desk, Key::ArrowUp), "two");
    assert_eq!(prompts(&mut desk, Key::ArrowUp), "one");
    assert_eq!(prompts(&mut desk, Key::ArrowDown), "two");
    assert_eq!(prompts(&mut desk, Key::ArrowDown), "three, not yet painted");
}
