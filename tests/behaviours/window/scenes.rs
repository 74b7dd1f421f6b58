//! States of the window that are worth looking at.

use std::path::PathBuf;
use std::sync::Arc;

use danqing::app::i18n::{Language, Message};
use danqing::app::settings::Settings;
use danqing::app::state::{
    CompareMode, Dialog, ExportKind, Model, ModelFacts, PathFor, PresetEntry, RightTab, State,
    Step, TokenCount, TypedPath,
};
use danqing::engine::slots::{Painting, Status};
use danqing::engine::{ModelChoice, Queue};
use danqing::gallery::metadata::{ModelRecord, StageSeconds};
use danqing::gallery::{Details, Entry, Facts, Metadata};
use danqing::pipeline::device::{DeviceChoice, DeviceInfo};
use danqing::pipeline::{Stage, Suited};
use danqing::request::preset;
use danqing::request::{Draft, ImageSize, Prompt, Seed};

/// A window with nothing in it yet.
pub fn first_look(language: Language) -> State {
    let settings = Settings {
        language: Some(language),
        ..Settings::default()
    };
    let mut state = State::new(settings, PathBuf::from("/home/li/Pictures/Danqing"));
    let demo = PathBuf::from("/opt/danqing/models/demo");
    state.models = vec![
        Model {
            path: demo.clone(),
            name: "Danqing Demo".into(),
            demo: true,
            facts: Some(Ok(ModelFacts {
                precision: "F32".into(),
                parameters: 5_400_000,
                bytes: 22 << 20,
                suited: demo_suited(),
                ..ModelFacts::default()
            })),
        },
        Model {
            path: "/data/models/Z-Image-Turbo".into(),
            name: "Z-Image-Turbo".into(),
            demo: false,
            facts: Some(Ok(ModelFacts {
                precision: "BF16".into(),
                parameters: 10_300_000_000,
                bytes: 20 << 30,
                ..ModelFacts::default()
            })),
        },
        Model {
            path: "/data/models/lost".into(),
            name: "lost".into(),
            demo: false,
            facts: Some(Err(
                "/data/models/lost: there is no transformer folder; download the whole repository"
                    .into(),
            )),
        },
    ];
    state.draft.size = demo_suited().native;
    let choice = ModelChoice {
        path: demo,
        ..ModelChoice::default()
    };
    state.engine.status = Status::Ready(choice.clone());
    state.engine.loaded = Some(choice);
    state.engine.memory = Some(412 << 20);
    state.presets.entries = preset::shipped()
        .filter_map(Result::ok)
        .map(|(key, preset)| PresetEntry {
            preset,
            file: None,
            key: key.to_owned(),
            picture: None,
        })
        .collect();
    state.devices = vec![DeviceInfo {
        id: DeviceChoice::Cpu,
        name: "AMD EPYC 7B13".into(),
        memory: None,
    }];
    state.system.no_cuda = Some("no NVIDIA driver: install it from nvidia.com/drivers".into());
    state.system.facts = vec![
        ("system-version", "Danqing 0.1.0".into()),
        ("system-cores", "8".into()),
    ];
    state
}

/// What the small model says of itself.
fn demo_suited() -> Suited {
    let side = |side| ImageSize::new(side, side).unwrap();
    Suited {
        native: side(256),
        sizes: vec![side(256), side(384), side(512)],
        shortest: 128,
        longest: 512,
        ..Suited::default()
    }
}

/// A window in the midst of work.
pub fn at_work(language: Language) -> State {
    let mut state = first_look(language);
    let prompt = match language {
        Language::Chinese => "黄色太阳下的绿色山峦，水彩，远处有一条弯弯的小河",
        Language::English => {
            "Green mountains under a yellow sun, watercolour, a winding river far away"
        }
    };
    state.draft = Draft {
        prompt: prompt.into(),
        size: ImageSize::new(512, 512).unwrap(),
        ..Draft::default()
    };
    state.desk.tokens = Some(TokenCount {
        prompt: prompt.into(),
        tokens: 31,
        cut_at: None,
    });
    let entries = (0..14).map(|number| {
        let facts = Facts {
            width: 512,
            height: 384 + 64 * (number as u32 % 5),
            prompt: prompt.into(),
            seed: Some(Seed(4000 + number)),
            model: None,
        };
        Arc::new(Entry {
            path: format!("20261122-20{number:02}00-{}.png", 4000 + number).into(),
            modified: 1_700_000_000_000 - number * 1000,
            bytes: 100_000,
            details: Details::Picture(facts),
            star: number == 2 || number == 5,
        })
    });
    let pictures: Vec<Arc<Entry>> = entries.collect();
    state.gallery.chosen = Some(pictures[0].path.clone());
    state.gallery.view = Arc::new(danqing::gallery::View {
        total: pictures.len(),
        pictures,
        complete: true,
        ..Default::default()
    });
    let request = state.draft.request().unwrap();
    let record = Metadata {
        format: Metadata::FORMAT,
        program: "Danqing 0.1.0".into(),
        request: request.clone(),
        model: ModelRecord {
            name: "Danqing Demo".into(),
            hash: Some("9f2c44b0a1d3e5f70011".into()),
        },
        loras: vec![],
        device: "cpu (AMD EPYC 7B13)".into(),
        dtype: "f32".into(),
        noise: "chacha20-box-muller-1".into(),
        decoded_in_tiles: false,
        created: Some("2026-11-22T20:00:00Z".into()),
        seconds: Some(StageSeconds {
            encode_text: 0.04,
            encode_image: 0.0,
            denoise: 3.91,
            decode: 0.32,
            total: 4.27,
        }),
        peak_memory: Some(171 << 20),
    };
    state.gallery.facts = state
        .gallery
        .chosen
        .clone()
        .map(|path| (path, Some(Arc::new(record))));
    let queue = Queue::in_memory();
    for words in [
        "一只青花瓷瓶，写实摄影",
        "A white moon over the sea at night",
        "桃花林，水墨画",
    ] {
        let prompt = Prompt::new(words).unwrap();
        queue
            .push(danqing::request::Request {
                prompt,
                ..request.clone()
            })
            .unwrap();
    }
    state.queue = queue.view();
    state
}

/// A window that shows a preview.
pub fn painting(language: Language) -> State {
    let mut state = at_work(language);
    let job = state.queue.jobs[0].clone();
    let mut running = (*job).clone();
    running.state = danqing::engine::JobState::Running;
    Arc::make_mut(&mut state.queue).jobs[0] = Arc::new(running);
    state.canvas.watching = Some(job.id);
    state.canvas.preview = Some((std::time::Instant::now(), 3));
    state.engine.status = Status::Painting(Painting {
        job: job.id,
        picture: 0,
        pictures: 1,
        stage: Some(Stage::Denoise),
        step: 3,
        steps: 8,
        since: std::time::Instant::now(),
        pace: None,
    });
    state
}

/// A window in which much has failed, for reasons that take many words.
pub fn failures(language: Language) -> State {
    let mut state = at_work(language);
    let reasons: Vec<String> = (1..=7)
        .map(|n| {
            format!("/home/li/Downloads/presets of a friend/{n}.json: line {n} holds no number")
        })
        .collect();
    let failed = Message::new("notice-load-failed").with("name", "lost");
    state.notices.error(failed.because("no transformer folder"));
    let failed = Message::new("notice-failed");
    state.notices.error(failed.because(reasons.join("\n")));
    let message = Message::new("why-no-model");
    let offer = danqing::app::notices::Offer::OpenModels;
    let weight = danqing::app::notices::Weight::Warning;
    state.notices.offer(weight, message, offer);
    state
}

/// Every view that there is, by name.
pub fn all(language: Language) -> Vec<(&'static str, State)> {
    let mut list = vec![
        ("first look", first_look(language)),
        ("at work", at_work(language)),
        ("painting", painting(language)),
        ("failures", failures(language)),
    ];
    for (name, tab) in [("queue", RightTab::Queue), ("info", RightTab::Info)] {
        let mut state = at_work(language);
        state.layout.tab = tab;
        list.push((name, state));
    }
    for (name, mode) in [
        ("compare sides", CompareMode::Sides),
        ("compare slider", CompareMode::Slider),
    ] {
        let mut state = at_work(language);
        state.canvas.compare = Some(mode);
        state.canvas.other = state.gallery.shown().get(1).map(|entry| entry.path.clone());
        list.push((name, state));
    }
    for (name, dialog) in [
        ("palette", Dialog::Palette),
        ("keys", Dialog::Keys),
        ("models", Dialog::Models),
        ("settings", Dialog::Settings),
        ("system", Dialog::System),
        ("messages", Dialog::Notices),
        ("save preset", Dialog::SavePreset),
        ("paste", Dialog::PasteText),
        ("export", Dialog::Export),
    ] {
        let mut state = at_work(language);
        state.layout.dialog = Some(dialog);
        state
            .notices
            .error(Message::new("notice-failed").because("the device has too little memory"));
        list.push((name, state));
    }
    let mut state = at_work(language);
    state.layout.dialog = Some(Dialog::TypePath);
    state.layout.path = Some(TypedPath {
        wanted: PathFor::Copy("/home/li/a.png".into(), ExportKind::Jpeg),
        text: "/home/li/a.jpg".into(),
    });
    list.push(("type a path", state));
    let mut state = at_work(language);
    state.recovery = Some(3);
    state.desk.negative_open = true;
    state.desk.words_open = true;
    state.draft.negative = "模糊, blur".into();
    state.desk.tokens = Some(TokenCount {
        prompt: state.draft.prompt.clone(),
        tokens: 530,
        cut_at: Some(state.draft.prompt.char_indices().nth(18).unwrap().0),
    });
    state.desk.seed_text = "12a".into();
    let step = state.desk.undo.push(Step::Trash("a.png".into()));
    state.notices.removed("notice-trashed", step, 1);
    state.notices.error(
        Message::new("notice-load-failed")
            .with("name", "lost")
            .because("no transformer folder"),
    );
    list.push(("much at once", state));
    list
}
