//! What the window keeps for its person: pictures that no disk would take, thumbnails of presets, earlier prompts.

use danqing::app::command::{Action, Command};
use danqing::app::state::{Closing, State};
use danqing::engine::JobState;
use danqing::request::preset::Preset;
use danqing::request::{Draft, Steps};
use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;

fn ctrl_enter() -> Event {
    Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    }
}

/// Fault row 17: neither the gallery nor the folder for emergencies can be written.
#[test]
fn a_picture_that_no_folder_takes_is_held_until_it_is_given_up() {
    let mut desk = Desk::open();
    let home = desk.home.path().to_owned();
    std::fs::remove_dir_all(home.join("pictures")).ok();
    for place in ["pictures", "data/pictures"] {
        std::fs::write(home.join(place), "a file where a folder should be").unwrap();
    }
    desk.write("a fox");
    desk.send(Action::Generate);
    desk.wait("the picture is held", |state| !state.unsaved.is_empty());
    desk.wait("nothing more is painted", |state| state.queue.paused);
    let held = desk.state().unsaved[0].clone();
    assert_eq!(held.metadata.request.prompt.as_str(), "a fox");
    assert_eq!(held.metadata.request.count.get(), 1);
    assert_eq!(held.metadata.request.seed, held.picture.seed);
    assert_eq!(held.metadata.model.name, "colours");
    let failed = &desk.state().queue.jobs[0].state;
    assert!(matches!(failed, JobState::Failed { .. }), "{failed:?}");
    desk.window.get_by_label("Save elsewhere…");
    desk.ask_to_close();
    assert_eq!(desk.state().closing, Closing::Asked, "it would be lost");
    desk.window.get_by_label("Go back").click();
    desk.window.run_steps(2);
    desk.window.get_by_label("Discard").click();
    desk.window.run_steps(2);
    assert_eq!(desk.state().unsaved, []);
}

#[test]
fn a_saved_preset_keeps_the_chosen_picture_as_its_thumbnail() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    for (name, with_picture) in [("With", true), ("Without", false)] {
        desk.send(Command::SavePresetAs {
            name: name.into(),
            with_prompt: true,
            with_picture,
        });
        desk.wait("it is listed", |state| {
            state
                .presets
                .entries
                .iter()
                .any(|entry| entry.preset.name.as_deref() == Some(name))
        });
        let entries = &desk.state().presets.entries;
        let entry = entries
            .iter()
            .find(|entry| entry.preset.name.as_deref() == Some(name));
        let entry = entry.unwrap();
        assert_eq!(entry.picture.is_some(), with_picture, "{name}");
        let file = std::fs::read(entry.file.as_ref().unwrap()).unwrap();
        let (read, warnings) = Preset::parse(&file).unwrap();
        assert_eq!(read.thumbnail.is_some(), with_picture, "{name}");
        assert_eq!(warnings, []);
    }
}

#[test]
fn a_preset_that_was_deleted_comes_back() {
    let mut desk = Desk::open();
    desk.send(Command::SavePresetAs {
        name: "Mine".into(),
        with_prompt: false,
        with_picture: false,
    });
    let place = |state: &State| {
        let mut entries = state.presets.entries.iter();
        entries.position(|entry| entry.preset.name.as_deref() == Some("Mine"))
    };
    desk.wait("it is listed", |state| place(state).is_some());
    let mine = place(desk.state()).unwrap();
    let file = desk.state().presets.entries[mine].file.clone().unwrap();
    let before = std::fs::read(&file).unwrap();
    desk.send(Command::RemovePreset(mine));
    desk.wait("it is gone", |state| place(state).is_none());
    assert!(!file.exists());
    desk.window.run_steps(2);
    desk.window.get_by_label("Preset Mine was deleted");
    desk.window.get_by_label("Undo").click();
    desk.window.run_steps(2);
    desk.wait("it is back", |state| place(state).is_some());
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// The place of the preset that is called Mine.
fn mine(state: &State) -> Option<usize> {
    state.presets.own_named("Mine")
}

#[test]
fn a_preset_that_was_replaced_comes_back_and_keeps_its_picture_meanwhile() {
    let mut desk = Desk::open();
    desk.paint("a fox");
    desk.send(Command::SavePresetAs {
        name: "Mine".into(),
        with_prompt: true,
        with_picture: true,
    });
    desk.wait("it is listed", |state| mine(state).is_some());
    let place = mine(desk.state()).unwrap();
    let file = desk.state().presets.entries[place].file.clone().unwrap();
    let before = std::fs::read(&file).unwrap();
    desk.write("a hare");
    desk.send(Command::ReplacePreset {
        place,
        with_prompt: true,
        with_picture: false,
    });
    let prompt = |state: &State| {
        let entry = &state.presets.entries[mine(state)?];
        entry.preset.prompt.clone()
    };
    desk.wait("it is another", |state| {
        prompt(state).as_deref() == Some("a hare")
    });
    let place = mine(desk.state()).unwrap();
    assert!(desk.state().presets.entries[place].picture.is_some());
    desk.send(Action::Undo);
    desk.wait("it is the earlier one", |state| {
        prompt(state).as_deref() == Some("a fox")
    });
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// A disk that does not take it back must not cost a person the preset.
#[test]
fn an_undo_that_failed_can_be_tried_again() {
    let mut desk = Desk::open();
    desk.send(Command::SavePresetAs {
        name: "Mine".into(),
        with_prompt: false,
        with_picture: false,
    });
    desk.wait("it is listed", |state| mine(state).is_some());
    let place = mine(desk.state()).unwrap();
    let file = desk.state().presets.entries[place].file.clone().unwrap();
    let folder = file.parent().unwrap();
    desk.send(Command::RemovePreset(place));
    desk.wait("it is gone", |state| mine(state).is_none());
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::write(folder, "a file where a folder should be").unwrap();
    desk.send(Action::Undo);
    desk.wait("that is said", |state| {
        let mut live = state.notices.live();
        live.any(|notice| notice.message.key == "notice-preset-not-saved")
    });
    std::fs::remove_file(folder).unwrap();
    desk.send(Action::Undo);
    desk.wait("it is back", |state| mine(state).is_some());
    assert!(file.exists());
}

#[test]
fn a_saved_preset_is_said_and_shown_and_a_second_of_its_name_is_asked_about() {
    let mut desk = Desk::open();
    let save = |desk: &mut Desk<'_>, steps: u32, button: &str| {
        let draft = Draft {
            steps: Steps::new(steps).unwrap(),
            ..desk.state().draft.clone()
        };
        desk.send(Command::Draft(Box::new(draft)));
        desk.send(Command::SearchPresets("nothing has this".into()));
        desk.send(Action::SavePreset);
        desk.window.run_steps(2);
        desk.window.event(Event::Text("Mine".into()));
        desk.window.run_steps(2);
        let before = desk.state().presets.revision;
        desk.window.get_by_label(button).click();
        desk.wait("it is listed", |state| state.presets.revision > before);
    };
    let steps = |desk: &Desk<'_>| {
        let own = desk.state().presets.entries.iter();
        let own = own.filter(|entry| entry.file.is_some());
        own.map(|entry| entry.preset.steps.map_or(0, |steps| steps.get()))
            .collect::<Vec<_>>()
    };
    save(&mut desk, 5, "Save preset");
    assert!(desk.notices().contains(&"notice-preset-saved"));
    let presets = &desk.state().presets;
    let applied = presets.applied.map(|place| &presets.entries[place]);
    assert_eq!(applied.unwrap().preset.name.as_deref(), Some("Mine"));
    assert_eq!(presets.query, "", "a search does not hide it");
    desk.window.run_steps(3);
    let row = desk.window.get_by_label("Apply preset Mine").rect();
    assert!(row.bottom() < 900.0, "it was brought into view: {row}");

    save(&mut desk, 6, "Replace it");
    assert_eq!(steps(&desk), [6]);
    save(&mut desk, 7, "Keep both");
    assert_eq!(
        steps(&desk),
        [7, 6],
        "by file name: preset-mine-2, preset-mine"
    );
}

#[test]
fn an_earlier_prompt_is_a_press_away() {
    let mut desk = Desk::open();
    for prompt in ["a fox", "a cat"] {
        desk.paint(prompt);
    }
    desk.write("a dog");
    desk.window.get_by_label("Earlier prompts").click();
    desk.window.run_steps(3);
    desk.window.get_by_label("a fox").click();
    desk.window.run_steps(3);
    assert_eq!(desk.state().draft.prompt, "a fox");
    desk.press(Modifiers::ALT, Key::ArrowDown);
    assert_eq!(desk.state().draft.prompt, "a cat");
    desk.press(Modifiers::ALT, Key::ArrowDown);
    assert_eq!(
        desk.state().draft.prompt,
        "a dog",
        "what was being written is not lost"
    );
}

/// A window that is slow for a moment must not swallow a press.
#[test]
fn two_presses_within_one_frame_are_two_jobs() {
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    desk.write("a fox");
    for _ in 0..2 {
        desk.window.input_mut().events.push(ctrl_enter());
    }
    desk.window.step();
    desk.wait("both wait", |state| state.queue.jobs.len() == 2);
}

/// Nor the last word before it.
#[test]
fn a_word_and_the_press_behind_it_within_one_frame_are_one_job() {
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    desk.write("a fox");
    desk.send(Action::FocusPrompt);
    desk.window.run_steps(2);
    let events = &mut desk.window.input_mut().events;
    events.push(Event::Text(" in the snow".into()));
    events.push(ctrl_enter());
    desk.window.step();
    desk.wait("it waits", |state| state.queue.jobs.len() == 1);
    let job = &desk.state().queue.jobs[0];
    assert_eq!(job.request.prompt.as_str(), "a fox in the snow");
}
