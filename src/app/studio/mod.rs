//! The program as eframe runs it.

mod follow;
mod foretell;
mod intake;

use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{self, Context, Ui, ViewportCommand};

use super::command::{Action, Command, Commands};
use super::frame_times::{self, FrameTimes};
use super::i18n::Words;
use super::instance::Instance;
use super::services::Services;
use super::settings::Settings;
use super::state::{Closing, Dialog, State};
use super::textures::Textures;
use super::{keys, update, views};
use crate::files::starts::Start;

/// The program.
pub struct Studio {
    state: State,
    words: Words,
    textures: Textures,
    services: Services,
    commands: Commands,
    shown: Option<(Settings, String)>,
    /// Whether the desktop asked to keep still when the look was last put into force.
    shown_still: bool,
    session_due: Option<Instant>,
    memory_seen: Option<Instant>,
    presets_shown: u64,
    frame_times: FrameTimes,
    /// What `logic` of this frame took.
    logic_time: Duration,
    start: Option<Start>,
    instance: Option<Instance>,
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
        let language = state.language();
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
            shown_still: false,
            session_due: None,
            memory_seen: None,
            presets_shown: 0,
            frame_times: FrameTimes::default(),
            logic_time: Duration::ZERO,
            start: Some(start),
            instance: None,
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

    /// Takes in keys, text and files. Returns what is to be done once the widgets have seen the frame.
    fn take_input(&mut self, ctx: &Context) -> Vec<Action> {
        let before = self.state.desk.composing;
        ctx.input_mut(|input| keys::note_composition(input, &mut self.state.desk.composing));
        let keys = keys::take_actions(ctx, &self.state, before);
        for action in keys.first {
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
        keys.after_text
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
        self.logic_time = now.elapsed();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let since = Instant::now();
        let ctx = ui.ctx().clone();
        let after_text = self.take_input(&ctx);
        // Keys act before the widgets see the frame, so that one press is one frame late at no place.
        self.obey(&ctx);
        let mut view = views::View {
            state: &self.state,
            words: &self.words,
            textures: &self.textures,
            out: &mut self.commands,
        };
        views::show(ui, &mut view);
        for action in after_text {
            self.commands.send(action);
        }
        if self.state.closing == Closing::Asked
            && let Some(answer) =
                views::closing_question(&ctx, &self.words, !self.state.unsaved.is_empty())
        {
            self.commands.send(answer);
        }
        self.state.desk.focus_prompt = false;
        self.state.desk.focus_search = false;
        self.state.gallery.scroll_to_chosen = false;
        self.state.presets.reveal = None;
        self.obey(&ctx);
        self.take_thumbnails(&ctx);
        self.frame_times.note(self.logic_time + since.elapsed());
        if self.state.layout.dialog == Some(Dialog::System) {
            self.state.system.frames = self.frame_times.summary();
        }
    }

    fn on_exit(&mut self) {
        // So that nothing older lands on what is written here, unless the disk stalls for longer than these wait.
        self.services.session_writes.finish();
        self.services.settings_writes.finish();
        if let Err(error) = self.session().save(&self.services.places.session()) {
            tracing::error!(%error, "the session is not saved");
        }
        if let Some(file) = std::env::var_os(frame_times::LOG_VARIABLE)
            && let Err(error) = self.frame_times.write(Path::new(&file))
        {
            tracing::error!(%error, "the frame times are not kept");
        }
        self.services.engine.shutdown();
        if let Some(start) = self.start.take() {
            start.end_well();
        }
        // The program that takes this one's place needs the data folder.
        self.instance = None;
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
