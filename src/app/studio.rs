//! The program as eframe runs it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use eframe::egui::{self, Context, Ui, ViewportCommand};

use super::command::{Command, Commands};
use super::i18n::{Language, Message, Words};
use super::outcome::Outcome;
use super::services::Services;
use super::session::Session;
use super::settings::Settings;
use super::state::{Closing, Foretold, State};
use super::textures::Textures;
use super::{fonts, keys, theme, update, views};
use crate::engine::memory::{Demands, Fit, free_memory};
use crate::engine::{Event, Status};
use crate::files::starts::Start;
use crate::gallery::Thumb;
use crate::request::{Draft, ImageSize};

/// How long after a change the session is written.
const SAVE_AFTER: Duration = Duration::from_secs(1);
/// Small pictures that are waited for at once.
const WAITED_FOR: usize = 256;
/// How often the memory is looked at while work goes on.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// The program.
pub struct Studio {
    state: State,
    words: Words,
    textures: Textures,
    services: Services,
    commands: Commands,
    shown: Option<(Settings, String)>,
    session_due: Option<Instant>,
    memory_seen: Option<Instant>,
    start: Option<Start>,
}

impl Studio {
    /// The program in `state`, with `services` behind it.
    pub(super) fn new(
        ctx: &Context,
        state: State,
        services: Services,
        mark: Option<egui::ColorImage>,
        start: Start,
    ) -> Self {
        let language = state.settings.language.unwrap_or_else(Language::of_system);
        let mark = mark.map(|image| ctx.load_texture("mark", image, egui::TextureOptions::LINEAR));
        let mut textures = Textures::default();
        textures.mark = mark;
        let mut studio = Self {
            state,
            words: Words::new(language),
            textures,
            services,
            commands: Commands::default(),
            shown: None,
            session_due: None,
            memory_seen: None,
            start: Some(start),
        };
        studio.follow_settings(ctx);
        studio
    }

    /// The state and what is behind it, to be set out together.
    pub(super) fn halves(&mut self) -> (&mut State, &mut Services) {
        (&mut self.state, &mut self.services)
    }

    /// What the window knows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Asks for something, as a press would.
    pub fn send(&mut self, command: impl Into<Command>) {
        self.commands.send(command);
    }

    /// Does what was asked, and what that brings about.
    fn obey(&mut self, ctx: &Context) {
        // Work that ends at once may ask for more; a few rounds are enough, the rest waits for the next frame.
        for _ in 0..4 {
            let commands = self.commands.take();
            if commands.is_empty() {
                return;
            }
            for command in commands {
                for effect in update::command(&mut self.state, command) {
                    self.services.run(ctx, &mut self.state, effect);
                }
            }
            ctx.request_repaint();
        }
    }

    /// Takes in what other threads have to tell.
    fn drain(&mut self, ctx: &Context) {
        let events: Vec<_> = self.services.engine.events().try_iter().collect();
        for event in events {
            self.note_kept(&event);
            for effect in update::engine_event(&mut self.state, event) {
                self.services.run(ctx, &mut self.state, effect);
            }
        }
        // After the events: what they speak of may have left the queue by now.
        self.state.queue = self.services.engine.queue().view();
        self.state.engine.status = self.services.engine.status();
        if let Some(preview) = self.services.engine.take_preview()
            && self.state.canvas.watching == Some(preview.job)
        {
            self.textures.put_preview(ctx, &preview.image);
            self.state.canvas.preview = Some((Instant::now(), preview.step));
        }
        if let Some(gallery) = &self.services.gallery {
            let view = gallery.view();
            if view.revision != self.state.gallery.view.revision
                || view.folder != self.state.gallery.view.folder
            {
                if view.folder != self.state.gallery.view.folder {
                    self.textures.clear();
                }
                self.state.gallery.view = view;
            }
            for notice in gallery.take_notices() {
                update::gallery_notice(&mut self.state, notice);
            }
        }
        for outcome in self.services.background.take() {
            self.commands.send(Command::Outcome(outcome));
        }
        let decoded = std::mem::take(
            &mut *self
                .services
                .decoded
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for (path, pixels) in decoded {
            self.textures.put_picture(ctx, path, &pixels);
        }
        self.take_thumbnails(ctx);
    }

    /// Shows a finished picture in the gallery at once, and learns from the time that it took.
    fn note_kept(&self, event: &Event) {
        let Event::Kept {
            job, kept, pixels, ..
        } = event
        else {
            return;
        };
        if let Some(gallery) = &self.services.gallery {
            gallery.note(&kept.path);
        }
        let Some(job) = self
            .state
            .queue
            .jobs
            .iter()
            .find(|known| known.id == *job)
            .cloned()
        else {
            return;
        };
        let (forecast, key) = (
            self.services.forecast.clone(),
            self.state.engine.forecast_key.clone(),
        );
        let timings = pixels.timings.clone();
        self.services.background.run("learn pace", move || {
            let mut forecast = forecast.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = forecast.learn(&key, &job.request, &timings) {
                tracing::warn!(%error, "measured times are not kept");
            }
            None
        });
    }

    /// Foretells time and memory of the draft, whenever one of them may have changed.
    fn foretell(&mut self) {
        let facts = self
            .state
            .current_model()
            .and_then(|model| model.facts.as_ref()?.as_ref().ok());
        let Some(demands) = facts.and_then(|facts| facts.demands) else {
            self.state.engine.foretold = Foretold::default();
            return;
        };
        // Words take no time of their own: a request is foretold before its prompt is written.
        let draft = Draft {
            prompt: "-".to_owned(),
            style: String::new(),
            ..self.state.draft.clone()
        };
        let Ok(request) = draft.request() else { return };
        let seconds = match self.services.forecast.try_lock() {
            Ok(forecast) => forecast.seconds(&self.state.engine.forecast_key, &demands, &request),
            Err(_) => self.state.engine.foretold.seconds,
        };
        let too_large = self.too_large(&demands, request.size);
        self.state.engine.foretold = Foretold { seconds, too_large };
    }

    fn too_large(
        &self,
        demands: &Demands,
        size: ImageSize,
    ) -> Option<(Message, Option<ImageSize>)> {
        let on_cpu = self.state.engine.forecast_key.contains(" cpu ");
        let painting = matches!(
            self.state.engine.status,
            Status::Painting(_) | Status::Loading { .. }
        );
        if painting || self.state.engine.loaded.is_none() {
            return None;
        }
        let (free, loaded) = if on_cpu {
            (free_memory()?, true)
        } else {
            // What was free before the model was loaded, so that its weights count too.
            (
                self.state
                    .devices
                    .iter()
                    .find_map(|device| device.memory)?
                    .0,
                false,
            )
        };
        match demands.fit(size, free, loaded) {
            Fit::Fits => None,
            Fit::TooLarge {
                needs,
                free,
                instead,
            } => {
                let said = Message::new("foretell-too-large")
                    .with("needs", views::bytes_text(needs))
                    .with("free", views::bytes_text(free));
                Some((said, instead))
            }
        }
    }

    /// Uploads small pictures that have become ready.
    fn take_thumbnails(&mut self, ctx: &Context) {
        let Some(thumbs) = &self.services.thumbs else {
            return;
        };
        let (state, textures) = (&self.state, &mut self.textures);
        self.services
            .wanted
            .retain(|entry| match thumbs.get(&state.gallery_folder, entry) {
                Thumb::Ready(pixels) => {
                    textures.put_thumbnail(ctx, entry.path.clone(), &pixels);
                    false
                }
                Thumb::Coming => true,
                Thumb::Bad(_) => false,
            });
        // What was scrolled past is not waited for.
        let past = self.services.wanted.len().saturating_sub(WAITED_FOR);
        self.services.wanted.drain(..past);
    }

    /// Lets language, theme and motion follow the settings.
    fn follow_settings(&mut self, ctx: &Context) {
        let settings = &self.state.settings;
        let changed = self.shown.as_ref().is_none_or(|(shown, _)| {
            shown.language != settings.language
                || shown.theme != settings.theme
                || shown.reduced_motion != settings.reduced_motion
        });
        if !changed {
            return;
        }
        let language = settings.language.unwrap_or_else(Language::of_system);
        let new_language = self.shown.is_none() || language != self.words.language();
        theme::install(ctx, settings.theme, settings.reduced_motion);
        if new_language {
            self.words = Words::new(language);
            fonts::install(ctx, language);
        }
        let title = self
            .shown
            .take()
            .map(|(_, title)| title)
            .unwrap_or_default();
        self.shown = Some((settings.clone(), title));
    }

    /// The window's title says how far the work is.
    fn follow_title(&mut self, ctx: &Context) {
        let name = self.words.say("window-title");
        let title = match &self.state.engine.status {
            Status::Painting(painting) => {
                let done = f64::from(painting.picture)
                    + f64::from(painting.step) / f64::from(painting.steps.max(1));
                format!(
                    "{:.0} % · {name}",
                    100.0 * done / f64::from(painting.pictures.max(1))
                )
            }
            _ => name,
        };
        if let Some((_, shown)) = &mut self.shown
            && *shown != title
        {
            shown.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    fn take_input(&mut self, ctx: &Context) {
        let before = self.state.desk.composing;
        ctx.input_mut(|input| keys::note_composition(input, &mut self.state.desk.composing));
        for action in keys::take_actions(ctx, &self.state, before) {
            self.commands.send(action);
        }
        if let Some(text) = keys::take_pasted(ctx, &self.state) {
            self.commands.send(Command::ImportText(text));
        }
        let dropped: Vec<_> = ctx.input(|input| {
            input
                .raw
                .dropped_files
                .iter()
                .map(|file| file.path().to_owned())
                .collect()
        });
        if !dropped.is_empty() {
            self.commands.send(Command::Import(dropped));
        }
        if ctx.input(|input| input.viewport().close_requested())
            && !update::close_requested(&mut self.state)
        {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        }
    }

    /// Writes the session when its time has come; wakes the window by itself for that.
    fn save_session(&mut self, ctx: &Context, now: Instant) {
        if std::mem::take(&mut self.services.session_changed) && self.session_due.is_none() {
            self.session_due = Some(now + SAVE_AFTER);
        }
        let Some(due) = self.session_due else { return };
        if now < due {
            ctx.request_repaint_after(due - now);
            return;
        }
        self.session_due = None;
        let (session, file) = (self.session(), self.services.places.session());
        self.services.background.run("save session", move || {
            let why = session.save(&file).err()?;
            let said = Message::new("notice-session-not-saved").because(why);
            Some(Outcome::Said(super::notices::Weight::Warning, said))
        });
    }

    fn session(&self) -> Session {
        let state = &self.state;
        // A job that is being edited is in the queue; the draft is what was there before.
        let draft = state
            .editing
            .as_ref()
            .map_or(&state.draft, |(_, before)| before);
        Session {
            draft: draft.clone(),
            history: state.desk.history.clone(),
            models: state
                .models
                .iter()
                .filter(|model| !model.demo)
                .map(|model| model.path.clone())
                .collect(),
            columns: Some((state.layout.left, state.layout.right)),
        }
    }

    fn look_at_memory(&mut self, now: Instant) {
        let working = matches!(
            self.state.engine.status,
            Status::Painting(_) | Status::Loading { .. }
        );
        let old = self
            .memory_seen
            .is_none_or(|seen| now.duration_since(seen) > MEMORY_EVERY);
        if self.state.engine.memory.is_none() || (working && old) {
            self.memory_seen = Some(now);
            self.state.engine.memory =
                memory_stats::memory_stats().map(|stats| stats.physical_mem as u64);
        }
    }
}

impl eframe::App for Studio {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        let now = Instant::now();
        self.drain(ctx);
        self.obey(ctx);
        self.foretell();
        self.look_at_memory(now);
        if let Some(left) = views::refresh_after(self.state.notices.age(now)) {
            ctx.request_repaint_after(left);
        }
        self.save_session(ctx, now);
        self.follow_settings(ctx);
        self.follow_title(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.take_input(&ctx);
        // Keys act before the widgets see the frame, so that one press is one frame late at no place.
        self.obey(&ctx);
        let mut view = views::View {
            state: &self.state,
            words: &self.words,
            textures: &self.textures,
            out: &mut self.commands,
        };
        views::show(ui, &mut view);
        if self.state.closing == Closing::Asked
            && let Some(answer) = views::closing_question(&ctx, &self.words)
        {
            self.commands.send(answer);
        }
        self.state.desk.focus_prompt = false;
        self.state.desk.focus_search = false;
        self.state.gallery.scroll_to_chosen = false;
        self.obey(&ctx);
        self.take_thumbnails(&ctx);
    }

    fn on_exit(&mut self) {
        if let Err(error) = self.session().save(&self.services.places.session()) {
            tracing::error!(%error, "the session is not saved");
        }
        self.services.engine.shutdown();
        if let Some(start) = self.start.take() {
            start.end_well();
        }
        if let Some(mut process) = self.services.successor.take()
            && let Err(error) = process.spawn()
        {
            tracing::error!(%error, "the program cannot be started anew");
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}
