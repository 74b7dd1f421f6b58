//! Does what the state asks for: the engine, the gallery, the disk, the desktop.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{Context, UserAttentionType, ViewportCommand};

use super::background::Background;
use super::effect::Effect;
use super::i18n::Message;
use super::notices::Weight;
use super::outcome::{Imported, Outcome};
use super::settings::Settings;
use super::state::{ExportKind, MAX_TOKENS, ModelFacts, State, TokenCount, Unsaved};
use super::{desktop, preset_pictures, presets};
use crate::checkpoint::{Checkpoint, Tokenizer};
use crate::engine::forecast::Forecast;
use crate::engine::memory::Demands;
use crate::engine::{EngineHandle, ModelChoice, QueueError, SaveTo};
use crate::files::Places;
use crate::gallery::{Entry, Gallery, Thumbs, export, read_png, thumbs, writer};
use crate::pipeline::device::{DeviceChoice, Placement, Precision};
use crate::request::preset::Preset;

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
            | Effect::Pause(_)
            | Effect::Retry(_)
            | Effect::MoveBy(..)
            | Effect::MoveTo(..)
            | Effect::EditJob(..) => self.queue(state, effect),
            Effect::Load(path) => self.load(state, path),
            Effect::Previews(on) => self.engine.set_previews(on),
            Effect::Search(query) => self.on_gallery(|gallery| gallery.search(&query)),
            Effect::Star(path, star) => self.on_gallery(|gallery| gallery.star(vec![path], star)),
            Effect::Trash(path) => self.on_gallery(|gallery| gallery.trash(vec![path])),
            Effect::UndoTrash => self.on_gallery(Gallery::undo_trash),
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
                let device = state.settings.device;
                self.background
                    .run("check model", move || Some(check_model(path, device)));
            }
            Effect::Import(paths) => self.import(move |own| presets::import(own, &paths)),
            Effect::ImportText(text) => self.import(move |own| presets::import_text(own, &text)),
            Effect::SavePreset(preset, picture) => self.save_preset(*preset, picture),
            Effect::RemovePreset(file) => self.remove_preset(file),
            Effect::PickFiles => self.background.run("dialog", desktop::pick_files),
            Effect::PickModel => self.background.run("dialog", desktop::pick_model),
            Effect::PickGallery => self.background.run("dialog", desktop::pick_gallery),
            Effect::SaveCopy(source, kind) => self
                .background
                .run("export", move || save_copy(&source, kind)),
            Effect::SaveUnsaved(unsaved) => self
                .background
                .run("save unsaved", move || save_unsaved(unsaved)),
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

    fn queue(&self, state: &mut State, effect: Effect) {
        let queue = self.engine.queue();
        let result = match effect {
            Effect::Submit { request, first } => {
                let pushed = if first {
                    queue.push_front(*request)
                } else {
                    queue.push(*request)
                };
                pushed.map(|_| ())
            }
            Effect::CancelRunning => {
                self.engine.cancel_current();
                Ok(())
            }
            Effect::Cancel(id) => queue.cancel(id),
            Effect::CancelWaiting => {
                queue.cancel_waiting();
                Ok(())
            }
            Effect::Pause(paused) => {
                queue.set_paused(paused);
                Ok(())
            }
            Effect::Retry(id) => queue.retry(id),
            Effect::MoveBy(id, places) => queue.move_by(id, places),
            Effect::MoveTo(id, place) => queue.move_to(id, place),
            Effect::EditJob(id, request) => queue.edit(id, *request),
            _ => Ok(()),
        };
        self.engine.look();
        match result {
            Ok(()) => {}
            // It ended between the press and now, which is what was wanted or no longer matters.
            Err(QueueError::Gone(_)) => {}
            Err(error) => state
                .notices
                .warn(Message::new("notice-queue").because(error)),
        }
    }

    fn load(&self, state: &mut State, path: PathBuf) {
        let choice = ModelChoice {
            path,
            device: state.settings.device,
        };
        if let Err(error) = self.engine.load(choice) {
            state
                .notices
                .error(Message::new("notice-engine").because(error));
        }
    }

    fn on_gallery(&self, order: impl FnOnce(&Gallery)) {
        if let Some(gallery) = &self.gallery {
            order(gallery);
        }
    }

    /// Opens the gallery's folder, and tells the engine to put pictures there.
    pub fn open_gallery(&mut self, state: &mut State) {
        let folder = state.gallery_folder.clone();
        let place = SaveTo {
            folder: folder.clone(),
            pattern: state.settings.pattern.clone(),
        };
        if let Err(error) = self.engine.save_to(place) {
            state
                .notices
                .error(Message::new("notice-engine").because(error));
        }
        if self
            .gallery
            .as_ref()
            .is_some_and(|gallery| gallery.view().folder == folder)
        {
            return;
        }
        if let Err(error) = std::fs::create_dir_all(&folder) {
            let said = Message::new("notice-gallery-folder")
                .with("path", folder.display().to_string())
                .because(error);
            state.notices.error(said);
        }
        match Gallery::open(&folder, &self.places.cache, self.wake.clone()) {
            Ok(gallery) => self.gallery = Some(gallery),
            Err(error) => state
                .notices
                .error(Message::new("notice-gallery").because(error)),
        }
    }

    fn decode(&self, folder: &Path, path: PathBuf) {
        let (full, decoded, wake) = (folder.join(&path), self.decoded.clone(), self.wake.clone());
        self.background
            .run("decode", move || match thumbs::open_limited(&full) {
                Ok(picture) => {
                    decoded
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((path, picture.into_rgb8()));
                    wake();
                    None
                }
                Err(why) => {
                    let name = full.display().to_string();
                    Some(Outcome::Said(
                        Weight::Error,
                        Message::new("notice-picture-unreadable")
                            .with("path", name)
                            .because(why),
                    ))
                }
            });
    }

    fn read_facts(&self, folder: &Path, path: PathBuf) {
        let full = folder.join(&path);
        self.background.run("read facts", move || {
            let facts = read_png(&full)
                .ok()
                .and_then(|record| record.metadata)
                .map(Arc::new);
            Some(Outcome::Facts(path, facts))
        });
    }

    fn count_tokens(&self, state: &State, prompt: String) {
        let Some(choice) = state.engine.loaded.clone() else {
            return;
        };
        let cache = self.tokenizer.clone();
        self.background.run("count tokens", move || {
            // One count at a time: the lock is held while the tokenizer is read.
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            let known = cache
                .as_ref()
                .filter(|(path, _)| *path == choice.path)
                .map(|(_, tokenizer)| tokenizer.clone());
            let tokenizer = match known {
                Some(tokenizer) => tokenizer,
                None => {
                    let tokenizer =
                        Arc::new(Checkpoint::open(&choice.path).ok()?.tokenizer().ok()?);
                    *cache = Some((choice.path, tokenizer.clone()));
                    tokenizer
                }
            };
            drop(cache);
            let tokens = tokenizer.encode(&prompt, MAX_TOKENS).ok()?;
            let cut_at = tokens.truncated.map(|cut| cut.bytes.start);
            Some(Outcome::Tokens(TokenCount {
                prompt,
                tokens: tokens.total,
                cut_at,
            }))
        });
    }

    fn import(&self, read: impl FnOnce(&Path) -> Imported + Send + 'static) {
        let own = self.places.presets();
        self.background.run("import", move || {
            Some(Outcome::Imported(Box::new(read(&own))))
        });
    }

    /// Reads all presets anew.
    pub fn list_presets(&self) {
        let own = self.places.presets();
        self.background.run("list presets", move || {
            Some(Outcome::Presets(presets::all(&own)))
        });
    }

    fn save_preset(&self, mut preset: Preset, picture: Option<PathBuf>) {
        let own = self.places.presets();
        self.background.run("save preset", move || {
            // The settings are what matters: they are kept even where their picture cannot be.
            preset.thumbnail = picture.and_then(|path| {
                preset_pictures::from_picture(&path)
                    .inspect_err(|why| tracing::warn!(why, "a preset stays without a thumbnail"))
                    .ok()
            });
            let outcome = match presets::keep(&own, preset) {
                Ok(_) => return Some(Outcome::Presets(presets::all(&own))),
                Err(why) => Message::new("notice-preset-not-saved").because(why),
            };
            Some(Outcome::Said(Weight::Error, outcome))
        });
    }

    fn remove_preset(&self, file: PathBuf) {
        let own = self.places.presets();
        self.background
            .run("remove preset", move || match trash::delete(&file) {
                Ok(()) => Some(Outcome::Presets(presets::all(&own))),
                Err(why) => Some(Outcome::Said(
                    Weight::Error,
                    Message::new("notice-preset-not-removed").because(why),
                )),
            });
    }

    fn copy_picture(&self, ctx: Context, path: PathBuf) {
        self.background
            .run("copy picture", move || match export::pixels(&path) {
                Ok(pixels) => {
                    let size = [pixels.width() as usize, pixels.height() as usize];
                    ctx.copy_image(eframe::egui::ColorImage::from_rgba_unmultiplied(
                        size,
                        pixels.as_raw(),
                    ));
                    Some(Outcome::Said(
                        Weight::Good,
                        Message::new("notice-picture-copied"),
                    ))
                }
                Err(why) => Some(Outcome::Said(
                    Weight::Error,
                    Message::new("notice-picture-not-copied").because(why),
                )),
            });
    }

    fn save_settings(&self, settings: Settings) {
        let file = self.places.settings();
        self.background.run("save settings", move || {
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

/// What the headers of a checkpoint say.
fn check_model(path: PathBuf, device: DeviceChoice) -> Outcome {
    let facts = Checkpoint::open(&path).map(|checkpoint| {
        use crate::checkpoint::Part;
        let sets = Part::ALL.map(|part| checkpoint.tensors(part));
        let dtypes: std::collections::BTreeSet<String> =
            sets.iter().flat_map(|set| set.dtypes()).collect();
        let bytes = checkpoint.bytes();
        let precision = Placement::resolve(device, None)
            .map_or(Precision::F32, |placement| placement.precision);
        let demands = Demands::of(&checkpoint, precision);
        ModelFacts {
            precision: dtypes.into_iter().collect::<Vec<_>>().join(", "),
            parameters: sets.iter().map(|set| set.parameters()).sum(),
            bytes,
            demands: Some(demands),
            hash: checkpoint.quick_hash().ok(),
        }
    });
    Outcome::ModelChecked(path, facts.map_err(|error| error.to_string()))
}

fn save_copy(source: &Path, kind: ExportKind) -> Option<Outcome> {
    let format = match kind {
        ExportKind::Png => export::Format::Png,
        ExportKind::Jpeg => export::Format::Jpeg(92),
        ExportKind::WebP => export::Format::WebP,
    };
    let target = desktop::pick_target(source, format.ending())?;
    Some(match export::export(source, &target, format) {
        Ok(()) => Outcome::Said(
            Weight::Good,
            Message::new("notice-exported").with("path", target.display().to_string()),
        ),
        Err(why) => Outcome::Said(
            Weight::Error,
            Message::new("notice-not-exported").because(why),
        ),
    })
}

fn save_unsaved(unsaved: Unsaved) -> Option<Outcome> {
    let name = format!("danqing-{}", unsaved.metadata.request.seed);
    let target = desktop::pick_target(Path::new(&name), "png")?;
    let written = writer::write_png_as(&target, &unsaved.picture.pixels, &unsaved.metadata);
    Some(match written {
        Ok(()) => Outcome::Rescued(unsaved, target),
        Err(why) => Outcome::Said(
            Weight::Error,
            Message::new("notice-not-exported").because(why),
        ),
    })
}
