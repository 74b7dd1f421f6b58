//! The person's own presets, and files that are imported.

use std::path::{Path, PathBuf};

use super::Services;
use crate::app::i18n::Message;
use crate::app::notices::Weight;
use crate::app::outcome::{Imported, Outcome};
use crate::app::state::RemovedPreset;
use crate::app::{preset_pictures, presets};
use crate::files::{self, FileError};
use crate::gallery::trash;
use crate::request::preset::{self, Preset};

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

    pub(super) fn remove_preset(&self, file: PathBuf, name: String) {
        let (own, aside) = (self.places.presets(), self.places.removed_presets());
        self.background.run("remove preset", move || {
            Some(match remove(&file, &aside) {
                Ok(bytes) => {
                    let removed = RemovedPreset { name, file, bytes };
                    Outcome::PresetRemoved(removed, presets::all(&own))
                }
                // Somebody else was faster.
                Err(why) if why.is_missing() => Outcome::Presets(presets::all(&own)),
                Err(why) => Outcome::Said(
                    Weight::Error,
                    Message::new("notice-preset-not-removed").because(why),
                ),
            })
        });
    }

    pub(super) fn restore_preset(&self, preset: RemovedPreset) {
        let own = self.places.presets();
        self.background.run("restore preset", move || {
            Some(match restore(&preset) {
                Ok(()) => Outcome::PresetRestored(preset.name, presets::all(&own)),
                Err(why) => Outcome::Said(
                    Weight::Error,
                    Message::new("notice-preset-not-saved").because(why),
                ),
            })
        });
    }
}

/// Moves a preset's file to the system's trash, or into the folder `aside` where the system has none; returns what is in
/// it.
fn remove(file: &Path, aside: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = files::read_capped(file, preset::MAX_BYTES)?;
    if let Err(why) = trash::to_system_trash(file) {
        tracing::info!(%why, "the system's trash does not take a preset");
        let name = file.file_name().unwrap_or_default();
        files::replace(&files::free_name(&aside.join(name)), &bytes)?;
        std::fs::remove_file(file).map_err(|source| FileError::Write {
            path: file.to_owned(),
            source,
        })?;
    }
    Ok(bytes)
}

/// Writes a removed preset where it was, or beside what has its name now.
fn restore(preset: &RemovedPreset) -> Result<(), FileError> {
    files::replace(&files::free_name(&preset.file), &preset.bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// A folder without a trash of its own: what was removed is kept, and comes back word for word.
    #[test]
    fn a_removed_preset_comes_back_beside_what_has_its_name_now() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("presets/mine.json");
        files::replace(&file, b"mine").unwrap();
        let bytes = remove(&file, &home.path().join("removed")).unwrap();
        assert!(!file.exists());
        assert!(remove(&file, home.path()).unwrap_err().is_missing());
        files::replace(&file, b"another").unwrap();
        let removed = RemovedPreset {
            name: "Mine".into(),
            file: file.clone(),
            bytes,
        };
        restore(&removed).unwrap();
        let back = std::fs::read(home.path().join("presets/mine-2.json")).unwrap();
        assert_eq!(
            (back, std::fs::read(file).unwrap()),
            (b"mine".into(), b"another".into())
        );
    }
}
