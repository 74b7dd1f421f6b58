//! From nothing to a window: settings, session, queue, engine, gallery; whatever takes time comes after the window.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use eframe::egui::{self, Context, IconData, ViewportBuilder};

use super::background::{Background, Latest};
use super::i18n::Message;
use super::instance::{self, Claim, Instance, Visit};
use super::motion::desktop_is_still;
use super::outcome::Outcome;
use super::services::Services;
use super::session::Session;
use super::settings::Settings;
use super::state::{Model, State};
use super::studio::Studio;
use super::{command::Command, fonts, graphics, survey};
use crate::checkpoint::find_demo_model;
use crate::engine::forecast::Forecast;
use crate::engine::{
    Engine, EngineError, GalleryKeeper, Keeper, Loader, PipelineLoader, Queue, SaveTo,
};
use crate::files::starts::{Start, Verdict};
use crate::files::{Places, log};
use crate::gallery::Thumbs;
use crate::gallery::search::DEMO_MODEL;
use crate::pipeline::Suited;

/// Bytes of small pictures in memory.
const THUMBNAILS: usize = 64 << 20;

const MARK: &[u8] = include_bytes!("../../assets/icons/danqing-128.png");

/// How the window is to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files to import at once: presets, pictures, checkpoints.
    pub files: Vec<PathBuf>,
    /// The checkpoint to load, instead of the one used last.
    pub model: Option<PathBuf>,
}

/// What the engine is made of.
pub struct Parts {
    /// Loads models.
    pub loader: Box<dyn Loader>,
    /// Keeps pictures; given the gallery of the settings.
    pub keeper: Box<dyn FnOnce(SaveTo) -> Box<dyn Keeper>>,
}

impl Parts {
    /// What the program runs on: checkpoints from files, pictures into the gallery. A picture that the gallery cannot
    /// take goes beside the session.
    #[must_use]
    pub fn real(places: &Places) -> Self {
        let emergency = places.rescued();
        Self {
            loader: Box::new(PipelineLoader),
            keeper: Box::new(move |place| Box::new(GalleryKeeper::new(place, emergency))),
        }
    }
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no place for personal files.
    #[error(transparent)]
    Places(#[from] crate::files::FileError),
    /// The engine's thread cannot be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no desktop, as in a plain terminal of a server.
    #[error(
        "there is no desktop to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set; Danqing also works from a \
         terminal, see danqing --help"
    )]
    NoDesktop,
    /// The desktop gives no window.
    #[error(
        "the desktop gives no window: {0}; Danqing also works from a terminal, see danqing --help"
    )]
    Window(String),
}

/// Opens the window, and returns when it is closed.
///
/// # Errors
/// [`StartError`], before anything was drawn.
pub fn run(options: Options) -> Result<(), StartError> {
    let places = Places::find()?;
    let instance = match Instance::claim(&places.data) {
        Claim::First(instance) => instance,
        Claim::Taken => return visit_first(&places, &options),
    };
    if !has_desktop() {
        return Err(StartError::NoDesktop);
    }
    let parts = Parts::real(&places);
    let native = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Danqing")
            .with_app_id("danqing")
            .with_inner_size([1320.0, 880.0])
            .with_min_inner_size([480.0, 320.0])
            .with_icon(icon().unwrap_or_default())
            .with_drag_and_drop(true),
        persist_window: false,
        // The system's fonts are added with the Simplified Chinese forms, whatever the system's own language.
        system_font_fallback: false,
        wgpu_options: graphics::configuration(),
        ..Default::default()
    };
    // Until the window is closed.
    let log = log::keep_in(&places.logs());
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        fonts::add_system_fonts(&creation.egui_ctx);
        let mut studio = Studio::open(&creation.egui_ctx, places, options, parts)?;
        studio.receive_visits(instance);
        Ok(Box::new(studio))
    });
    match eframe::run_native("danqing", native, create) {
        Ok(()) => Ok(()),
        Err(error) if graphics::may_try_opengl(&error) => {
            tracing::warn!(%error, "trying OpenGL");
            drop(log);
            graphics::run_with_opengl()
                .map_err(|second| StartError::Window(format!("{error}; {second}")))
        }
        Err(error) => Err(StartError::Window(error.to_string())),
    }
}

/// Whether X11 or Wayland is there; other systems always have a desktop.
fn has_desktop() -> bool {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos"))
        || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"]
            .into_iter()
            .any(named)
}

/// Hands what this program was to open to the window that is there, and lets that one come forward.
fn visit_first(places: &Places, options: &Options) -> Result<(), StartError> {
    let files = options.files.iter().chain(&options.model);
    let files = files.filter_map(|path| std::path::absolute(path).ok());
    instance::visit(
        &places.data,
        &Visit {
            files: files.collect(),
        },
    )?;
    eprintln!("Danqing is already open; its window takes over.");
    Ok(())
}

fn icon() -> Option<IconData> {
    let image = image::load_from_memory_with_format(MARK, image::ImageFormat::Png)
        .ok()?
        .into_rgba8();
    Some(IconData {
        width: image.width(),
        height: image.height(),
        rgba: image.into_raw(),
    })
}

impl Studio {
    /// The program with its engine running, and everything else on its way.
    ///
    /// # Errors
    /// The engine's thread cannot be started.
    pub fn open(
        ctx: &Context,
        places: Places,
        options: Options,
        parts: Parts,
    ) -> Result<Self, StartError> {
        ctx.options_mut(|egui| {
            // These keys are ours: zoom is the picture's, and closing may have to ask.
            egui.zoom_with_keyboard = false;
            egui.quit_shortcuts.clear();
        });
        let (start, verdict) = Start::begin(places.starts());
        let logs = places.logs();
        let (settings, said) = Settings::load(&places.settings());
        let folder = settings
            .gallery
            .clone()
            .unwrap_or_else(|| places.pictures.clone());
        let mut state = State::new(settings, folder);
        for message in said {
            state.notices.warn(message);
        }
        let (session, said) = Session::load(&places.session());
        state.notices.extend(said);
        let services = services(ctx, &mut state, places, parts)?;
        let first_start = session.is_none();
        restore(&mut state, session.unwrap_or_default());
        if verdict.careful {
            let logs = logs.display().to_string();
            state
                .notices
                .warn(Message::new("notice-careful-start").with("path", logs));
        }
        let mut studio = Self::new(ctx, state, services, mark(), start);
        studio.set_out(ctx, &options, first_start, verdict);
        Ok(studio)
    }

    /// Starts what takes time.
    fn set_out(&mut self, ctx: &Context, options: &Options, first_start: bool, before: Verdict) {
        let (state, services) = self.halves();
        services.engine.set_previews(state.settings.previews);
        services.open_gallery(state);
        services.list_presets();
        services
            .background
            .run("list devices", || Some(survey::devices()));
        services.background.run("ask the desktop", || {
            Some(Outcome::StillDesktop(desktop_is_still()))
        });
        let paths: Vec<PathBuf> = state
            .models
            .iter()
            .map(|model| model.path.clone())
            .collect();
        for path in paths {
            services.run(ctx, state, super::effect::Effect::CheckModel(path));
        }
        // After a row of crashes nothing is loaded that was not asked for: it may be what crashes.
        if let Some(path) = first_model(state, options.model.clone())
            && (!before.careful || options.model.is_some())
        {
            services.run(ctx, state, super::effect::Effect::Load(path));
        }
        if first_start && options.model.is_none() && state.demo_chosen() {
            at_home_with_the_demo(state);
        }
        if !options.files.is_empty() {
            self.send(Command::Import(options.files.clone()));
        }
    }
}

/// Begins with what suits the small model.
fn at_home_with_the_demo(state: &mut State) {
    let demo = state.models.iter().find(|model| model.demo);
    if let Some(Ok(suited)) = demo.map(|demo| Suited::read(&demo.path)) {
        let draft = &mut state.draft;
        (draft.size, draft.steps, draft.guidance) = (suited.native, suited.steps, suited.guidance);
    }
}

fn services(
    ctx: &Context,
    state: &mut State,
    places: Places,
    parts: Parts,
) -> Result<Services, StartError> {
    let waker = ctx.clone();
    let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || waker.request_repaint());
    let (queue, restored) = Queue::open(places.queue());
    state.held_back = restored.held_back;
    if restored.jobs > 0 {
        state.recovery = Some(restored.jobs);
        state.recovered = queue.view().jobs.iter().map(|job| job.id).collect();
    }
    if let Some(why) = restored.warning {
        state
            .notices
            .warn(Message::new("notice-queue-file").because(why));
    }
    let place = SaveTo {
        folder: state.gallery_folder.clone(),
        pattern: state.settings.pattern.clone(),
    };
    let engine = Engine {
        queue,
        loader: parts.loader,
        keeper: (parts.keeper)(place),
        wake: wake.clone(),
    }
    .spawn()?;
    let thumbs = Thumbs::new(places.thumbnails(), THUMBNAILS, wake.clone());
    let thumbs = thumbs
        .inspect_err(|error| tracing::error!(%error, "no small pictures"))
        .ok();
    let timings = places.timings();
    Ok(Services {
        places,
        engine,
        gallery: None,
        thumbs,
        background: Background::new(wake.clone()),
        settings_writes: Latest::default(),
        session_writes: Latest::default(),
        wake,
        tokenizer: Arc::default(),
        decoded: Arc::new(Mutex::default()),
        forecast: Arc::new(Mutex::new(Forecast::open(timings))),
        wanted: Vec::new(),
        session_changed: false,
        successor: None,
    })
}

fn restore(state: &mut State, session: Session) {
    let Session {
        draft,
        history,
        models,
        columns,
    } = session;
    state.desk.seed_text = draft.seed.map(|seed| seed.to_string()).unwrap_or_default();
    state.desk.negative_open = !draft.negative.is_empty();
    state.draft = draft;
    state.desk.history = history;
    state.desk.focus_prompt = true;
    state.desk.wants_preset = state.draft.prompt.is_empty();
    if let Some((left, right)) = columns {
        (state.layout.left, state.layout.right) = (left, right);
    }
    let demo = find_demo_model().map(|path| Model {
        path,
        name: DEMO_MODEL.to_owned(),
        demo: true,
        facts: None,
    });
    let added = models
        .into_iter()
        .filter(|path| demo.as_ref().is_none_or(|demo| demo.path != *path))
        .map(Model::added);
    state.models = demo.clone().into_iter().chain(added).collect();
}

/// The checkpoint asked for, else the one used last, else the first of the list: the small one.
fn first_model(state: &mut State, asked: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(path) = &asked
        && !state.models.iter().any(|model| model.path == *path)
    {
        state.models.push(Model::added(path.clone()));
    }
    let last = state
        .settings
        .model
        .clone()
        .filter(|last| state.models.iter().any(|model| model.path == *last));
    asked
        .or(last)
        .or_else(|| state.models.first().map(|model| model.path.clone()))
}

fn mark() -> Option<egui::ColorImage> {
    let icon = icon()?;
    Some(egui::ColorImage::from_rgba_unmultiplied(
        [icon.width as usize, icon.height as usize],
        &icon.rgba,
    ))
}
