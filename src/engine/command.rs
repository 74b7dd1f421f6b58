//! What the engine is told.

use std::path::PathBuf;

use super::SaveTo;
use crate::pipeline::device::{DeviceChoice, Precision};

/// One instruction to the engine's thread. Jobs do not travel here: they wait in the [`Queue`](super::Queue), which
/// the engine looks into whenever it is idle or told to [`Look`](Command::Look).
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Frees the model in use, then loads this one.
    Load(ModelChoice),
    /// Frees the model in use.
    Unload,
    /// Puts finished pictures elsewhere from now on.
    SaveTo(SaveTo),
    /// The queue has changed.
    Look,
}

/// A model, and where and how it is to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelChoice {
    /// Its folder, or one of its files.
    pub path: PathBuf,
    /// The device.
    pub device: DeviceChoice,
    /// The number format, or the one that is usual on the device.
    pub precision: Option<Precision>,
    /// Whether the text encoder is read from its files for each new prompt instead of being kept in memory.
    pub low_memory: bool,
}
