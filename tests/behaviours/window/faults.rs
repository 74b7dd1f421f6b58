//! What goes wrong around the window: crashes in a row, drops at bad moments.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use danqing::app::command::{Action, Command};
use danqing::app::state::Dialog;
use danqing::files::Places;
use danqing::request::{Count, Draft, Steps};

use super::desk::Desk;

/// A process number that no process has.
const GONE: u32 = u32::MAX - 7;

/// A home in which the window has crashed so often, half a minute apart, until now.
fn home_after_crashes(crashes: u64) -> Arc<tempfile::TempDir> {
    let home = tempfile::tempdir().unwrap();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let starts: Vec<String> = (1..=crashes)
        .rev()
        .map(|back| format!(r#"{{"process": {GONE}, "at": {}}}"#, now - back * 30_000))
        .collect();
    let file = Places::below(home.path()).starts();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, format!("[{}]", starts.join(","))).unwrap();
    Arc::new(home)
}

/// Fault row 21.
#[test]
fn after_three_quick_crashes_nothing_is_loaded_and_the_log_is_named() {
    let logs = |home: &tempfile::TempDir| Places::below(home.path()).logs().display().to_string();
    for (crashes, careful) in [(2, false), (3, true)] {
        let home = home_after_crashes(crashes);
        let mut desk = Desk::start(home.clone(), None);
        if careful {
            // Time enough for a load that should not begin.
            for _ in 0..50 {
                desk.window.step();
                std::thread::sleep(std::time::Duration::from_millis(4));
            }
            assert!(desk.state().engine.loaded.is_none());
            let said = desk
                .state()
                .notices
                .history()
                .find(|notice| notice.message.key == "notice-careful-start")
                .unwrap();
            assert!(format!("{:?}", said.message).contains(&logs(&home)));
            // What is asked for is done.
            desk.send(Action::Models);
            assert_eq!(desk.state().layout.dialog, Some(Dialog::Models));
        } else {
            desk.wait("the demo model is loaded", |state| {
                state.engine.loaded.is_some()
            });
            assert!(!desk.notices().contains(&"notice-careful-start"));
        }
    }
}

fn preset(desk: &Desk<'_>, name: &str, steps: u32) -> PathBuf {
    let path = desk.home.path().join(format!("{name}.json"));
    let text = format!(r#"{{"version": 1, "name": "{name}", "steps": {steps}}}"#);
    std::fs::write(&path, text).unwrap();
    path
}

/// Fault row 11: while something is open over the window, while it paints, and twice before the first is done.
#[test]
fn a_drop_at_a_bad_moment_is_done_once_and_told() {
    let mut desk = Desk::open();
    desk.send(Action::Settings);
    let file = preset(&desk, "over a dialog", 5);
    desk.drop_files(&[file]);
    desk.wait("the drop is told", |state| state.draft.steps.get() == 5);
    assert_eq!(desk.state().layout.dialog, Some(Dialog::Settings));
    desk.send(Action::Settings);

    let long = Draft {
        prompt: "a fox".into(),
        steps: Steps::new(50).unwrap(),
        count: Count::new(8).unwrap(),
        ..desk.state().draft.clone()
    };
    desk.send(Command::Draft(Box::new(long)));
    desk.send(Action::Generate);
    desk.wait("it paints", |state| state.queue.running().is_some());
    let file = preset(&desk, "while painting", 7);
    desk.drop_files(&[file]);
    desk.wait("the drop is told", |state| state.draft.steps.get() == 7);
    desk.wait("a picture is there", |state| state.gallery.view.total > 0);

    let file = preset(&desk, "twice", 9);
    desk.drop_files(std::slice::from_ref(&file));
    desk.drop_files(&[file]);
    desk.wait("both are told", |state| state.draft.steps.get() == 9);
    for _ in 0..50 {
        desk.window.step();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let kept = desk.state().presets.entries.iter();
    let named = |name: Option<&str>| name == Some("twice");
    assert_eq!(
        kept.filter(|entry| named(entry.preset.name.as_deref()))
            .count(),
        1,
        "the same preset is kept once"
    );
    assert!(desk.notices().contains(&"notice-imported"));
}
