//! What the window knows of the model in use: the sizes that suit it, and the presets that were made for it.

use danqing::app::command::{Action, Command};
use danqing::app::notices::{Offer, Weight};
use danqing::request::{Draft, ImageSize};
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;

#[test]
fn a_first_start_begins_with_what_suits_the_small_model() {
    let desk = Desk::open_demo();
    let suited = desk.state().suited();
    let draft = &desk.state().draft;
    assert_eq!(
        (draft.size, draft.steps, draft.guidance),
        (suited.native, suited.steps, suited.guidance)
    );
    assert!(suited.longest < 1024 && suited.guidance.is_on());
}

#[test]
fn sizes_that_suit_the_model_are_one_press_away_and_others_are_warned_of() {
    let mut desk = Desk::open_demo();
    desk.window.get_by_label("384 × 256 pixels").click();
    desk.window.run_steps(2);
    assert_eq!(desk.state().draft.size, ImageSize::new(384, 256).unwrap());
    assert!(desk.window.query_by_label("1024 × 1024 pixels").is_none());
    let warning = "This model paints well from 128 to 512 pixels a side; outside of that, pictures fall apart";
    assert!(desk.window.query_by_label(warning).is_none());
    let draft = Draft {
        size: ImageSize::new(1024, 640).unwrap(),
        ..desk.state().draft.clone()
    };
    desk.send(Command::Draft(Box::new(draft.clone())));
    assert!(desk.window.query_by_label(warning).is_some());
    desk.window.run_steps(4);
    assert_eq!(desk.state().draft, draft, "being shown moves nothing");
}

/// A size that no slider reaches is not changed by being shown.
#[test]
fn a_size_beyond_the_sliders_stays() {
    let mut desk = Desk::open();
    for (width, height) in [(4096, 512), (64, 64)] {
        let draft = Draft {
            size: ImageSize::new(width, height).unwrap(),
            ..desk.state().draft.clone()
        };
        desk.send(Command::Draft(Box::new(draft.clone())));
        desk.window.run_steps(4);
        assert_eq!(desk.state().draft, draft);
    }
}

#[test]
fn presets_for_the_model_in_use_come_first_and_others_say_whose_they_are() {
    let mut desk = Desk::open_demo();
    let state = desk.state();
    let found = state.presets_found();
    let suits: Vec<bool> = found
        .iter()
        .map(|(_, entry)| state.suits_model(&entry.preset))
        .collect();
    assert!(suits[0] && !suits[suits.len() - 1]);
    assert!(suits.is_sorted_by(|a, b| a >= b), "{suits:?}");
    let place = |key: &str| {
        let mut places = found.iter().filter(|(_, entry)| entry.key == key);
        places.next().unwrap().0
    };
    let (fox, product) = (place("demo-paper-cut-fox"), place("product-shot"));

    desk.send(Command::ApplyPreset(fox));
    let said = desk.state().notices.history().next().cloned().unwrap();
    assert_eq!(
        (said.message.key, said.weight),
        ("notice-preset-applied", Weight::Good)
    );

    let before = desk.state().draft.clone();
    desk.send(Command::ApplyPreset(product));
    let said = desk.state().notices.history().next().cloned().unwrap();
    assert_eq!(
        (said.message.key, said.weight),
        ("notice-preset-other-model", Weight::Warning)
    );
    assert!(matches!(said.offer, Some(Offer::Undo(_))));
    assert_ne!(desk.state().draft, before);
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft, before);
}

#[test]
fn a_preset_of_ones_own_names_the_model_that_it_was_made_with() {
    let mut desk = Desk::open_demo();
    desk.send(Command::SavePresetAs {
        name: "Mine".into(),
        with_prompt: false,
        with_picture: false,
    });
    desk.wait("it is listed", |state| {
        let mut entries = state.presets.entries.iter();
        entries.any(|entry| entry.preset.name.as_deref() == Some("Mine"))
    });
    let (_, mine) = desk.state().presets_found()[0];
    assert_eq!(mine.preset.model.as_deref(), Some("demo"));
    assert!(desk.state().suits_model(&mine.preset));
}

#[test]
fn a_dropped_preset_for_another_model_says_so() {
    let mut desk = Desk::open_demo();
    let file = desk.home.path().join("turbo.json");
    let text =
        r#"{"version": 1, "name": "Big", "model": "Z-Image-Turbo", "width": 1024, "height": 1024}"#;
    std::fs::write(&file, text).unwrap();
    desk.drop_files(&[file]);
    desk.wait("the drop is told", |state| state.draft.size.width() == 1024);
    let said = desk.notices();
    assert!(said.contains(&"notice-imported") && said.contains(&"notice-preset-other-model"));
}

#[test]
fn after_a_switch_of_models_what_suits_the_new_one_is_offered() {
    let mut desk = Desk::open();
    let before = desk.state().draft.clone();
    let demo = desk.state().models.iter().position(|model| model.demo);
    desk.wait("the demo model was looked at", |state| {
        state
            .models
            .iter()
            .any(|model| model.demo && model.facts.is_some())
    });
    desk.send(Command::ChooseModel(demo.unwrap()));
    desk.wait("the offer is made", |state| {
        let mut all = state.notices.history();
        all.any(|notice| notice.offer == Some(Offer::UseWhatSuits))
    });
    assert_eq!(desk.state().draft, before, "nothing moves by itself");
    desk.window.get_by_label("Use these").click();
    desk.window.run_steps(2);
    let suited = desk.state().suited();
    assert_eq!(desk.state().draft.size, suited.native);
    assert_eq!(desk.state().draft.guidance, suited.guidance);
}

#[test]
fn counts_are_words_and_the_machine_says_its_memory() {
    let mut desk = Desk::open_demo();
    desk.wait("devices are listed", |state| !state.devices.is_empty());
    desk.send(Action::Models);
    let said = desk.window.query_by_label_contains("12 million parameters");
    assert!(said.is_some());
    desk.send(Action::SwitchLanguage);
    desk.window.run_steps(2);
    let mut said = desk.window.query_all_by_label_contains(" 万参数");
    assert!(said.next().is_some());
    drop(said);
    desk.send(Command::CloseDialog);
    desk.send(Action::System);
    desk.window.run_steps(2);
    if cfg!(target_os = "linux") {
        assert!(desk.state().system.memory.is_some());
        assert!(desk.window.query_by_label_contains("GiB").is_some());
    }
}
