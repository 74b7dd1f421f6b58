//! The gallery and single pictures: opened, read, copied, saved elsewhere.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use eframe::egui::Context;

use super::Services;
use crate::app::desktop;
use crate::app::i18n::Message;
use crate::app::notices::Weight;
use crate::app::outcome::Outcome;
use crate::app::state::{ExportKind, State, Unsaved};
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

pub(super) fn save_unsaved(unsaved: Unsaved) -> Option<Outcome> {
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
