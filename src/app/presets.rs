//! The presets that come with the program, and the person's own: one file each.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::model_files::{self, Role};
use super::outcome::Imported;
use super::preset_pictures;
use super::state::PresetEntry;
use crate::files;
use crate::gallery::read_png;
use crate::request::Draft;
use crate::request::preset::{self, Preset};

/// The most of the person's own presets that are listed.
const MOST: usize = 2_000;
/// The most files and folders of one import.
const MOST_FILES: usize = 100;
/// How far below a folder that was given files are looked for.
const DEEPEST: usize = 3;
/// The endings of the files that are taken from a folder; others in it are nobody's business.
const ENDINGS: [&str; 3] = ["json", "png", "safetensors"];

/// All presets: the person's own by name, then those that come with the program.
#[must_use]
pub fn all(own: &Path) -> Vec<PresetEntry> {
    let mut entries: Vec<PresetEntry> = own_files(own)
        .into_iter()
        .filter_map(|file| read(&file).ok())
        .collect();
    for shipped in preset::shipped() {
        match shipped {
            Ok((key, preset)) => entries.push(entry(preset, None, key.to_owned())),
            Err(error) => tracing::error!(%error, "a preset of the program is wrong"),
        }
    }
    entries
}

fn own_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = listing
        .flatten()
        .map(|item| item.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
        })
        .take(MOST)
        .collect();
    files.sort();
    files
}

fn read(file: &Path) -> Result<PresetEntry, String> {
    let bytes = files::read_capped(file, preset::MAX_BYTES).map_err(|error| error.to_string())?;
    let (preset, _) = Preset::parse(&bytes).map_err(|error| error.to_string())?;
    Ok(entry(preset, Some(file.to_owned()), key(file)))
}

fn entry(preset: Preset, file: Option<PathBuf>, key: String) -> PresetEntry {
    let picture = preset.thumbnail.as_ref().and_then(preset_pictures::decode);
    PresetEntry {
        preset,
        file,
        key,
        picture: picture.map(Arc::new),
    }
}

fn key(file: &Path) -> String {
    file.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Keeps a preset among the person's own. One of the same name is not lost: the new one gets a number.
///
/// # Errors
/// Why the file cannot be written.
pub fn keep(own: &Path, preset: Preset) -> Result<PresetEntry, String> {
    let name = preset.file_name();
    let stem = key(Path::new(&name));
    let text = preset.to_json();
    let mut file = own.join(&name);
    let mut number = 2_u64;
    while is_another(&file, text.as_bytes()).map_err(|error| error.to_string())? {
        file = own.join(format!("{stem}-{number}.json"));
        number += 1;
    }
    files::replace(&file, text.as_bytes()).map_err(|error| error.to_string())?;
    let key = key(&file);
    Ok(entry(preset, Some(file), key))
}

/// Whether there is something at `file` that is not just these bytes; what cannot be read counts as something else.
fn is_another(file: &Path, bytes: &[u8]) -> io::Result<bool> {
    match std::fs::symlink_metadata(file) {
        Ok(_) => Ok(!files::read_capped(file, preset::MAX_BYTES).is_ok_and(|found| found == bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Puts a preset in the place of the one in `file`.
///
/// # Errors
/// Why the file cannot be written; it stays as it was.
pub fn replace(file: PathBuf, preset: Preset) -> Result<PresetEntry, String> {
    files::replace(&file, preset.to_json().as_bytes()).map_err(|error| error.to_string())?;
    let key = key(&file);
    Ok(entry(preset, Some(file), key))
}

/// Reads files and folders for what can be used of them. Presets are kept in `own`.
#[must_use]
pub fn import(own: &Path, paths: &[PathBuf]) -> Imported {
    let mut import = Import {
        own,
        left: MOST_FILES,
        imported: Imported::default(),
        companions: Vec::new(),
    };
    for path in paths {
        if !import.goes_on(path) {
            break;
        }
        if !path.is_dir() {
            import.one(path);
        } else if model_files::is_model_folder(path) {
            import.imported.models.push(path.to_owned());
        } else {
            let before = import.taken();
            import.folder(path, 0);
            if import.taken() == before {
                let why = "the folder holds no preset, picture or model that can be used";
                import.refuse(path, why.to_owned());
            }
        }
    }
    import.end()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn ending_of(path: &Path) -> String {
    path.extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
}

/// An import that goes on.
struct Import<'a> {
    own: &'a Path,
    /// How many files and folders may still be opened.
    left: usize,
    imported: Imported,
    /// Parts of models, and why they are of no use alone.
    companions: Vec<(String, String)>,
}

impl Import<'_> {
    /// Counts one more file or folder; false, and said once, when there were too many.
    fn goes_on(&mut self, path: &Path) -> bool {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return true;
        }
        let why = format!("more than {MOST_FILES} files at once");
        if self.imported.refused.last().map(|(_, why)| why) != Some(&why) {
            self.refuse(path, why);
        }
        false
    }

    fn refuse(&mut self, path: &Path, why: String) {
        self.imported.refused.push((name_of(path), why));
    }

    /// How much was taken or refused so far.
    fn taken(&self) -> usize {
        let Imported {
            presets,
            drafts,
            models,
            refused,
            ..
        } = &self.imported;
        presets.len() + drafts.len() + models.len() + refused.len() + self.companions.len()
    }

    /// Takes what a folder holds, and the folders in it.
    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(listing) = std::fs::read_dir(folder) else {
            self.refuse(folder, "the folder cannot be read".to_owned());
            return;
        };
        let mut items: Vec<PathBuf> = listing
            .flatten()
            .map(|item| item.path())
            .filter(|path| !name_of(path).starts_with('.'))
            .take(MOST)
            .collect();
        items.sort();
        for item in items {
            let is_folder = item.is_dir();
            let taken = if is_folder {
                // A link may lead back up.
                depth < DEEPEST && !item.is_symlink()
            } else {
                ENDINGS.contains(&ending_of(&item).as_str())
            };
            if !taken {
                continue;
            }
            if !self.goes_on(&item) {
                return;
            }
            if !is_folder {
                self.one(&item);
            } else if model_files::is_model_folder(&item) {
                self.imported.models.push(item);
            } else {
                self.folder(&item, depth + 1);
            }
        }
    }

    fn one(&mut self, path: &Path) {
        let result = match ending_of(path).as_str() {
            "safetensors" => self.weights(path),
            "json" => self.json(path),
            "png" => take_picture(path, &mut self.imported),
            "ckpt" | "pt" | "pth" | "bin" => {
                Err("such files can hold programs and are never opened".to_owned())
            }
            "" => Err("it is of no kind that is known here".to_owned()),
            other => Err(format!(".{other} files are of no kind that is known here")),
        };
        if let Err(why) = result {
            self.refuse(path, why);
        }
    }

    fn weights(&mut self, path: &Path) -> Result<(), String> {
        match model_files::role(path)? {
            Role::Model => self.imported.models.push(path.to_owned()),
            Role::Companion(why) => self.companions.push((name_of(path), why)),
        }
        Ok(())
    }

    fn json(&mut self, path: &Path) -> Result<(), String> {
        let name = name_of(path);
        // A scheduler's configuration would else pass for a preset: both name a shift.
        if path.is_file() && model_files::is_companion_json(&name) {
            let why = "it belongs to a model; add the model's folder or its transformer's file";
            self.companions.push((name, why.to_owned()));
            return Ok(());
        }
        let bytes =
            files::read_capped(path, preset::MAX_BYTES).map_err(|error| error.to_string())?;
        take_preset(self.own, &bytes, &name, &mut self.imported)
    }

    /// What came of it. Parts of a model need no word where the model itself was taken.
    fn end(mut self) -> Imported {
        if self.imported.models.is_empty() {
            self.imported.refused.append(&mut self.companions);
        }
        self.imported
    }
}

fn take_preset(
    own: &Path,
    bytes: &[u8],
    name: &str,
    imported: &mut Imported,
) -> Result<(), String> {
    let (mut preset, warnings) = Preset::parse(bytes).map_err(|error| error.to_string())?;
    if preset.name.is_none() && preset.name_zh.is_none() {
        preset.name = Some(key(Path::new(name)));
    }
    imported
        .warnings
        .extend(warnings.iter().map(|warning| format!("{name}: {warning}")));
    imported.presets.push(keep(own, preset)?);
    Ok(())
}

fn take_picture(path: &Path, imported: &mut Imported) -> Result<(), String> {
    let record = read_png(path).map_err(|error| error.to_string())?;
    imported.warnings.extend(
        record
            .warnings
            .iter()
            .map(|warning| format!("{}: {warning}", name_of(path))),
    );
    if let Some(metadata) = record.metadata {
        imported.drafts.push(Draft::from(metadata.request));
        return Ok(());
    }
    let Some(parameters) = record.parameters else {
        return Err("the picture says nothing about how it was made".to_owned());
    };
    let (request, warnings) = parameters.to_request().map_err(|error| error.to_string())?;
    imported.warnings.extend(
        warnings
            .into_iter()
            .map(|warning| format!("{}: {warning}", name_of(path))),
    );
    imported.drafts.push(Draft::from(request));
    Ok(())
}

/// Reads pasted text: a preset in JSON, the text of another tool's picture, or paths of files.
#[must_use]
pub fn import_text(own: &Path, text: &str) -> Imported {
    let mut imported = Imported::default();
    if text.len() as u64 > preset::MAX_BYTES {
        let why = format!(
            "it has {} bytes, and at most {} are read",
            text.len(),
            preset::MAX_BYTES
        );
        imported.refused.push(("text".to_owned(), why));
        return imported;
    }
    let text = text.trim();
    let paths: Vec<PathBuf> = text
        .lines()
        .map(|line| PathBuf::from(line.trim().trim_matches('"')))
        .collect();
    if !paths.is_empty() && paths.iter().all(|path| path.is_absolute() && path.exists()) {
        return import(own, &paths);
    }
    if text.starts_with('{') {
        if let Err(why) = take_preset(own, text.as_bytes(), "JSON", &mut imported) {
            imported.refused.push(("JSON".to_owned(), why));
        }
        return imported;
    }
    let parameters = crate::gallery::parameters::Parameters::parse(text);
    match parameters.to_request() {
        Ok((request, warnings)) => {
            imported.drafts.push(Draft::from(request));
            imported.warnings = warnings;
        }
        Err(error) => imported
            .refused
            .push(("text".to_owned(), error.to_string())),
    }
    imported
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_replaces_nothing_whatever_it_is() {
        let own = tempfile::tempdir().unwrap();
        let preset = Preset::from_draft("Mine", &Draft::default());
        let first = keep(own.path(), preset.clone()).unwrap();
        let again = keep(own.path(), preset.clone()).unwrap();
        assert_eq!(first.key, again.key, "the same once more is one");
        let file = first.file.unwrap();
        let large = vec![b' '; preset::MAX_BYTES as usize + 1];
        std::fs::write(&file, &large).unwrap();
        let second = own.path().join(format!("{}-2.json", first.key));
        std::fs::create_dir(second).unwrap();
        let kept = keep(own.path(), preset).unwrap();
        assert_eq!(kept.key, format!("{}-3", first.key));
        assert_eq!(std::fs::read(file).unwrap(), large);
    }
}
