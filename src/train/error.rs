//! Why a training stopped.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::files::FileError;
use crate::model::{ConfigError, ForwardError};
use crate::pipeline::PipelineError;

/// Why a training could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The device failed.
    #[error(
        "the device failed while {doing}: {reason}; run again to go on from the last saved state"
    )]
    Device {
        /// What was being done.
        doing: &'static str,
        /// What the device said.
        reason: String,
    },
    /// The loss is no number any more.
    #[error(
        "the loss is {loss} at step {step}; go on from the last saved state with a lower --rate"
    )]
    Diverged {
        /// The step.
        step: u64,
        /// The loss.
        loss: f32,
    },
    /// A saved state that belongs to another training.
    #[error("{}: {problem}; name another --state folder or remove this one", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The thread that prepares batches stopped.
    #[error("the thread that prepares batches stopped; run again, and report this if it stays so")]
    Batches,
    /// Too few pictures to have one of every shape.
    #[error(
        "the pool has no picture that a tall format can show; ask for a larger --pool, 256 or more"
    )]
    Pool,
    /// The tokenizer could not be trained or used.
    #[error("tokenizer: {0}; report this, since captions come from the program itself")]
    Tokenizer(String),
    /// A picture could not be read.
    #[error("cannot read the picture {}: {source}; name PNG, JPEG or WebP files", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// Pictures of several sizes for one sheet.
    #[error("{} differs in size from the first picture; name pictures of one size", path.display())]
    Mixed {
        /// The first that differs.
        path: PathBuf,
    },
    /// A picture could not be written.
    #[error("cannot write the picture {}: {source}; free some space or choose another folder", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// A checkpoint's file could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A network of impossible sizes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A network was given what it cannot take.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// A picture could not be made.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl TrainError {
    /// A device failure while `doing` something.
    pub fn device(doing: &'static str, reason: impl ToString) -> Self {
        Self::Device {
            doing,
            reason: reason.to_string(),
        }
    }
}
