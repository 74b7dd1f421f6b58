//! One picture of the gallery, as the list shows it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::request::Seed;

/// Endings of files that are shown.
pub const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// The longest prompt kept for search, in characters; the file itself has all of it.
pub const MAX_PROMPT: usize = 2_000;

/// A picture's file and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The file, relative to the gallery.
    pub path: PathBuf,
    /// When it was last written, in milliseconds since 1970 (UTC).
    pub modified: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is in it.
    pub details: Details,
    /// Whether it is starred. Kept in the gallery's own list, not here.
    #[serde(skip)]
    pub star: bool,
}

/// What is in a picture's file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// It was not opened yet.
    #[default]
    Unread,
    /// It is a picture.
    Picture(Facts),
    /// It cannot be shown.
    Bad {
        /// Why.
        reason: String,
    },
}

/// What is searched and shown in lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The prompt, cut at [`MAX_PROMPT`]; empty when the file has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// The seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
    /// The model's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Entry {
    /// What is in it, where it could be read.
    pub fn facts(&self) -> Option<&Facts> {
        match &self.details {
            Details::Picture(facts) => Some(facts),
            Details::Unread | Details::Bad { .. } => None,
        }
    }

    /// Whether `newer` is still the file that this entry describes.
    pub(super) fn is_same_file(&self, newer: &Self) -> bool {
        self.modified == newer.modified && self.bytes == newer.bytes
    }
}
