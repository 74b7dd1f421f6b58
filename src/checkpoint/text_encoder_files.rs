//! The text encoder in parts, for machines whose memory does not hold it beside the transformer.

use std::ops::ControlFlow;

use burn::module::Module;
use burn::tensor::{DType, Device};

use super::error::CheckpointError;
use super::load;
use super::network::{Network, Path};
use super::tensor_set::TensorSet;
use crate::model::config::TextEncoderConfig;
use crate::model::layers::Embedding;
use crate::model::qwen3::{Layer, TextEncoder};

/// A checked text encoder on disk, of which any part can be loaded at any time.
#[derive(Debug, Clone)]
pub struct TextEncoderFiles {
    config: TextEncoderConfig,
    set: TensorSet,
    device: Device,
    dtype: DType,
}

impl TextEncoderFiles {
    pub(super) fn new(
        config: TextEncoderConfig,
        set: TensorSet,
        device: &Device,
        dtype: DType,
    ) -> Self {
        Self {
            config,
            set,
            device: device.clone(),
            dtype,
        }
    }

    /// Its sizes.
    pub fn config(&self) -> &TextEncoderConfig {
        &self.config
    }

    /// Where its parts are loaded to.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Loads the token embeddings.
    ///
    /// # Errors
    /// What reading or the device answers; [`CheckpointError::Replaced`] when the files are others by now.
    pub fn embedding(&self) -> Result<Embedding, CheckpointError> {
        self.part(self.config.init_embedding(&self.device), &["embed_tokens"])
    }

    /// Loads one layer.
    ///
    /// # Errors
    /// As [`embedding`](Self::embedding).
    pub fn layer(&self, index: usize) -> Result<Layer, CheckpointError> {
        let layer = self.config.init_layer(&self.device);
        self.part(layer, &["layers", &index.to_string()])
    }

    fn part<M: Module>(&self, module: M, path: &[&str]) -> Result<M, CheckpointError> {
        let at = (
            Path::at(path),
            TextEncoder::tensor_name as fn(&str) -> String,
        );
        load::fill_at(
            module,
            at,
            &self.set,
            &self.device,
            self.dtype,
            &mut |_, _| ControlFlow::Continue(()),
        )
    }
}
