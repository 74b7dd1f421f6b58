//! The desktop around the window: its file dialogs and its file manager. Nothing here may run on the window's thread.

use std::path::{Path, PathBuf};

use super::i18n::Message;
use super::notices::Weight;
use super::outcome::Outcome;

/// Asks for files to import.
pub fn pick_files() -> Option<Outcome> {
    let files = rfd::FileDialog::new()
        .add_filter("JSON, PNG, safetensors", &["json", "png", "safetensors"])
        .pick_files()?;
    Some(Outcome::FilesPicked(files))
}

/// Asks for a checkpoint's folder.
pub fn pick_model() -> Option<Outcome> {
    rfd::FileDialog::new()
        .pick_folder()
        .map(Outcome::ModelPicked)
}

/// Asks for a gallery folder.
pub fn pick_gallery() -> Option<Outcome> {
    rfd::FileDialog::new()
        .pick_folder()
        .map(Outcome::GalleryPicked)
}

/// Asks where a copy of `source` goes.
pub fn pick_target(source: &Path, ending: &str) -> Option<PathBuf> {
    let stem = source
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let target = rfd::FileDialog::new()
        .set_file_name(format!("{stem}.{ending}"))
        .add_filter(ending.to_ascii_uppercase(), &[ending])
        .save_file()?;
    Some(if target.extension().is_some() {
        target
    } else {
        target.with_extension(ending)
    })
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
mod tests {
    use super::*;

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
