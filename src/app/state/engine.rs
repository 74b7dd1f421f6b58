//! What the engine does, what it may be given, and what it runs on.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::frame_times::Summary;
use crate::app::i18n::Message;
use crate::engine::memory::Demands;
use crate::engine::{ModelChoice, Provenance, Status};
use crate::gallery::Metadata;
use crate::pipeline::Picture;
use crate::request::ImageSize;

/// What the engine does.
#[derive(Debug, Default)]
pub struct EngineState {
    /// At this moment.
    pub status: Status,
    /// What the loaded model is, for the status line.
    pub loaded: Option<ModelChoice>,
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
    /// How long the window's own code takes for a frame.
    pub frames: Summary,
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
    /// What marks these weights.
    pub hash: Option<String>,
}
