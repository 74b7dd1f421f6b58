//! The person's own presets, and files that are imported.

use std::path::{Path, PathBuf};

use super::Services;
use crate::app::i18n::Message;
use crate::app::notices::Weight;
use crate::app::outcome::{Imported, Outcome};
use crate::app::{preset_pictures, presets};
use crate::request::preset::Preset;

impl Services {
    pub(super) fn import(&self, read: impl FnOnce(&Path) -> Imported + Send + 'static) {
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

    pub(super) fn save_preset(
        &self,
        mut preset: Preset,
        picture: Option<PathBuf>,
        replaced: Option<PathBuf>,
    ) {
        let own = self.places.presets();
        self.background.run("save preset", move || {
            // The settings are what matters: they are kept even where their picture cannot be.
            preset.thumbnail = picture.and_then(|path| {
                preset_pictures::from_picture(&path)
                    .inspect_err(|why| tracing::warn!(why, "a preset stays without a thumbnail"))
                    .ok()
            });
            let kept = match replaced {
                Some(file) => presets::replace(file, preset),
                None => presets::keep(&own, preset),
            };
            let outcome = match kept {
                Ok(kept) => {
                    return Some(Outcome::PresetSaved(kept.key, presets::all(&own)));
                }
                Err(why) => Message::new("notice-preset-not-saved").because(why),
            };
            Some(Outcome::Said(Weight::Error, outcome))
        });
    }

    pub(super) fn remove_preset(&self, file: PathBuf) {
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
}
