//! Every view in both languages, both themes, at scale 1 and 2: it draws without a missing glyph, every control has a
//! name, and what matters fits. A few are compared with pictures that were looked at.

use std::path::PathBuf;
use std::sync::Arc;

use danqing::app::command::Commands;
use danqing::app::i18n::{Language, Message, Words};
use danqing::app::notices::{Offer, Weight};
use danqing::app::settings::Settings;
use danqing::app::state::{
    CompareMode, Dialog, Model, ModelFacts, Narrow, PresetEntry, RightTab, State, TokenCount,
};
use danqing::app::textures::Textures;
use danqing::app::{fonts, theme, views};
use danqing::engine::slots::{Painting, Status};
use danqing::engine::{ModelChoice, Queue};
use danqing::gallery::metadata::{ModelRecord, StageSeconds};
use danqing::gallery::{Details, Entry, Facts, Metadata};
use danqing::pipeline::Stage;
use danqing::pipeline::device::{DeviceChoice, DeviceInfo};
use danqing::request::preset;
use danqing::request::{Draft, ImageSize, Prompt, Seed};
use eframe::egui::{self, Theme, ThemePreference, Vec2};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use image::RgbImage;

/// A window of `state`, drawn by the graphics card's stand-in.
pub fn window<'a>(state: State, size: Vec2, scale: f32, theme: Theme) -> Harness<'a, Shown> {
    let language = state.settings.language.unwrap_or(Language::English);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .with_theme(theme)
        .with_max_steps(16)
        .with_context_setup(move |ctx| {
            fonts::install(ctx, language);
            let preference = if theme == Theme::Dark {
                ThemePreference::Dark
            } else {
                ThemePreference::Light
            };
            theme::install(ctx, preference, true);
        })
        .wgpu()
        .build_ui_state(
            |ui, shown: &mut Shown| {
                shown.upload(ui.ctx());
                let root = ui.ctx().content_rect();
                ui.scope_builder(egui::UiBuilder::new().max_rect(root), |ui| {
                    let Shown {
                        state,
                        words,
                        textures,
                        commands,
                        ..
                    } = shown;
                    views::show(
                        ui,
                        &mut views::View {
                            state,
                            words,
                            textures,
                            out: commands,
                        },
                    );
                });
            },
            Shown {
                words: Words::new(language),
                state,
                textures: Textures::default(),
                commands: Commands::default(),
                fresh: true,
            },
        );
    harness.run_steps(4);
    harness
}

/// What a window of the tests is made of.
pub struct Shown {
    state: State,
    words: Words,
    textures: Textures,
    /// What the views asked for.
    pub commands: Commands,
    fresh: bool,
}

impl Shown {
    /// Paints the thumbnails and pictures that the state speaks of.
    fn upload(&mut self, ctx: &egui::Context) {
        if !std::mem::take(&mut self.fresh) {
            return;
        }
        let paths: Vec<PathBuf> = self
            .state
            .gallery
            .shown()
            .iter()
            .map(|entry| entry.path.clone())
            .collect();
        for (number, path) in paths.into_iter().enumerate() {
            let picture = landscape(128, 96 + 16 * (number as u32 % 5), number as u32);
            self.textures.put_thumbnail(ctx, path.clone(), &picture);
            if number < 2 {
                self.textures
                    .put_picture(ctx, path, &landscape(512, 512, number as u32));
            }
        }
        let image = image::load_from_memory(include_bytes!("../../assets/icons/danqing-128.png"))
            .unwrap()
            .into_rgba8();
        let size = [image.width() as usize, image.height() as usize];
        let mark = egui::ColorImage::from_rgba_unmultiplied(size, image.as_raw());
        self.textures.mark = Some(ctx.load_texture("mark", mark, egui::TextureOptions::LINEAR));
        if self.state.canvas.watching.is_some() {
            self.textures.put_preview(ctx, &landscape(64, 64, 3));
        }
    }
}

/// A sky, a sun and hills.
fn landscape(width: u32, height: u32, variant: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let shift = variant as f32;
        let hill = 0.62 + 0.12 * (u * 7.0 + shift).sin() + 0.05 * (u * 17.0 + shift * 2.0).cos();
        let sun = (u - 0.3 - 0.07 * (variant % 5) as f32).hypot(v - 0.32) < 0.12;
        let warm = 40.0 * ((variant * 37 % 7) as f32 / 7.0);
        if v > hill {
            let depth = (v - hill) * 120.0;
            image::Rgb([
                (60.0 + warm - depth * 0.3) as u8,
                (96.0 - depth * 0.4) as u8,
                (80.0 - depth * 0.2) as u8,
            ])
        } else if sun {
            image::Rgb([240, 196, 120])
        } else {
            image::Rgb([
                (150.0 + warm + 60.0 * v) as u8,
                (176.0 + 30.0 * v) as u8,
                (205.0 - warm) as u8,
            ])
        }
    })
}

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
                demands: None,
                hash: None,
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
                demands: None,
                hash: None,
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
    let choice = ModelChoice {
        path: demo,
        device: DeviceChoice::Auto,
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
fn painting(language: Language) -> State {
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

/// Every view that there is, by name.
fn all(language: Language) -> Vec<(&'static str, State)> {
    let mut list = vec![
        ("first look", first_look(language)),
        ("at work", at_work(language)),
        ("painting", painting(language)),
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
    state.notices.offer(
        Weight::Good,
        Message::new("notice-trashed").with("count", 1_usize),
        Offer::UndoTrash,
    );
    state.notices.error(
        Message::new("notice-load-failed")
            .with("name", "lost")
            .because("no transformer folder"),
    );
    list.push(("much at once", state));
    list
}

fn options() -> SnapshotOptions {
    // Drivers round the edges of letters differently; a control that moves changes thousands of pixels.
    SnapshotOptions::new()
        .threshold(1.2)
        .max_failed_pixels(400)
        .output_path("tests/snapshots")
}

/// Where pictures of everything go when one wants to look at them.
fn look(harness: &mut Harness<'_, Shown>, name: &str) {
    if let Some(folder) = std::env::var_os("DANQING_LOOK") {
        harness
            .render()
            .unwrap()
            .save(PathBuf::from(folder).join(format!("{name}.png")))
            .unwrap();
    }
}

#[test]
fn every_view_draws_in_both_languages_and_themes() {
    for (language, tag) in [(Language::Chinese, "zh"), (Language::English, "en")] {
        for theme in [Theme::Dark, Theme::Light] {
            for (name, state) in all(language) {
                let mut harness = window(state, Vec2::new(1280.0, 800.0), 1.0, theme);
                look(&mut harness, &format!("{name} {tag} {theme:?}"));
            }
        }
    }
}

#[test]
fn every_view_draws_at_double_scale() {
    for (name, state) in all(Language::Chinese) {
        let mut harness = window(state, Vec2::new(1280.0, 800.0), 2.0, Theme::Light);
        look(&mut harness, &format!("{name} zh double"));
    }
}

/// Fault row 41.
#[test]
fn a_window_of_any_size_can_be_used() {
    for page in [Narrow::Write, Narrow::Look, Narrow::Browse] {
        let mut state = at_work(Language::Chinese);
        state.layout.narrow = page;
        let mut harness = window(state, Vec2::new(480.0, 320.0), 1.0, Theme::Dark);
        look(&mut harness, &format!("small {page:?}"));
        use egui_kittest::kittest::Queryable as _;
        if page == Narrow::Write {
            let generate = harness.get_by_label("生成").rect();
            assert!(
                generate.max.y <= 320.0 && generate.max.x <= 480.0,
                "Generate is in sight: {generate:?}"
            );
        }
    }
    for scale in [0.75, 1.5, 3.0] {
        window(
            at_work(Language::English),
            Vec2::new(1280.0, 800.0),
            scale,
            Theme::Light,
        );
    }
    let mut harness = window(
        at_work(Language::English),
        Vec2::new(3840.0, 2160.0),
        1.0,
        Theme::Dark,
    );
    look(&mut harness, "4K");
}

#[test]
fn the_window_looks_as_it_was_looked_at() {
    let size = Vec2::new(1280.0, 800.0);
    let mut results = SnapshotResults::new();
    for (name, state, theme) in [
        (
            "first-look-zh-light",
            first_look(Language::Chinese),
            Theme::Light,
        ),
        ("at-work-en-dark", at_work(Language::English), Theme::Dark),
        ("painting-zh-dark", painting(Language::Chinese), Theme::Dark),
    ] {
        let mut harness = window(state, size, 1.0, theme);
        results.add(harness.try_snapshot_options(name, &options()));
    }
    results.unwrap();
}
