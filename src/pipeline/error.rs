use super::device::DeviceError;
use crate::{checkpoint::CheckpointError, model::ForwardError};

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// Someone cancelled. No picture came of it, and nothing is wrong.
    #[error("cancelled")]
    Cancelled,
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The checkpoint cannot be loaded, or its tokenizer fails.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// The networks were handed something they were not made for.
    #[error("the networks refused their input: {0}")]
    Forward(ForwardError),
    /// The device failed at its work: out of memory, a lost driver.
    #[error("the device failed while {doing}: {cause}; try a smaller size or another --device")]
    Execution {
        /// The stage, as the middle of a sentence.
        doing: &'static str,
        /// What the device said.
        cause: String,
    },
    /// Numbers that are no numbers came out of the networks.
    #[error(
        "the {network} gave values that are not finite {when}, so its weights are damaged; \
         check the files with `danqing models check` and fetch them again"
    )]
    NotFinite {
        /// The network whose output it was.
        network: &'static str,
        /// When it was seen.
        when: String,
    },
    /// The start image or its mask cannot be read.
    #[error("the {what} {path} cannot be read: {cause}; use a PNG, JPEG or WebP picture")]
    StartImage {
        /// "start image" or "mask".
        what: &'static str,
        /// The file.
        path: String,
        /// What went wrong.
        cause: String,
    },
    /// A model's own preview coefficients cannot be read.
    #[error(
        "{path} does not hold a preview's coefficients: {cause}; remove it to use the usual ones"
    )]
    Preview {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// What a model says of the sizes that suit it cannot be read.
    #[error("{path} does not say what suits the model: {cause}; remove it to use the usual sizes")]
    Suited {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Given noise does not fit the request.
    #[error("the noise has the shape {got:?}, but this request needs {expected:?}")]
    NoiseShape {
        /// Shape of the tensor given.
        got: Vec<usize>,
        /// Shape needed: pictures, channels, height / 8, width / 8.
        expected: Vec<usize>,
    },
    /// The checkpoint cannot do what is asked.
    #[error("this model cannot do that: {0}")]
    Unsupported(String),
}

impl From<CheckpointError> for PipelineError {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Interrupted => Self::Cancelled,
            other => Self::Checkpoint(other),
        }
    }
}

impl From<ForwardError> for PipelineError {
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::Interrupted => Self::Cancelled,
            other => Self::Forward(other),
        }
    }
}
