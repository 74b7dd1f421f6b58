//! Which pictures are starred: a small file inside the gallery, so that it goes where the pictures go.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::OWN_FOLDER;
use crate::files::{self, FileError};

const VERSION: u32 = 1;
const MAX_BYTES: u64 = 64 << 20;

/// The starred pictures of one gallery.
#[derive(Debug)]
pub struct Stars {
    file: PathBuf,
    starred: HashSet<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    starred: Vec<String>,
}

impl Stars {
    /// Reads the stars of `gallery`. A file that cannot be used is put aside and said.
    pub fn open(gallery: &Path) -> (Self, Option<String>) {
        let file = gallery.join(OWN_FOLDER).join("stars.json");
        let (starred, warning) = match read(&file) {
            Ok(starred) => (starred, None),
            Err(reason) => {
                let kept = match files::put_aside(&file) {
                    Ok(aside) => format!("it is kept as {}", aside.display()),
                    Err(error) => format!("it could not be put aside: {error}"),
                };
                (
                    HashSet::new(),
                    Some(format!(
                        "the stars in {} cannot be used: {reason}; {kept}",
                        file.display()
                    )),
                )
            }
        };
        (Self { file, starred }, warning)
    }

    /// Whether the picture at `path`, relative to the gallery, is starred.
    pub fn has(&self, path: &Path) -> bool {
        self.starred.contains(path)
    }

    /// Stars or unstars pictures, and writes that down. When it cannot be written, nothing changes.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&mut self, paths: &[PathBuf], star: bool) -> Result<(), FileError> {
        let mut starred = self.starred.clone();
        for path in paths {
            if star {
                starred.insert(path.clone());
            } else {
                starred.remove(path);
            }
        }
        if starred != self.starred {
            // A name that is not UTF-8 cannot stand in JSON: its star lasts until the program ends.
            let names = starred
                .iter()
                .filter_map(|path| Some(path.to_str()?.replace('\\', "/")));
            let mut names: Vec<String> = names.collect();
            names.sort_unstable();
            let written = Written {
                version: VERSION,
                starred: names,
            };
            files::replace_with(&self.file, |file| {
                Ok(serde_json::to_writer_pretty(file, &written)?)
            })?;
            self.starred = starred;
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<HashSet<PathBuf>, String> {
    let bytes = match files::read_capped(file, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return Ok(HashSet::new()),
        Err(error) => return Err(error.to_string()),
    };
    let written: Written = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if written.version > VERSION {
        return Err("it was written by a newer version".to_owned());
    }
    Ok(written.starred.into_iter().map(PathBuf::from).collect())
}
