//! Does what the state asks for: the engine, the gallery, the disk, the desktop.

mod models;
mod pictures;
mod presets;
mod typed_path;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use eframe::egui::{Context, UserAttentionType, ViewportCommand};

use self::models::check_model;
use self::pictures::{save_copy, save_unsaved};
use super::background::{Background, Latest};
use super::desktop;
use super::effect::Effect;
use super::i18n::Message;
use super::notices::Weight;
use super::outcome::Outcome;
use super::settings::Settings;
use super::state::State;
use super::survey;
use crate::checkpoint::Tokenizer;
use crate::engine::EngineHandle;
use crate::engine::forecast::Forecast;
use crate::files::Places;
use crate::gallery::{Entry, Gallery, Thumbs};

/// The tokenizer of the loaded model, and whose it is; filled in by a thread of its own.
pub type LoadedTokenizer = Arc<Mutex<Option<(PathBuf, Arc<Tokenizer>)>>>;

/// Everything outside the state.
pub struct Services {
    /// Folders.
    pub places: Places,
    /// The thread that paints.
    pub engine: EngineHandle,
    /// The folder of pictures; none while it cannot be opened.
    pub gallery: Option<Gallery>,
    /// Small pictures; none when the system grants no thread.
    pub thumbs: Option<Thumbs>,
    /// Other work.
    pub background: Background,
    /// Writes of the settings.
    pub settings_writes: Latest,
    /// Writes of the session.
    pub session_writes: Latest,
    /// Wakes the window.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The tokenizer of the loaded model, and whose it is.
    pub tokenizer: LoadedTokenizer,
    /// A picture whose pixels were decoded elsewhere, on their way to the graphics card.
    pub decoded: Arc<Mutex<Vec<(PathBuf, image::RgbImage)>>>,
    /// Measured times.
    pub forecast: Arc<Mutex<Forecast>>,
    /// Small pictures that are being waited for.
    pub wanted: Vec<Arc<Entry>>,
    /// Whether the session is to be written soon.
    pub session_changed: bool,
    /// The process that takes this one's place.
    pub successor: Option<std::process::Command>,
}

impl Services {
    /// Does `effect`.
    pub fn run(&mut self, ctx: &Context, state: &mut State, effect: Effect) {
        match effect {
            Effect::Submit { .. }
            | Effect::CancelRunning
            | Effect::Cancel(_)
            | Effect::CancelWaiting
            | Effect::Discard(_)
            | Effect::PutBack(_)
            | Effect::Pause(_)
            | Effect::Retry(_)
            | Effect::MoveBy(..)
            | Effect::MoveBefore(..)
            | Effect::Hold(_)
            | Effect::EditJob(..) => self.queue(state, effect),
            Effect::Load(path) => self.load(state, path),
            Effect::Previews(quality) => self.engine.set_previews(quality),
            Effect::Search(query) => self.on_gallery(|gallery| gallery.search(&query)),
            Effect::Star(path, star) => self.on_gallery(|gallery| gallery.star(vec![path], star)),
            Effect::Trash(path) => self.on_gallery(|gallery| gallery.trash(vec![path])),
            Effect::UndoTrash(Some(path)) => self.on_gallery(|gallery| gallery.restore(path)),
            Effect::UndoTrash(None) => self.on_gallery(Gallery::undo_trash),
            Effect::Thumbnail(entry) => {
                if !self.wanted.iter().any(|wanted| Arc::ptr_eq(wanted, &entry)) {
                    self.wanted.push(entry);
                }
            }
            Effect::Picture(path) => {
                self.decode(&state.gallery_folder, path.clone());
                self.read_facts(&state.gallery_folder, path);
            }
            Effect::Pixels(path) => self.decode(&state.gallery_folder, path),
            Effect::Gallery => self.open_gallery(state),
            Effect::CountTokens(prompt) => self.count_tokens(state, prompt),
            Effect::CheckModel(path) => {
                let choice = state.settings.choice(path);
                self.background
                    .run("check model", move || Some(check_model(&choice)));
            }
            Effect::Devices => self
                .background
                .run("list devices", || Some(survey::devices())),
            Effect::Import(paths) => self.import(move |own| super::presets::import(own, &paths)),
            Effect::ImportText(text) => {
                self.import(move |own| super::presets::import_text(own, &text))
            }
            Effect::SavePreset {
                preset,
                picture,
                replaced,
            } => self.save_preset(*preset, picture, replaced),
            Effect::RemovePreset(file, name) => self.remove_preset(file, name),
            Effect::RestorePreset(preset) => self.restore_preset(preset),
            Effect::UndoReplace(preset) => self.undo_replace(preset),
            Effect::PickFiles => self.background.run("dialog", desktop::pick_files),
            Effect::PickModel => self.background.run("dialog", desktop::pick_model),
            Effect::PickGallery => self.background.run("dialog", desktop::pick_gallery),
            Effect::SaveCopy(source, kind) => self
                .background
                .run("export", move || save_copy(&source, kind)),
            Effect::SaveUnsaved(unsaved) => self
                .background
                .run("save unsaved", move || save_unsaved(unsaved)),
            Effect::UsePath(typed) => self.use_path(typed),
            Effect::CopyText(text) => ctx.copy_text(text),
            Effect::CopyPicture(path) => self.copy_picture(ctx.clone(), path),
            Effect::Reveal(path) => self
                .background
                .run("reveal", move || desktop::reveal(&path)),
            Effect::OpenFolder(path) => self
                .background
                .run("open folder", move || desktop::open_folder(&path)),
            Effect::Settings(settings) => self.save_settings(*settings),
            Effect::SaveSession => self.session_changed = true,
            Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
            Effect::Attention => {
                let behind = ctx.input(|input| !input.viewport().focused.unwrap_or(true));
                if behind && state.settings.attention {
                    ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(
                        UserAttentionType::Informational,
                    ));
                }
            }
            Effect::Restart => self.restart(ctx, state),
        }
    }

    fn save_settings(&self, settings: Settings) {
        let file = self.places.settings();
        let writes = &self.settings_writes;
        self.background
            .run_latest("save settings", writes, move || {
                let why = settings.save(&file).err()?;
                Some(Outcome::Said(
                    Weight::Error,
                    Message::new("notice-settings-not-saved").because(why),
                ))
            });
    }

    /// Closes the window; the program that takes its place starts when this one has let go of the queue.
    fn restart(&mut self, ctx: &Context, state: &mut State) {
        match crate::engine::handle::restart() {
            Ok(process) => {
                self.successor = Some(process);
                state.closing = super::state::Closing::Yes;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            Err(error) => state
                .notices
                .error(Message::new("notice-not-restarted").because(error)),
        }
    }
}
