//! All pictures of one folder, newest first. The folder is the truth; the file beside the caches only saves reading
//! every picture anew, and is made again whenever it is missing or wrong.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::entry::{Details, ENDINGS, Entry, Facts, MAX_PROMPT};
use super::read_png;
use crate::files::{self, FileError};

const VERSION: u32 = 1;
const MAX_BYTES: u64 = 256 << 20;

/// How deep folders are looked into.
const MAX_DEPTH: usize = 12;

/// The most pictures that are listed.
pub const MAX_PICTURES: usize = 500_000;

/// The pictures of a gallery by their place in it.
#[derive(Debug, Default)]
pub struct Index {
    pictures: HashMap<PathBuf, Arc<Entry>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    gallery: PathBuf,
}

impl Index {
    /// What an earlier run knew of `gallery`; nothing when `file` is missing, damaged or of another gallery.
    pub fn load(file: &Path, gallery: &Path) -> Self {
        Self::try_load(file, gallery).unwrap_or_default()
    }

    fn try_load(file: &Path, gallery: &Path) -> Option<Self> {
        let bytes = files::read_capped(file, MAX_BYTES).ok()?;
        let mut lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let header: Header = serde_json::from_slice(lines.next()?).ok()?;
        if header.version != VERSION || header.gallery != gallery {
            return None;
        }
        let mut pictures = HashMap::new();
        for line in lines.take(MAX_PICTURES) {
            let entry: Entry = serde_json::from_slice(line).ok()?;
            pictures.insert(entry.path.clone(), Arc::new(entry));
        }
        Some(Self { pictures })
    }

    /// Writes what is known: one line of JSON a picture.
    ///
    /// # Errors
    /// The cache cannot be written, which costs only time at the next start.
    pub fn save(&self, file: &Path, gallery: &Path) -> Result<(), FileError> {
        files::replace_with(file, |file| {
            serde_json::to_writer(
                &mut *file,
                &Header {
                    version: VERSION,
                    gallery: gallery.to_owned(),
                },
            )?;
            for entry in self.pictures.values() {
                file.write_all(b"\n")?;
                // A path that is not UTF-8 cannot be written; such a picture is read anew at each start.
                let line = serde_json::to_vec(&**entry).unwrap_or_default();
                file.write_all(&line)?;
            }
            Ok(())
        })
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// All pictures, newest first; those of the same millisecond by name.
    pub fn newest_first(&self) -> Vec<Arc<Entry>> {
        let mut pictures: Vec<Arc<Entry>> = self.pictures.values().cloned().collect();
        // Paths are compared as bytes: part by part takes many times as long.
        pictures.sort_unstable_by(|a, b| {
            b.modified
                .cmp(&a.modified)
                .then_with(|| b.path.as_os_str().cmp(a.path.as_os_str()))
        });
        pictures
    }

    /// Takes what a walk found: new files, changed files, and the absence of those that are gone. True when anything
    /// is different now.
    pub fn take_walk(&mut self, found: Vec<Entry>) -> bool {
        let mut changed = found.len() != self.pictures.len();
        let mut pictures = HashMap::with_capacity(found.len());
        for entry in found {
            let known = self
                .pictures
                .remove(&entry.path)
                .filter(|known| known.is_same_file(&entry));
            changed |= known.is_none();
            let entry = known.unwrap_or_else(|| Arc::new(entry));
            pictures.insert(entry.path.clone(), entry);
        }
        self.pictures = pictures;
        changed
    }

    /// Looks at one file of the gallery again; true when anything is different now.
    pub fn look_at(&mut self, gallery: &Path, path: &Path) -> bool {
        match found(gallery, path) {
            Some(entry)
                if self
                    .pictures
                    .get(path)
                    .is_some_and(|known| known.is_same_file(&entry)) =>
            {
                false
            }
            Some(entry) => {
                self.pictures.insert(path.to_owned(), Arc::new(entry));
                true
            }
            None => self.pictures.remove(path).is_some(),
        }
    }

    /// Changes what is known of a picture.
    pub fn update(&mut self, path: &Path, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.pictures.get_mut(path) {
            change(Arc::make_mut(entry));
        }
    }

    /// How many pictures were not opened yet.
    pub fn unread_count(&self) -> usize {
        self.pictures
            .values()
            .filter(|entry| entry.details == Details::Unread)
            .count()
    }

    /// Up to `count` pictures that were not opened yet, newest first.
    pub fn unread(&self, count: usize) -> Vec<PathBuf> {
        let mut unread: Vec<&Arc<Entry>> = self
            .pictures
            .values()
            .filter(|entry| entry.details == Details::Unread)
            .collect();
        if unread.len() > count {
            unread.select_nth_unstable_by(count, |a, b| b.modified.cmp(&a.modified));
            unread.truncate(count);
        }
        unread.iter().map(|entry| entry.path.clone()).collect()
    }
}

/// Lists the pictures below `gallery` without opening them.
///
/// Links to folders are not followed, so that none leads in a circle. Hidden files and folders are passed over, the
/// gallery's own among them. A folder that cannot be read is told to `trouble`.
///
/// # Errors
/// The gallery itself cannot be read.
pub fn walk(
    gallery: &Path,
    trouble: &mut dyn FnMut(&Path, std::io::Error),
) -> std::io::Result<Vec<Entry>> {
    let mut pictures = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let listing = match std::fs::read_dir(gallery.join(&folder)) {
            Ok(listing) => listing,
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                trouble(&folder, error);
                continue;
            }
        };
        for item in listing.flatten() {
            let path = folder.join(item.file_name());
            let Ok(kind) = item.file_type() else { continue };
            if is_hidden(&path) {
                continue;
            }
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((path, depth + 1));
            } else if !kind.is_dir() && pictures.len() < MAX_PICTURES {
                pictures.extend(found(gallery, &path));
            }
        }
    }
    Ok(pictures)
}

/// The entry of a regular file, or of a link to one, with the ending of a picture.
fn found(gallery: &Path, path: &Path) -> Option<Entry> {
    if !is_picture(path) {
        return None;
    }
    let metadata = std::fs::metadata(gallery.join(path))
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    let modified = metadata
        .modified()
        .ok()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Some(Entry {
        path: path.to_owned(),
        modified: u64::try_from(modified.as_millis()).unwrap_or(u64::MAX),
        bytes: metadata.len(),
        details: Details::Unread,
        star: false,
    })
}

fn is_picture(path: &Path) -> bool {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether a path, relative to the gallery, is none of its pictures: hidden itself, or in a hidden folder.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.iter()
        .any(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Opens a picture for its size and what it says about itself, without decoding its pixels.
pub fn read_details(path: &Path) -> Details {
    let is_png = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("png"));
    let facts = if is_png {
        png_facts(path)
    } else {
        plain_facts(path)
    };
    match facts {
        Ok(facts) => Details::Picture(facts),
        Err(reason) => Details::Bad { reason },
    }
}

fn png_facts(path: &Path) -> Result<Facts, String> {
    let record = read_png(path).map_err(|error| error.to_string())?;
    let mut facts = Facts {
        width: record.width,
        height: record.height,
        ..Facts::default()
    };
    if let Some(metadata) = record.metadata {
        facts.prompt = metadata
            .request
            .prompt
            .as_str()
            .chars()
            .take(MAX_PROMPT)
            .collect();
        facts.seed = Some(metadata.request.seed);
        facts.model = Some(metadata.model.name);
    } else if let Some(parameters) = record.parameters {
        facts.prompt = parameters.prompt.chars().take(MAX_PROMPT).collect();
        facts.seed = parameters
            .setting("Seed")
            .and_then(|seed| seed.parse().ok().map(crate::request::Seed));
        facts.model = parameters.setting("Model").map(str::to_owned);
    }
    Ok(facts)
}

fn plain_facts(path: &Path) -> Result<Facts, String> {
    let reader = image::ImageReader::open(path).and_then(image::ImageReader::with_guessed_format);
    let reader = reader.map_err(|error| error.to_string())?;
    let (width, height) = reader
        .into_dimensions()
        .map_err(|error| error.to_string())?;
    Ok(Facts {
        width,
        height,
        ..Facts::default()
    })
}
