//! What the engine is told.

use std::path::PathBuf;

use super::SaveTo;
use crate::pipeline::device::DeviceChoice;

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

/// A model and where it is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelChoice {
    /// Its folder, or one of its files.
    pub path: PathBuf,
    /// The device.
    pub device: DeviceChoice,
}
