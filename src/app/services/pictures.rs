//! The gallery and single pictures: opened, read, copied, saved elsewhere.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use eframe::egui::Context;

use super::Services;
use crate::app::desktop;
use crate::app::i18n::Message;
use crate::app::notices::Weight;
use crate::app::outcome::Outcome;
use crate::app::state::{ExportKind, PathFor, State, Unsaved};
use crate::engine::SaveTo;
use crate::gallery::{Gallery, export, read_png, thumbs, writer};

impl Services {
    pub(super) fn on_gallery(&self, order: impl FnOnce(&Gallery)) {
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

    pub(super) fn decode(&self, folder: &Path, path: PathBuf) {
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

    pub(super) fn read_facts(&self, folder: &Path, path: PathBuf) {
        let full = folder.join(&path);
        self.background.run("read facts", move || {
            let facts = read_png(&full)
                .ok()
                .and_then(|record| record.metadata)
                .map(Arc::new);
            Some(Outcome::Facts(path, facts))
        });
    }

    pub(super) fn copy_picture(&self, ctx: Context, path: PathBuf) {
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
}

pub(super) fn save_copy(source: &Path, kind: ExportKind) -> Option<Outcome> {
    let wanted = PathFor::Copy(source.to_owned(), kind);
    match desktop::pick_target(source, format_of(kind).ending(), wanted) {
        Ok(target) => Some(copy_to(source, &target, kind)),
        Err(instead) => desktop::typed_instead(instead),
    }
}

fn format_of(kind: ExportKind) -> export::Format {
    match kind {
        ExportKind::Png => export::Format::Png,
        ExportKind::Jpeg => export::Format::Jpeg(92),
        ExportKind::WebP => export::Format::WebP,
    }
}

/// Writes a copy of `source` in the format that the name of `target` says, or else as `kind`.
pub(super) fn copy_to(source: &Path, target: &Path, kind: ExportKind) -> Outcome {
    let usual = format_of(kind);
    let format = export::Format::of(target);
    let target = match format {
        Some(_) => Ok(target.to_owned()),
        None => with_ending(target, usual.ending()),
    };
    let target = match target {
        Ok(target) => target,
        Err(taken) => return is_taken(&taken),
    };
    match export::export(source, &target, format.unwrap_or(usual)) {
        Ok(()) => Outcome::Said(
            Weight::Good,
            Message::new("notice-exported").with("path", target.display().to_string()),
        ),
        Err(why) => Outcome::Said(
            Weight::Error,
            Message::new("notice-not-exported").because(why),
        ),
    }
}

pub(super) fn save_unsaved(unsaved: Unsaved) -> Option<Outcome> {
    let name = format!("danqing-{}", unsaved.metadata.request.seed);
    let wanted = PathFor::Unsaved(unsaved.clone());
    match desktop::pick_target(Path::new(&name), "png", wanted) {
        Ok(target) => Some(unsaved_to(unsaved, target)),
        Err(instead) => desktop::typed_instead(instead),
    }
}

/// Says that there is such a file already.
pub(super) fn is_taken(path: &Path) -> Outcome {
    let said = Message::new("notice-path-taken").with("path", path.display().to_string());
    Outcome::Said(Weight::Error, said)
}

/// `target` with an ending behind its name, or that name as an error where there is such a file: none is replaced that
/// nobody was asked about.
fn with_ending(target: &Path, ending: &str) -> Result<PathBuf, PathBuf> {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    let target = PathBuf::from(name);
    if target.exists() {
        Err(target)
    } else {
        Ok(target)
    }
}

/// Writes a picture that could be written nowhere.
pub(super) fn unsaved_to(unsaved: Unsaved, target: PathBuf) -> Outcome {
    let target = match export::Format::of(&target) {
        Some(export::Format::Png) => target,
        _ => match with_ending(&target, "png") {
            Ok(target) => target,
            Err(taken) => return is_taken(&taken),
        },
    };
    let written = writer::write_png_as(&target, &unsaved.picture.pixels, &unsaved.metadata);
    match written {
        Ok(()) => Outcome::Rescued(unsaved, target),
        Err(why) => Outcome::Said(
            Weight::Error,
            Message::new("notice-not-exported").because(why),
        ),
    }
}
