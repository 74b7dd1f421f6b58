//! The window in use: keys, composing, undo, drops, the gallery and the queue, with a real engine behind it that paints
//! without a model.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use danqing::app::command::{Action, Command};
use danqing::app::state::{Closing, CompareMode, Dialog, State, Zoom};
use danqing::app::{Options, Parts, Studio};
use danqing::engine::painter::Provenance;
use danqing::engine::{
    CancelToken, EngineError, GalleryKeeper, Loader, ModelChoice, Painter, Progress,
};
use danqing::files::Places;
use danqing::gallery::metadata::ModelRecord;
use danqing::pipeline::{Picture, Stage, Timings};
use danqing::request::{Draft, Request};
use eframe::egui::{self, Event, ImeEvent, Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage};

/// Paints one colour a seed, a step every few milliseconds.
struct Colours;

impl Loader for Colours {
    fn load(
        &mut self,
        _: &ModelChoice,
        progress: &mut dyn FnMut(u64, u64),
        _: &CancelToken,
    ) -> Result<Box<dyn Painter>, EngineError> {
        progress(1, 1);
        Ok(Box::new(Colours))
    }
}

impl Painter for Colours {
    fn paint(
        &mut self,
        request: &Request,
        report: &mut dyn FnMut(Progress),
        cancel: &CancelToken,
    ) -> Result<Picture, EngineError> {
        let shade = |step: u32| Rgb([(request.seed.0 % 256) as u8, (step * 5) as u8, 90]);
        report(Progress::Stage(Stage::Denoise));
        let steps = request.steps.get();
        for step in 1..=steps {
            std::thread::sleep(Duration::from_millis(3));
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            let preview = &|_| RgbImage::from_pixel(8, 8, shade(step));
            report(Progress::Step {
                step,
                steps,
                preview,
            });
        }
        let pixels =
            RgbImage::from_pixel(request.size.width(), request.size.height(), shade(steps));
        let timings = Timings {
            steps: vec![0.003; steps as usize],
            ..Timings::default()
        };
        Ok(Picture {
            pixels,
            seed: request.seed,
            prompt: 0,
            latents: Vec::new(),
            latent_shape: [0; 3],
            timings,
            peak_memory: None,
            decoded_in_tiles: false,
        })
    }

    fn provenance(&self) -> Provenance {
        let model = ModelRecord {
            name: "colours".into(),
            hash: None,
        };
        Provenance {
            model,
            loras: Vec::new(),
            device: "cpu (test)".into(),
            dtype: "f32".into(),
            notice: None,
        }
    }
}

/// The program in a folder of its own.
pub struct Desk<'a> {
    /// Its window.
    pub window: Harness<'a, Studio>,
    /// Its folder.
    pub home: Arc<tempfile::TempDir>,
}

impl Desk<'_> {
    pub fn open() -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.path().join("config")).unwrap();
        let settings = "language = \"en\"\nreduced_motion = true\n";
        std::fs::write(home.path().join("config/settings.toml"), settings).unwrap();
        Self::reopen(home)
    }

    pub fn reopen(home: Arc<tempfile::TempDir>) -> Self {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/golden/tiny/model_f32");
        let mut desk = Self::start(home, Some(model));
        desk.wait("the model is loaded", |state| state.engine.loaded.is_some());
        desk
    }

    /// The program as it starts, with the model that was asked for.
    pub fn start(home: Arc<tempfile::TempDir>, model: Option<PathBuf>) -> Self {
        let places = Places::below(home.path());
        let options = Options {
            files: Vec::new(),
            model,
        };
        let emergency = places.data.join("pictures");
        let parts = Parts {
            loader: Box::new(Colours),
            keeper: Box::new(move |place| Box::new(GalleryKeeper::new(place, emergency))),
        };
        let mut window = Harness::builder()
            .with_size(Vec2::new(1280.0, 900.0))
            .build_eframe(move |creation| {
                Studio::open(&creation.egui_ctx, places, options, parts).unwrap()
            });
        window.run_steps(3);
        Self { window, home }
    }

    pub fn state(&self) -> &State {
        self.window.state().state()
    }

    /// Lets the window run until something is so.
    pub fn wait(&mut self, what: &str, so: impl Fn(&State) -> bool) {
        let since = Instant::now();
        while !so(self.state()) {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "waited in vain: {what}"
            );
            self.window.step();
            std::thread::sleep(Duration::from_millis(2));
        }
        self.window.step();
    }

    pub fn send(&mut self, command: impl Into<Command>) {
        self.window.state_mut().send(command);
        self.window.run_steps(2);
    }

    pub fn write(&mut self, prompt: &str) {
        let draft = Draft {
            prompt: prompt.into(),
            ..self.state().draft.clone()
        };
        self.send(Command::Draft(Box::new(draft)));
    }

    /// As the desktop does when its cross is pressed.
    pub fn ask_to_close(&mut self) {
        let ask = [egui::ViewportEvent::Close];
        for events in [ask.as_slice(), &[]] {
            let viewports = &mut self.window.input_mut().viewports;
            let viewport = viewports.entry(egui::ViewportId::ROOT).or_default();
            viewport.events = events.to_vec();
            self.window.step();
        }
        self.window.run_steps(2);
    }

    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        self.window.run_steps(2);
    }

    /// Paints a picture and waits until it is in the gallery.
    pub fn paint(&mut self, prompt: &str) {
        self.write(prompt);
        let before = self.state().gallery.view.total;
        self.send(Action::Generate);
        self.wait("the picture is in the gallery", |state| {
            state.gallery.view.total > before
                && state.queue.jobs.is_empty()
                && state.gallery.view.unread == 0
        });
    }

    pub fn drop_files(&mut self, files: &[PathBuf]) {
        #[derive(Debug)]
        struct Dropped(PathBuf);
        impl egui::DroppedFile for Dropped {
            fn path(&self) -> &Path {
                &self.0
            }
            fn bytes(&self) -> Result<Vec<u8>, String> {
                std::fs::read(&self.0).map_err(|error| error.to_string())
            }
        }
        for file in files {
            self.window
                .input_mut()
                .dropped_files
                .push(Arc::new(Dropped(file.clone())));
        }
        self.window.run_steps(2);
    }

    pub fn notices(&self) -> Vec<&'static str> {
        self.state()
            .notices
            .history()
            .map(|notice| notice.message.key)
            .collect()
    }
}

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
fn the_queue_is_reordered_edited_and_cancelled() {
    use danqing::app::command::QueueChange;
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    for prompt in ["one", "two", "three"] {
        desk.write(prompt);
        desk.send(Action::Generate);
    }
    desk.wait("all wait", |state| state.queue.jobs.len() == 3);
    let ids: Vec<_> = desk.state().queue.jobs.iter().map(|job| job.id).collect();
    let prompts = |state: &State| {
        state
            .queue
            .jobs
            .iter()
            .map(|job| job.request.prompt.to_string())
            .collect::<Vec<_>>()
    };
    desk.send(Command::Queue(QueueChange::MoveBy(ids[2], -2)));
    desk.wait("it moved", |state| {
        prompts(state) == ["three", "one", "two"]
    });
    desk.write("my draft");
    desk.send(Command::Queue(QueueChange::Edit(ids[0])));
    assert_eq!(desk.state().draft.prompt, "one");
    desk.write("one, changed");
    desk.send(Command::Queue(QueueChange::SaveEdit));
    desk.wait("it changed", |state| {
        prompts(state) == ["three", "one, changed", "two"]
    });
    assert_eq!(
        desk.state().draft.prompt,
        "my draft",
        "what was written before is there again"
    );
    desk.send(Action::CancelWaiting);
    desk.wait("it is empty", |state| state.queue.jobs.is_empty());
    assert_eq!(
        desk.state().gallery.view.total,
        0,
        "nothing cancelled is ever written"
    );
}

#[test]
fn the_draft_and_the_queue_survive_and_are_offered() {
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    desk.write("一艘小船");
    desk.send(Action::Generate);
    desk.wait("it waits", |state| state.queue.jobs.len() == 1);
    desk.write("not yet sent");
    let session = desk.home.path().join("data/session.json");
    let since = Instant::now();
    while !std::fs::read_to_string(&session)
        .unwrap_or_default()
        .contains("not yet sent")
    {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "the draft is written soon after a change"
        );
        desk.window.step();
        std::thread::sleep(Duration::from_millis(20));
    }
    let home = desk.home.clone();
    drop(desk);
    let mut desk = Desk::reopen(home);
    assert_eq!(desk.state().draft.prompt, "not yet sent");
    assert_eq!(desk.state().recovery, Some(1));
    assert_eq!(desk.state().layout.dialog, None, "never a modal on launch");
    desk.window.get_by_label("Continue").click();
    desk.window.run_steps(2);
    desk.wait("the job is painted", |state| state.gallery.view.total == 1);
}

#[test]
fn closing_asks_once_while_a_picture_is_painted() {
    let mut desk = Desk::open();
    let mut draft = Draft {
        prompt: "a long one".into(),
        ..desk.state().draft.clone()
    };
    draft.steps = danqing::request::Steps::new(50).unwrap();
    draft.count = danqing::request::Count::new(8).unwrap();
    desk.send(Command::Draft(Box::new(draft)));
    desk.send(Action::Generate);
    desk.wait("it runs", |state| state.queue.running().is_some());
    desk.ask_to_close();
    assert_eq!(desk.state().closing, Closing::Asked);
    desk.window.get_by_label("Keep painting").click();
    desk.window.run_steps(2);
    assert_eq!(desk.state().closing, Closing::No);
    desk.send(Action::Cancel);
    desk.wait("it stops", |state| state.queue.running().is_none());
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
