//! The person's own presets, and files that are imported.

use std::path::{Path, PathBuf};

use super::Services;
use crate::app::i18n::Message;
use crate::app::notices::Weight;
use crate::app::outcome::{Imported, Outcome};
use crate::app::state::{RemovedPreset, Step};
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
        replaced: Option<(PathBuf, String)>,
    ) {
        let own = self.places.presets();
        self.background.run("save preset", move || {
            // The settings are what matters: they are kept even where their picture cannot be.
            let thumbnail = picture.and_then(|path| {
                preset_pictures::from_picture(&path)
                    .inspect_err(|why| tracing::warn!(why, "a preset gets no new thumbnail"))
                    .ok()
            });
            preset.thumbnail = thumbnail.or(preset.thumbnail);
            let kept = match replaced {
                Some((file, name)) => replace(file, name, preset),
                None => presets::keep(&own, preset).map(|kept| (kept.key, None)),
            };
            Some(match kept {
                Ok((key, replaced)) => Outcome::PresetSaved {
                    key,
                    replaced,
                    entries: presets::all(&own),
                },
                Err(why) => Outcome::Said(Weight::Error, not_saved(why)),
            })
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
                Err(why) => Outcome::NotTakenBack(Box::new(Step::Preset(preset)), not_saved(why)),
            })
        });
    }

    pub(super) fn undo_replace(&self, preset: RemovedPreset) {
        let own = self.places.presets();
        self.background.run("undo replace", move || {
            Some(match files::replace(&preset.file, &preset.bytes) {
                Ok(()) => Outcome::PresetRestored(preset.name, presets::all(&own)),
                Err(why) => Outcome::NotTakenBack(Box::new(Step::Replaced(preset)), not_saved(why)),
            })
        });
    }
}

fn not_saved(why: impl std::fmt::Display) -> Message {
    Message::new("notice-preset-not-saved").because(why)
}

/// Puts a preset in the place of the one in `file`, called `name`; returns its key and that earlier one, if it was still
/// there. One that cannot be read could not come back, and stays.
fn replace(
    file: PathBuf,
    name: String,
    preset: Preset,
) -> Result<(String, Option<RemovedPreset>), String> {
    let bytes = match files::read_capped(&file, preset::MAX_BYTES) {
        Ok(bytes) => Some(bytes),
        Err(why) if why.is_missing() => None,
        Err(why) => return Err(why.to_string()),
    };
    let kept = presets::replace(file.clone(), preset)?;
    let replaced = bytes.map(|bytes| RemovedPreset { name, file, bytes });
    Ok((kept.key, replaced))
}

/// Moves a preset's file to the system's trash, or into the folder `aside` where the system has none; returns what is in
/// it.
fn remove(file: &Path, aside: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = files::read_capped(file, preset::MAX_BYTES)?;
    if let Err(why) = trash::to_system_trash(file) {
        tracing::info!(%why, "the system's trash does not take a preset");
        write_anew(&aside.join(file.file_name().unwrap_or_default()), &bytes)?;
        std::fs::remove_file(file).map_err(|source| FileError::Write {
            path: file.to_owned(),
            source,
        })?;
    }
    Ok(bytes)
}

/// Writes a removed preset where it was, or beside what has its name now.
fn restore(preset: &RemovedPreset) -> Result<(), FileError> {
    write_anew(&preset.file, &preset.bytes)
}

/// Writes a file that is called as `path` is, with a number where something is called so already.
fn write_anew(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let free = files::free_name(path).map_err(|source| FileError::Write {
        path: path.to_owned(),
        source,
    })?;
    files::replace(&free, bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_come_back_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("mine.json");
        let put = || replace(file.clone(), "Mine".into(), Preset::default());
        assert_eq!(put().unwrap(), ("mine".into(), None), "it was gone");
        let earlier = std::fs::read(&file).unwrap();
        let (_, replaced) = put().unwrap();
        assert_eq!(replaced.unwrap().bytes, earlier);
        let large = vec![b' '; preset::MAX_BYTES as usize + 1];
        std::fs::write(&file, &large).unwrap();
        put().unwrap_err();
        assert_eq!(std::fs::read(&file).unwrap(), large);
    }

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
