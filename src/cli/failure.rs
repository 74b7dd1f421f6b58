use crate::{
    checkpoint::CheckpointError,
    gallery::{png_text::ReadError, writer::WriteError},
    pipeline::{PipelineError, device::DeviceError},
    request::RequestError,
};
use std::process::ExitCode;

/// How a command ends without having done its work. Each is one sentence on stderr and an exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The input cannot be used; the sentence says why and what to do. Exit code 2.
    #[error("{0}")]
    Input(String),
    /// The input was fine, the work failed. Exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Ctrl+C. Exit code 130, what shells report for it.
    #[error("cancelled")]
    Cancelled,
    /// A panic; its details are on stderr already. Exit code 1.
    #[error("Danqing met a fault of its own; what is printed above helps to find it")]
    Unexpected,
}

impl Failure {
    /// The code the program ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) | Self::Unexpected => 1,
            Self::Input(_) => 2,
            Self::Cancelled => 130,
        })
    }

    /// A failure to print.
    pub fn output(error: &dyn std::fmt::Display) -> Self {
        Self::Failed(format!("the answer cannot be printed: {error}"))
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Cancelled => Self::Cancelled,
            PipelineError::Execution { .. } => Self::Failed(error.to_string()),
            PipelineError::Checkpoint(error) => error.into(),
            other => Self::Input(other.to_string()),
        }
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Interrupted => Self::Cancelled,
            CheckpointError::Device { .. } => Self::Failed(error.to_string()),
            other => Self::Input(other.to_string()),
        }
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Input(error.to_string())
    }
}
