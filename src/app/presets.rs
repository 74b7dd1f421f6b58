//! The presets that come with the program, and the person's own: one file each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::outcome::Imported;
use super::preset_pictures;
use super::state::PresetEntry;
use crate::files;
use crate::gallery::read_png;
use crate::request::Draft;
use crate::request::preset::{self, Preset};

/// The most of the person's own presets that are listed.
const MOST: usize = 2_000;
/// The most files of one import.
const MOST_FILES: usize = 100;

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
    let taken = |file: &Path| {
        files::read_capped(file, preset::MAX_BYTES).is_ok_and(|bytes| bytes != text.as_bytes())
    };
    let numbered = (2..1_000).map(|number| own.join(format!("{stem}-{number}.json")));
    let file = std::iter::once(own.join(&name))
        .chain(numbered)
        .find(|file| !taken(file))
        .unwrap_or_else(|| own.join(&name));
    files::replace(&file, text.as_bytes()).map_err(|error| error.to_string())?;
    let key = key(&file);
    Ok(entry(preset, Some(file), key))
}

/// Reads files and folders for what can be used of them. Presets are kept in `own`.
#[must_use]
pub fn import(own: &Path, paths: &[PathBuf]) -> Imported {
    let mut imported = Imported::default();
    let mut left = MOST_FILES;
    for path in paths {
        if left == 0 {
            imported.refused.push((
                name_of(path),
                format!("more than {MOST_FILES} files at once"),
            ));
            break;
        }
        if path.is_dir() && !is_checkpoint(path) {
            import_folder(own, path, &mut left, &mut imported);
        } else {
            left -= 1;
            import_one(own, path, &mut imported);
        }
    }
    imported
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn is_checkpoint(folder: &Path) -> bool {
    folder.join("model_index.json").is_file() || folder.join("transformer").is_dir()
}

fn import_folder(own: &Path, folder: &Path, left: &mut usize, imported: &mut Imported) {
    let Ok(listing) = std::fs::read_dir(folder) else {
        imported
            .refused
            .push((name_of(folder), "the folder cannot be read".to_owned()));
        return;
    };
    let mut files: Vec<PathBuf> = listing
        .flatten()
        .map(|item| item.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for file in files {
        let known = file
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        if !known {
            continue;
        }
        if *left == 0 {
            return;
        }
        *left -= 1;
        import_one(own, &file, imported);
    }
}

fn import_one(own: &Path, path: &Path, imported: &mut Imported) {
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    let result = match ending.as_str() {
        _ if path.is_dir() => {
            imported.models.push(path.to_owned());
            Ok(())
        }
        "safetensors" => {
            imported.models.push(path.to_owned());
            Ok(())
        }
        "json" => files::read_capped(path, preset::MAX_BYTES)
            .map_err(|error| error.to_string())
            .and_then(|bytes| take_preset(own, &bytes, &name_of(path), imported)),
        "png" => take_picture(path, imported),
        "ckpt" | "pt" | "pth" | "bin" => {
            Err("such files can hold programs and are never opened".to_owned())
        }
        "" => Err("it is of no kind that is known here".to_owned()),
        other => Err(format!(".{other} files are of no kind that is known here")),
    };
    if let Err(why) = result {
        imported.refused.push((name_of(path), why));
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
