//! What the engine does, what it may be given, and what it runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::frame_times::Summary;
use crate::app::i18n::Message;
use crate::engine::memory::Demands;
use crate::engine::{ModelChoice, Provenance, Status};
use crate::gallery::Metadata;
use crate::pipeline::device::{DeviceChoice, Precision};
use crate::pipeline::{Picture, Suited};
use crate::request::ImageSize;

/// What the engine does.
#[derive(Debug, Default)]
pub struct EngineState {
    /// At this moment.
    pub status: Status,
    /// What the loaded model is, for the status line.
    pub loaded: Option<ModelChoice>,
    /// The model that could not be loaded; other settings may let it.
    pub refused: Option<PathBuf>,
    /// What the next request will take, in seconds and bytes.
    pub foretold: Foretold,
    /// Memory of this program (or of the device) in bytes, now.
    pub memory: Option<u64>,
    /// Names the loaded model on its device, for what was measured of it.
    pub forecast_key: String,
    /// What it is, for the record in a picture.
    pub provenance: Option<Provenance>,
    /// The device is lost; only a restart of the program helps.
    pub lost: bool,
}

impl EngineState {
    /// The model that is loaded, being loaded, or would be if it could.
    #[must_use]
    pub fn wanted(&self) -> Option<&Path> {
        match &self.status {
            Status::Loading { choice, .. } | Status::Ready(choice) => Some(&choice.path),
            _ => {
                let loaded = self.loaded.as_ref().map(|choice| choice.path.as_path());
                loaded.or(self.refused.as_deref())
            }
        }
    }
}

/// A picture that is painted and could be written nowhere.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// The pixels.
    pub picture: Arc<Picture>,
    /// What its file is to say.
    pub metadata: Box<Metadata>,
}

impl PartialEq for Unsaved {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.picture, &other.picture)
    }
}

/// What a request will take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foretold {
    /// Seconds for all its pictures, from measured steps.
    pub seconds: Option<f64>,
    /// Why it will not fit, and the cheapest size that would.
    pub too_large: Option<(Message, Option<ImageSize>)>,
}

/// What the program runs on.
#[derive(Clone, Debug, Default)]
pub struct SystemState {
    /// Why CUDA cannot be used, where it cannot.
    pub no_cuda: Option<String>,
    /// Fluent keys with what they stand for here.
    pub facts: Vec<(&'static str, String)>,
    /// The machine's memory in bytes, all of it and what is free.
    pub memory: Option<(u64, u64)>,
    /// How long the window's own code takes for a frame.
    pub frames: Summary,
    /// The number formats that cannot be used, and where.
    pub unusable: Vec<Unusable>,
}

/// Why a number format cannot be used on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Unusable {
    /// The device, as it is chosen.
    pub device: DeviceChoice,
    /// The number format.
    pub precision: Precision,
    /// What is missing, and what to do about it.
    pub why: String,
}

/// A checkpoint that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its folder, or one of its files.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// Whether it is the small one that comes with the program.
    pub demo: bool,
    /// What its headers say, once they are read.
    pub facts: Option<Result<ModelFacts, String>>,
}

impl Model {
    /// One that somebody added, under the name of its folder or file.
    #[must_use]
    pub fn added(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default();
        Self {
            name: name.to_string_lossy().into_owned(),
            path,
            demo: false,
            facts: None,
        }
    }
}

/// What the headers of a checkpoint say.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ModelFacts {
    /// Number format of the weights.
    pub precision: String,
    /// Parameters.
    pub parameters: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// What it takes in memory and time.
    pub demands: Option<Demands>,
    /// The sizes, steps and guidance that it was made for.
    pub suited: Suited,
    /// What marks these weights.
    pub hash: Option<String>,
}
