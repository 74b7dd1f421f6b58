//! Deleting with a way back: pictures move into a hidden folder of the gallery, and from there, once nobody has asked for
//! them for a while, into the system's own trash.
//!
//! Each deletion is a numbered folder with the pictures and a list of where they were. The list is written before the
//! first picture moves, so that a crash in between loses none.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::OWN_FOLDER;
use crate::files;

const LIST: &str = "list.json";
const MAX_LIST_BYTES: u64 = 16 << 20;

/// The deletions of one gallery that can be undone.
#[derive(Debug)]
pub struct Trash {
    gallery: PathBuf,
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Moved {
    /// Where it was, relative to the gallery.
    from: PathBuf,
    /// Its name in the numbered folder.
    name: String,
}

/// What became of some pictures.
#[derive(Debug, Default, PartialEq)]
pub struct Moves {
    /// Those that moved, relative to the gallery, where they are now when they are in the gallery.
    pub done: Vec<PathBuf>,
    /// Those that did not, and why.
    pub failed: Vec<(PathBuf, String)>,
}

impl Trash {
    /// The trash of `gallery`.
    pub fn of(gallery: &Path) -> Self {
        Self {
            gallery: gallery.to_owned(),
            folder: gallery.join(OWN_FOLDER).join("trash"),
        }
    }

    /// Moves pictures, named relative to the gallery, into the trash as one deletion.
    ///
    /// # Errors
    /// The folder or its list cannot be written; nothing was moved then.
    pub fn put(&self, paths: &[PathBuf]) -> io::Result<Moves> {
        std::fs::create_dir_all(&self.folder)?;
        let mut number = self.numbers().last().map_or(1, |last| last + 1);
        while let Err(error) = std::fs::create_dir(self.folder.join(number.to_string())) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error);
            }
            number += 1;
        }
        let folder = self.folder.join(number.to_string());
        let list: Vec<Moved> = paths
            .iter()
            .enumerate()
            .map(|(index, from)| Moved {
                from: from.clone(),
                name: format!("{index}{}", ending(from)),
            })
            .collect();
        files::replace(&folder.join(LIST), &serde_json::to_vec(&list)?)
            .map_err(io::Error::other)?;

        let mut moves = Moves::default();
        for Moved { from, name } in list {
            let moved = if is_inside(&from) {
                std::fs::rename(self.gallery.join(&from), folder.join(name))
            } else {
                Err(io::Error::other("it is outside the gallery"))
            };
            match moved {
                Ok(()) => moves.done.push(from),
                Err(error) => moves.failed.push((from, error.to_string())),
            }
        }
        if moves.done.is_empty() {
            self.close(number)?;
        }
        Ok(moves)
    }

    /// How many pictures [`undo`](Self::undo) would bring back; 0 when nothing can be undone.
    pub fn undoable(&self) -> usize {
        self.numbers()
            .last()
            .map_or(0, |number| self.pictures(*number).len())
    }

    /// Brings the last deletion back. A picture whose place is taken meanwhile gets a numbered name.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn undo(&self) -> io::Result<Moves> {
        match self.numbers().last() {
            Some(number) => self.undo_number(*number),
            None => Ok(Moves::default()),
        }
    }

    /// Brings the last deletion back that took `picture`; `None` when it is not in the trash.
    ///
    /// # Errors
    /// As for [`undo`](Self::undo).
    pub fn undo_of(&self, picture: &Path) -> io::Result<Option<Moves>> {
        let holds = |number: &u64| {
            let folder = self.folder.join(number.to_string());
            // A list that cannot be read says nothing of this picture; one may name what was never moved.
            let mut list = self.list(*number).unwrap_or_default().into_iter();
            list.any(|moved| moved.from == picture && folder.join(moved.name).exists())
        };
        let number = self.numbers().into_iter().rev().find(holds);
        number.map(|number| self.undo_number(number)).transpose()
    }

    fn undo_number(&self, number: u64) -> io::Result<Moves> {
        let folder = self.folder.join(number.to_string());
        let mut moves = Moves::default();
        for Moved { from, name } in self.list(number)? {
            let stored = folder.join(&name);
            if !stored.exists() {
                continue;
            }
            match self.bring_back(&stored, &from) {
                Ok(path) => moves.done.push(path),
                Err(error) => moves.failed.push((from, error.to_string())),
            }
        }
        if moves.failed.is_empty() {
            self.close(number)?;
        }
        Ok(moves)
    }

    /// Hands deletions older than `age` to the system's trash; returns how many pictures left.
    ///
    /// What the system refuses stays, and can still be undone.
    pub fn hand_over(&self, age: Duration) -> usize {
        let now = SystemTime::now();
        let is_old = |number: &u64| {
            std::fs::metadata(self.folder.join(number.to_string()).join(LIST))
                .and_then(|list| list.modified())
                .is_ok_and(|modified| {
                    now.duration_since(modified)
                        .is_ok_and(|elapsed| elapsed >= age)
                })
        };
        let mut handed_over = 0;
        for number in self.numbers().into_iter().filter(is_old) {
            let pictures = self.pictures(number);
            let gone = pictures
                .iter()
                .filter(|picture| to_system_trash(picture).is_ok())
                .count();
            handed_over += gone;
            if gone == pictures.len() {
                // At worst the emptied folder stays and is tried again.
                self.close(number).ok();
            }
        }
        handed_over
    }

    /// The deletions that are there, oldest first.
    fn numbers(&self) -> Vec<u64> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let numbers = entries
            .flatten()
            .filter(|entry| entry.path().join(LIST).is_file());
        let mut numbers: Vec<u64> = numbers
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// Ends a deletion. The folder goes only when it is empty: what its list did not name is not ours to delete.
    fn close(&self, number: u64) -> io::Result<()> {
        let folder = self.folder.join(number.to_string());
        std::fs::remove_file(folder.join(LIST))?;
        std::fs::remove_dir(&folder).ok();
        Ok(())
    }

    fn list(&self, number: u64) -> io::Result<Vec<Moved>> {
        let file = self.folder.join(number.to_string()).join(LIST);
        let bytes = files::read_capped(&file, MAX_LIST_BYTES).map_err(io::Error::other)?;
        let list: Vec<Moved> = serde_json::from_slice(&bytes)?;
        // The list is data from a folder that anyone may have written to.
        let is_safe = |moved: &Moved| is_inside(&moved.from) && is_inside(Path::new(&moved.name));
        Ok(list.into_iter().filter(is_safe).collect())
    }

    fn pictures(&self, number: u64) -> Vec<PathBuf> {
        let folder = self.folder.join(number.to_string());
        let list = self.list(number).unwrap_or_default();
        list.iter()
            .map(|moved| folder.join(&moved.name))
            .filter(|path| path.exists())
            .collect()
    }

    /// Returns the place, relative to the gallery.
    fn bring_back(&self, stored: &Path, from: &Path) -> io::Result<PathBuf> {
        let stem = from
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let names = std::iter::once(from.to_owned()).chain(
            (2..10_000)
                .map(|number| from.with_file_name(format!("{stem} ({number}){}", ending(from)))),
        );
        if let Some(parent) = self.gallery.join(from).parent() {
            std::fs::create_dir_all(parent)?;
        }
        for name in names {
            let target = self.gallery.join(&name);
            // A link fails where a file is, which a rename would silently replace.
            match std::fs::hard_link(stored, &target) {
                Ok(()) => {
                    std::fs::remove_file(stored)?;
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // A file system without links, as on memory cards.
                Err(_) if !target.try_exists()? => {
                    std::fs::rename(stored, &target)?;
                    return Ok(name);
                }
                Err(_) => {}
            }
        }
        Err(io::Error::other("too many pictures have its name"))
    }
}

fn ending(path: &Path) -> String {
    path.extension()
        .map(|ending| format!(".{}", ending.to_string_lossy()))
        .unwrap_or_default()
}

/// Whether a path names something below the folder that it is relative to.
fn is_inside(path: &Path) -> bool {
    path.file_name().is_some()
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// Moves a file to the system's trash.
///
/// # Errors
/// The system has none for this file, or refuses.
#[cfg(feature = "gui")]
pub fn to_system_trash(path: &Path) -> io::Result<()> {
    use trash::Error;
    trash::delete(path).map_err(|error| match error {
        Error::Unknown { description } | Error::Os { description, .. } => {
            io::Error::other(description)
        }
        #[cfg(all(unix, not(target_os = "macos")))]
        Error::FileSystem { path, source } => {
            io::Error::new(source.kind(), format!("{}: {source}", path.display()))
        }
        // The others say how the library came to it, in a form that is for its authors.
        _ => io::Error::other(format!(
            "the system's trash does not take {}",
            path.display()
        )),
    })
}

/// Without a desktop there is no trash to hand over to.
#[cfg(not(feature = "gui"))]
fn to_system_trash(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn gallery() -> (tempfile::TempDir, Trash) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("day")).unwrap();
        for name in ["a.png", "day/b.png", "狐狸.png"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let trash = Trash::of(folder.path());
        (folder, trash)
    }

    fn content(folder: &tempfile::TempDir, name: &str) -> Option<String> {
        std::fs::read_to_string(folder.path().join(name)).ok()
    }

    #[test]
    fn undo_brings_the_last_deletion_back_and_then_the_one_before() {
        let (folder, trash) = gallery();
        trash.put(&["a.png".into()]).unwrap();
        trash.put(&["day/b.png".into(), "狐狸.png".into()]).unwrap();
        assert_eq!(
            content(&folder, "a.png").or(content(&folder, "day/b.png")),
            None
        );

        assert_eq!(trash.undoable(), 2);
        assert_eq!(
            trash.undo().unwrap().done,
            [PathBuf::from("day/b.png"), "狐狸.png".into()]
        );
        assert_eq!(content(&folder, "狐狸.png").as_deref(), Some("狐狸.png"));
        assert_eq!(trash.undo().unwrap().done, [PathBuf::from("a.png")]);
        assert_eq!(trash.undoable(), 0);
        assert_eq!(trash.undo().unwrap(), Moves::default());
    }

    #[test]
    fn a_picture_comes_back_out_of_its_turn() {
        let (folder, trash) = gallery();
        trash.put(&["a.png".into()]).unwrap();
        trash.put(&["day/b.png".into()]).unwrap();
        let back = trash.undo_of(Path::new("a.png")).unwrap().unwrap();
        assert_eq!(back.done, [PathBuf::from("a.png")]);
        assert_eq!(content(&folder, "day/b.png"), None);
        assert_eq!(trash.undo_of(Path::new("a.png")).unwrap(), None);
    }

    #[test]
    fn a_picture_comes_back_from_the_deletion_that_took_it() {
        let (folder, trash) = gallery();
        trash.put(&["a.png".into()]).unwrap();
        let later = trash.put(&["day/b.png".into(), "a.png".into()]).unwrap();
        assert_eq!(later.failed.len(), 1, "a.png was gone already");
        let back = trash.undo_of(Path::new("a.png")).unwrap().unwrap();
        assert_eq!(back.done, [PathBuf::from("a.png")]);
        assert_eq!(content(&folder, "day/b.png"), None);
    }

    #[test]
    fn undo_never_replaces_a_picture_made_meanwhile() {
        let (folder, trash) = gallery();
        trash.put(&["a.png".into()]).unwrap();
        std::fs::write(folder.path().join("a.png"), "newer").unwrap();
        assert_eq!(trash.undo().unwrap().done, [PathBuf::from("a (2).png")]);
        assert_eq!(content(&folder, "a.png").as_deref(), Some("newer"));
        assert_eq!(content(&folder, "a (2).png").as_deref(), Some("a.png"));
    }

    /// Fault row 10: a file that is gone before it is touched.
    #[test]
    fn what_cannot_be_moved_is_told_and_the_rest_moves() {
        let (_folder, trash) = gallery();
        let moves = trash
            .put(&["a.png".into(), "gone.png".into(), "../outside.png".into()])
            .unwrap();
        assert_eq!(moves.done, [PathBuf::from("a.png")]);
        assert_eq!(moves.failed.len(), 2);
        assert_eq!(trash.undo().unwrap().done, [PathBuf::from("a.png")]);
    }

    #[test]
    fn a_list_that_points_outside_the_gallery_is_not_followed() {
        let (folder, trash) = gallery();
        trash.put(&["a.png".into()]).unwrap();
        let list = folder.path().join(OWN_FOLDER).join("trash/1").join(LIST);
        std::fs::write(&list, r#"[{"from": "../../stolen.png", "name": "0.png"}]"#).unwrap();
        assert_eq!(trash.undo().unwrap().done, Vec::<PathBuf>::new());
        assert!(!folder.path().join("../../stolen.png").exists());
        let kept = folder.path().join(OWN_FOLDER).join("trash/1/0.png");
        assert!(kept.exists(), "what the list does not name is not deleted");
    }

    #[test]
    fn young_deletions_are_not_handed_over() {
        let (_folder, trash) = gallery();
        trash.put(&["a.png".into()]).unwrap();
        assert_eq!(trash.hand_over(Duration::from_secs(3600)), 0);
        assert_eq!(trash.undoable(), 1);
    }
}
