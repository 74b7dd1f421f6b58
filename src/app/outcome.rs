//! What comes back from work that ran elsewhere.

use std::path::PathBuf;
use std::sync::Arc;

use super::i18n::Message;
use super::notices::Weight;
use super::state::{
    ModelFacts, PresetEntry, RemovedPreset, Step, SystemState, TokenCount, TypedPath, Unsaved,
};
use crate::gallery::Metadata;
use crate::pipeline::device::DeviceInfo;
use crate::request::Draft;

/// The end of some work.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Tokens were counted.
    Tokens(TokenCount),
    /// Headers of a checkpoint were read.
    ModelChecked(PathBuf, Result<ModelFacts, String>),
    /// A folder or file was chosen as a checkpoint.
    ModelPicked(PathBuf),
    /// Files were chosen for import.
    FilesPicked(Vec<PathBuf>),
    /// A gallery folder was chosen.
    GalleryPicked(PathBuf),
    /// The desktop showed no dialog; the path may be typed instead.
    NoDialog(TypedPath),
    /// Nothing came of a path that was typed, and why.
    PathRefused(TypedPath, Message),
    /// What a picture says about itself.
    Facts(PathBuf, Option<Arc<Metadata>>),
    /// The presets, read anew.
    Presets(Vec<PresetEntry>),
    /// A preset was kept.
    PresetSaved {
        /// Its key.
        key: String,
        /// The one that was there before, where it took the place of one.
        replaced: Option<RemovedPreset>,
        /// The presets, read anew.
        entries: Vec<PresetEntry>,
    },
    /// A preset was removed; these are left.
    PresetRemoved(RemovedPreset, Vec<PresetEntry>),
    /// The preset of this name is there again, among these.
    PresetRestored(String, Vec<PresetEntry>),
    /// A step could not be taken back, and why.
    NotTakenBack(Box<Step>, Message),
    /// Files were read.
    Imported(Box<Imported>),
    /// Devices were listed.
    Devices(Vec<DeviceInfo>, Box<SystemState>),
    /// The desktop asks its programs to keep still, or does not.
    StillDesktop(bool),
    /// A picture that could be written nowhere is in this file.
    Rescued(Unsaved, PathBuf),
    /// Something to say.
    Said(Weight, Message),
}

/// What was found in files or text.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Presets, already kept among the person's own.
    pub presets: Vec<PresetEntry>,
    /// Settings of pictures.
    pub drafts: Vec<Draft>,
    /// Checkpoints.
    pub models: Vec<PathBuf>,
    /// What could not be used, and why.
    pub refused: Vec<(String, String)>,
    /// What was passed over in good files.
    pub warnings: Vec<String>,
}

impl PartialEq for Outcome {
    /// Two outcomes are never the same: each is news.
    fn eq(&self, _other: &Self) -> bool {
        false
    }
}
