//! A path that is typed, where the desktop has no dialog for files.

use std::path::PathBuf;

use super::{ExportKind, Unsaved};

/// What a path is wanted for.
#[derive(Clone, Debug, PartialEq)]
pub enum PathFor {
    /// A file or folder to import.
    Import,
    /// A checkpoint.
    Model,
    /// The gallery's folder.
    Gallery,
    /// Where the copy of this picture goes.
    Copy(PathBuf, ExportKind),
    /// Where a picture goes that could be written nowhere.
    Unsaved(Unsaved),
}

impl PathFor {
    /// Whether something is to be written there.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self, Self::Copy(..) | Self::Unsaved(_))
    }
}

/// A path that is being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedPath {
    /// What it is wanted for.
    pub wanted: PathFor,
    /// What is typed so far, or proposed.
    pub text: String,
}
