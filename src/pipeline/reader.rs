//! The text encoder, on the device for good or only while it reads.

use super::PipelineError;
use crate::{
    checkpoint::TextEncoderFiles,
    model::{ForwardError, TextEncoder, TextEncoderConfig, layers::Embedding, qwen3},
};
use burn::tensor::{Device, Tensor};

/// Token ids to caption features.
#[derive(Debug)]
pub enum Reader {
    /// All layers on the device.
    Resident(TextEncoder),
    /// Each layer is fetched when its turn comes and dropped after it: a third of the memory less for the published
    /// model, and each new prompt waits for the files to be read.
    Streamed(Box<dyn Parts>),
}

/// A text encoder whose parts can be fetched one by one.
pub trait Parts: std::fmt::Debug + Send {
    /// Its sizes.
    fn config(&self) -> &TextEncoderConfig;

    /// Where it computes.
    fn device(&self) -> &Device;

    /// The token embeddings.
    ///
    /// # Errors
    /// When they cannot be read.
    fn embedding(&self) -> Result<Embedding, PipelineError>;

    /// Layer `index`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn layer(&self, index: usize) -> Result<qwen3::Layer, PipelineError>;
}

impl Parts for TextEncoderFiles {
    fn config(&self) -> &TextEncoderConfig {
        self.config()
    }

    fn device(&self) -> &Device {
        self.device()
    }

    fn embedding(&self) -> Result<Embedding, PipelineError> {
        Ok(self.embedding()?)
    }

    fn layer(&self, index: usize) -> Result<qwen3::Layer, PipelineError> {
        Ok(self.layer(index)?)
    }
}

impl Reader {
    /// Caption features of one prompt: ids → `[tokens, hidden]`.
    ///
    /// # Errors
    /// [`PipelineError::Cancelled`] between two layers, [`PipelineError::Forward`] for ids it does not know, and
    /// whatever fetching a part says.
    pub fn forward(
        &self,
        ids: &[u32],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<2>, PipelineError> {
        match self {
            Self::Resident(encoder) => Ok(encoder.forward(ids, interrupted)?),
            Self::Streamed(parts) => {
                let features = stream(parts.as_ref(), ids, interrupted)?;
                // The parts are dropped by now; this gives their memory back to the device.
                let cause = |error: &dyn std::fmt::Display| PipelineError::Execution {
                    doing: "encoding the prompt",
                    cause: error.to_string(),
                };
                parts.device().sync().map_err(|error| cause(&error))?;
                parts.device().memory_cleanup();
                Ok(features)
            }
        }
    }
}

fn stream(
    parts: &dyn Parts,
    ids: &[u32],
    interrupted: &dyn Fn() -> bool,
) -> Result<Tensor<2>, PipelineError> {
    let config = parts.config();
    let ids = config.ids(ids, parts.device())?;
    let embeddings = parts.embedding()?.forward(ids);
    let rope = config.rope(&embeddings);
    let mut stream = qwen3::Residual::new(embeddings);
    for index in 0..config.layers_run() {
        if interrupted() {
            return Err(ForwardError::Interrupted.into());
        }
        stream = parts.layer(index)?.forward(stream, &rope);
    }
    Ok(stream.sum().squeeze_dim(0))
}
