//! Settings with names.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use crate::app::i18n::Language;
use crate::request::preset::Preset;

/// A preset in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct PresetEntry {
    /// What it sets.
    pub preset: Preset,
    /// Its file, for the person's own ones.
    pub file: Option<PathBuf>,
    /// What tells it from all others: the file's name.
    pub key: String,
    /// Its thumbnail's pixels.
    pub picture: Option<Arc<RgbImage>>,
}

impl PresetEntry {
    /// Its name in `language`.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match self.preset.title(language == Language::Chinese) {
            "" => &self.key,
            title => title,
        }
    }

    /// What it sets, with its words in `language`.
    #[must_use]
    pub fn preset_in(&self, language: Language) -> Preset {
        self.preset.in_language(language == Language::Chinese)
    }

    /// What it is good for, in `language`.
    #[must_use]
    pub fn about(&self, language: Language) -> Option<&str> {
        Some(self.preset.description(language == Language::Chinese))
            .filter(|about| !about.is_empty())
    }
}

/// A preset of one's own that was removed or replaced, with all that it takes to write it again.
#[derive(Clone, Debug, PartialEq)]
pub struct RemovedPreset {
    /// What it was called.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// What was in the file.
    pub bytes: Vec<u8>,
}

/// Settings with names.
#[derive(Debug, Default)]
pub struct PresetState {
    /// All of them, the person's own first.
    pub entries: Vec<PresetEntry>,
    /// Grows when they are others.
    pub revision: u64,
    /// What is searched for.
    pub query: String,
    /// The one that was applied last.
    pub applied: Option<usize>,
    /// Set for one frame: the key of a preset to bring into view.
    pub reveal: Option<String>,
}

impl PresetState {
    /// Lists other presets; none of them is the one that was applied last.
    pub fn list(&mut self, entries: Vec<PresetEntry>) {
        self.entries = entries;
        self.revision += 1;
        self.applied = None;
    }

    /// The place of the person's own preset of this name.
    #[must_use]
    pub fn own_named(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| {
            let names = [&entry.preset.name, &entry.preset.name_zh];
            entry.file.is_some() && names.into_iter().flatten().any(|known| known == name)
        })
    }

    /// Those that match the search, with their places.
    pub fn found(&self) -> impl Iterator<Item = (usize, &PresetEntry)> {
        let words: Vec<String> = self
            .query
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        self.entries.iter().enumerate().filter(move |(_, entry)| {
            let all: String = entry
                .preset
                .texts()
                .map(|text| text.to_lowercase() + " ")
                .collect();
            words.iter().all(|word| all.contains(word.as_str()))
        })
    }
}
