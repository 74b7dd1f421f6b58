//! The program in a folder of its own, with a real engine behind it that paints without a model.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use danqing::app::command::{Action, Command};
use danqing::app::state::State;
use danqing::app::{Options, Parts, Studio};
use danqing::engine::painter::Provenance;
use danqing::engine::{
    CancelToken, EngineError, GalleryKeeper, Loader, ModelChoice, Painter, Progress,
};
use danqing::files::Places;
use danqing::gallery::metadata::ModelRecord;
use danqing::pipeline::{Picture, Precision, Stage, Timings};
use danqing::request::{Draft, Request};
use eframe::egui::{self, Key, Modifiers, Vec2};
use egui_kittest::Harness;
use image::{Rgb, RgbImage};

/// Paints one colour a seed, a step every few milliseconds, and not in 8 bits.
struct Colours;

impl Loader for Colours {
    fn load(
        &mut self,
        choice: &ModelChoice,
        progress: &mut dyn FnMut(u64, u64),
        _: &CancelToken,
    ) -> Result<Box<dyn Painter>, EngineError> {
        if choice.precision == Some(Precision::Fp8) {
            return Err(EngineError::Device("colours have no 8 bits".into()));
        }
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
        Self::reopen(Self::home())
    }

    /// With the model that comes with the program, as on a first start.
    pub fn open_demo() -> Self {
        let mut desk = Self::start(Self::home(), None);
        desk.wait("the demo model is loaded and read", |state| {
            state.engine.loaded.is_some()
                && state.demo_active()
                && state
                    .current_model()
                    .is_some_and(|model| model.facts.is_some())
                && !state.presets.entries.is_empty()
        });
        desk
    }

    fn home() -> Arc<tempfile::TempDir> {
        let home = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.path().join("config")).unwrap();
        let settings = "language = \"en\"\nmotion = \"reduced\"\n";
        std::fs::write(home.path().join("config/settings.toml"), settings).unwrap();
        home
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

    /// What was said so far, by key.
    pub fn notices(&self) -> Vec<&'static str> {
        self.state()
            .notices
            .history()
            .map(|notice| notice.message.key)
            .collect()
    }
}
