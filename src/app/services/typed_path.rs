//! Paths that were typed, where the desktop has no dialog for files.

use std::path::{Path, PathBuf};

use super::Services;
use super::pictures::{copy_to, is_taken, unsaved_to};
use crate::app::i18n::Message;
use crate::app::notices::Weight;
use crate::app::outcome::Outcome;
use crate::app::state::{PathFor, TypedPath};

impl Services {
    /// Does with the path what a dialog would have done with it.
    pub(super) fn use_path(&self, typed: TypedPath) {
        self.background
            .run("use path", move || Some(used(typed, home().as_deref())));
    }
}

fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned())
}

/// What comes of it. A path that is refused can be mended, and is not to be typed again.
fn used(typed: TypedPath, home: Option<&Path>) -> Outcome {
    match tried(&typed, home) {
        Outcome::Said(Weight::Error, why) => Outcome::PathRefused(typed, why),
        outcome => outcome,
    }
}

fn tried(typed: &TypedPath, home: Option<&Path>) -> Outcome {
    let path = meant(&typed.text, home);
    // A dialog would have asked before it replaces a file.
    if typed.wanted.writes() && path.exists() {
        return is_taken(&path);
    }
    let gallery = typed.wanted == PathFor::Gallery;
    if !typed.wanted.writes() && !gallery && !path.exists() || gallery && path.is_file() {
        return is_missing(&path);
    }
    match &typed.wanted {
        PathFor::Import => Outcome::FilesPicked(vec![path]),
        PathFor::Model => Outcome::ModelPicked(path),
        PathFor::Gallery => Outcome::GalleryPicked(path),
        PathFor::Copy(source, kind) => copy_to(source, &path, *kind),
        PathFor::Unsaved(unsaved) => unsaved_to(unsaved.clone(), path),
    }
}

fn is_missing(path: &Path) -> Outcome {
    let said = Message::new("notice-path-missing").with("path", path.display().to_string());
    Outcome::Said(Weight::Error, said)
}

/// The path that is meant: quotes come along when it is copied, and `~` is the home folder, where all others begin too.
fn meant(text: &str, home: Option<&Path>) -> PathBuf {
    let text = text.trim().trim_matches(['"', '\'']);
    let below = text.strip_prefix("~/").unwrap_or(text);
    match home {
        Some(home) if text == "~" => home.to_owned(),
        // An absolute path stays as it is.
        Some(home) => home.join(below),
        None => PathBuf::from(text),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::app::state::ExportKind;

    #[test]
    fn a_typed_path_is_taken_as_it_was_meant() {
        let home = Path::new("/home/li");
        for (text, path) in [
            ("/data/模型", "/data/模型"),
            (" \"/data/a b\" ", "/data/a b"),
            ("~/图片", "/home/li/图片"),
            ("~", "/home/li"),
            ("图片", "/home/li/图片"),
        ] {
            assert_eq!(meant(text, Some(home)), Path::new(path), "{text}");
        }
    }

    #[test]
    fn a_typed_path_replaces_no_file_and_a_missing_one_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        image::RgbImage::new(8, 8).save(at("a.png")).unwrap();
        let used = |wanted: PathFor, name: &str| {
            let text = at(name).display().to_string();
            format!("{:?}", used(TypedPath { wanted, text }, None))
        };
        let copy = |name: &str| used(PathFor::Copy(at("a.png"), ExportKind::Jpeg), name);
        let before = std::fs::read(at("a.png")).unwrap();
        assert!(copy("a.png").contains("notice-path-taken"));
        assert_eq!(std::fs::read(at("a.png")).unwrap(), before);
        assert!(used(PathFor::Import, "b.png").contains("notice-path-missing"));
        assert!(used(PathFor::Model, "a.png").contains("ModelPicked"));

        assert!(copy("a.png").starts_with("PathRefused"), "to be mended");
        assert!(copy("a").contains("notice-exported"));
        assert!(
            copy("a").contains("notice-path-taken"),
            "a.jpg is there now"
        );

        // What is written is what the name says.
        for (name, file, start) in [
            ("b.jpg", "b.jpg", b"\xff\xd8\xff".as_slice()),
            ("b.webp", "b.webp", b"RIFF"),
            ("b", "b.jpg", b"\xff\xd8\xff"),
            ("c.d", "c.d.jpg", b"\xff\xd8\xff"),
        ] {
            std::fs::remove_file(at(file)).ok();
            let said = copy(name);
            assert!(
                said.contains("notice-exported") && said.contains(file),
                "{said}"
            );
            assert!(
                std::fs::read(at(file)).unwrap().starts_with(start),
                "{name}"
            );
        }
    }
}
