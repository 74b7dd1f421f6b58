//! The desktop around the window: its file dialogs and its file manager. Nothing here may run on the window's thread.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::i18n::Message;
use super::notices::Weight;
use super::outcome::Outcome;
use super::state::{PathFor, TypedPath};
use crate::files;

/// Nobody closes a dialog sooner than this after it was asked for.
const QUICKEST: Duration = Duration::from_millis(300);

/// Asks for files to import.
pub fn pick_files() -> Option<Outcome> {
    let dialog = rfd::FileDialog::new()
        .add_filter("JSON, PNG, safetensors", &["json", "png", "safetensors"]);
    let files = ask(|| dialog.pick_files(), || proposed(PathFor::Import));
    files.map_or_else(typed_instead, |files| Some(Outcome::FilesPicked(files)))
}

/// Asks for a checkpoint's folder.
pub fn pick_model() -> Option<Outcome> {
    let dialog = rfd::FileDialog::new();
    let folder = ask(|| dialog.pick_folder(), || proposed(PathFor::Model));
    folder.map_or_else(typed_instead, |folder| Some(Outcome::ModelPicked(folder)))
}

/// Asks for a gallery folder.
pub fn pick_gallery() -> Option<Outcome> {
    let dialog = rfd::FileDialog::new();
    let folder = ask(|| dialog.pick_folder(), || proposed(PathFor::Gallery));
    folder.map_or_else(typed_instead, |folder| Some(Outcome::GalleryPicked(folder)))
}

/// What follows where no dialog chose anything.
pub fn typed_instead(path: Option<TypedPath>) -> Option<Outcome> {
    path.map(Outcome::NoDialog)
}

fn proposed(wanted: PathFor) -> TypedPath {
    TypedPath {
        wanted,
        text: String::new(),
    }
}

/// Asks where a copy of `source` goes.
///
/// # Errors
/// Nothing was chosen; the path to be typed, where no dialog was shown.
pub fn pick_target(
    source: &Path,
    ending: &str,
    wanted: PathFor,
) -> Result<PathBuf, Option<TypedPath>> {
    let stem = source
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let dialog = rfd::FileDialog::new()
        .set_file_name(format!("{stem}.{ending}"))
        .add_filter(ending.to_ascii_uppercase(), &[ending]);
    ask(
        || dialog.save_file(),
        || {
            let path = folder_for_copies(source).join(format!("{stem}.{ending}"));
            // It is a proposal: whether the name is free is looked at again before anything is written.
            let path = files::free_name(&path).unwrap_or(path);
            TypedPath {
                wanted,
                text: path.display().to_string(),
            }
        },
    )
}

/// Shows a dialog. Where there is none (on Linux it takes xdg-desktop-portal or zenity), rfd answers as if it had been
/// closed, but faster than anybody could close it.
fn ask<T>(
    dialog: impl FnOnce() -> Option<T>,
    instead: impl FnOnce() -> TypedPath,
) -> Result<T, Option<TypedPath>> {
    let since = Instant::now();
    dialog().ok_or_else(|| (since.elapsed() < QUICKEST).then(instead))
}

/// Where a copy is proposed to go: among downloads, else beside the picture.
fn folder_for_copies(source: &Path) -> PathBuf {
    let folders = directories::UserDirs::new();
    let downloads = folders.as_ref().and_then(|folders| folders.download_dir());
    let beside = source.parent().filter(|folder| folder.is_absolute());
    downloads
        .filter(|folder| folder.is_dir())
        .or(beside)
        .or(folders.as_ref().map(|folders| folders.home_dir()))
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Shows a file in its folder.
pub fn reveal(path: &Path) -> Option<Outcome> {
    opener::reveal(path).err().map(|error| failed(path, &error))
}

/// Opens a folder.
pub fn open_folder(path: &Path) -> Option<Outcome> {
    opener::open(path).err().map(|error| failed(path, &error))
}

/// The path is said, so that it can be copied and opened by hand.
fn failed(path: &Path, why: &dyn std::fmt::Display) -> Outcome {
    Outcome::Said(
        Weight::Error,
        Message::new("notice-not-opened")
            .with("path", path.display().to_string())
            .because(why),
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_never_came_is_told_from_one_that_was_closed() {
        let instead = || proposed(PathFor::Import);
        let never_came = ask(|| None::<()>, instead).unwrap_err();
        assert_eq!(never_came, Some(instead()));
        let closed = ask(
            || {
                std::thread::sleep(QUICKEST);
                None::<()>
            },
            instead,
        );
        assert!(closed.unwrap_err().is_none());
        assert_eq!(ask(|| Some(7), instead).ok(), Some(7));
    }

    /// Fault row 43: what cannot be opened is named so that it can be copied, and nothing of a name is ever run.
    #[test]
    fn what_cannot_be_opened_is_said_with_its_path() {
        let name = "/nonexistent/图片 ; $(touch ran) -x";
        for outcome in [open_folder(Path::new(name)), reveal(Path::new(name))] {
            let said = format!("{outcome:?}");
            assert!(
                said.contains("notice-not-opened") && said.contains("$(touch ran)"),
                "{said}"
            );
        }
        assert!(!Path::new("ran").exists());
    }
}
