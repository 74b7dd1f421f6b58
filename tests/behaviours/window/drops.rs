//! Files that come from outside.

use danqing::app::command::Command;
use danqing::app::outcome::Outcome;
use danqing::app::state::{Dialog, PathFor, TypedPath};
use eframe::egui;

use super::desk::Desk;

/// Fault row 10: each file does the right thing, and one message says so.
#[test]
fn a_mixed_drop_is_told_in_one_message() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    let picture = desk
        .state()
        .gallery_folder
        .join(desk.state().gallery.chosen.clone().unwrap());
    desk.write("something else");
    let folder = desk.home.path().join("drop");
    std::fs::create_dir_all(&folder).unwrap();
    let preset = folder.join("预设 a.json");
    std::fs::write(
        &preset,
        r#"{"version": 1, "name": "Tall", "width": 144, "height": 256, "steps": 5}"#,
    )
    .unwrap();
    let stranger = folder.join("setup.exe");
    std::fs::write(&stranger, "MZ").unwrap();
    desk.drop_files(&[preset, picture, stranger, folder.join("gone.json")]);
    desk.wait("the drop is told", |state| {
        state
            .notices
            .history()
            .any(|notice| notice.message.key == "notice-imported")
    });
    let draft = &desk.state().draft;
    assert_eq!(
        (draft.prompt.as_str(), draft.steps.get()),
        ("a fox", 5),
        "the picture's prompt, the preset's steps"
    );
    assert_eq!(
        desk.notices()
            .iter()
            .filter(|key| key.starts_with("notice-import"))
            .count(),
        1
    );
    let detail = desk
        .state()
        .notices
        .history()
        .find_map(|notice| notice.message.detail.clone())
        .unwrap();
    assert!(
        detail.contains("setup.exe") && detail.contains("gone.json"),
        "{detail}"
    );
    assert!(
        desk.state()
            .presets
            .entries
            .iter()
            .any(|entry| entry.preset.name.as_deref() == Some("Tall"))
    );
}

#[test]
fn a_wrong_preset_changes_nothing_and_says_why() {
    let mut desk = Desk::open();
    desk.write("a fox");
    let before = desk.state().draft.clone();
    for text in [
        "{\"steps\": 1000000000}",
        "{\"width\": 1000, \"height\": 1000}",
        "{",
    ] {
        desk.send(Command::ImportText(text.into()));
        let count = desk.state().notices.history().count();
        desk.wait("the refusal is told", |state| {
            state.notices.history().count() >= count
                && state
                    .notices
                    .history()
                    .any(|n| n.message.key == "notice-import-nothing")
        });
        assert_eq!(desk.state().draft, before, "{text}");
        let ids: Vec<_> = desk
            .state()
            .notices
            .live()
            .map(|notice| notice.id)
            .collect();
        for id in ids {
            desk.send(Command::DismissNotice(id));
        }
    }
}

/// A desktop without file dialogs: the path is typed instead.
#[test]
fn what_a_dialog_would_have_found_can_be_typed() {
    let mut desk = Desk::open();
    let file = desk.home.path().join("tall.json");
    std::fs::write(&file, r#"{"version": 1, "name": "Tall", "steps": 5}"#).unwrap();
    let asked = TypedPath {
        wanted: PathFor::Import,
        text: String::new(),
    };
    desk.send(Command::Outcome(Outcome::NoDialog(asked)));
    assert_eq!(desk.state().layout.dialog, Some(Dialog::TypePath));
    desk.window.run_steps(2);
    desk.window
        .event(egui::Event::Text(file.display().to_string()));
    desk.window.run_steps(2);
    desk.press(egui::Modifiers::NONE, egui::Key::Enter);
    desk.wait("it is used", |state| state.draft.steps.get() == 5);
    assert_eq!(desk.state().layout.dialog, None);
}
