//! Files into networks, and back.
//!
//! [`Checkpoint::open`] reads configurations and headers, in well under a second whatever the size of the model.
//! [`Checkpoint::check`] compares the tensors with what the networks want; the `load_*` functions do so again and then
//! stream them to a device. Two layouts are read:
//!
//! - the Hugging Face folder ([`folder`]): a folder a part, weights whole or in shards;
//! - the single files of other tools ([`single_file`]): transformer, text encoder and autoencoder beside each other.
//!
//! Whatever the files call their tensors, from [`tensor_set`] on they have the names of the modules in
//! [`model`](crate::model); [`keys`] holds the tables. Nothing here trusts a file: sizes are capped before anything is
//! read ([`header`]), names in an index stay inside the folder, formats that can run code are never opened
//! ([`family`]).

mod cast;
mod compare;
mod configs;
mod demo;
mod error;
pub mod family;
pub mod folder;
pub mod header;
mod identity;
pub mod keys;
mod load;
mod network;
mod open;
mod report;
mod room;
mod save;
pub mod single_file;
mod source;
pub mod tensor_file;
pub mod tensor_set;
mod text_encoder_files;
mod tokenizer;
mod tokenizer_form;

use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device};

use crate::model::{AutoencoderKl, Form, TextEncoder, Transformer};

pub use configs::Configs;
pub use demo::{DEMO_MODEL_VARIABLE, find_demo_model};
pub use error::{CheckpointError, Missing};
pub use family::Family;
pub use identity::FileDigest;
pub use keys::Part;
pub use load::Progress;
pub use network::{Network, wanted};
pub use report::{PartReport, Report};
pub use save::{NamedTensors, load_tensors, save_module, save_tensors};
pub use tensor_set::TensorSet;
pub use text_encoder_files::TextEncoderFiles;
pub use tokenizer::{MAX_TOKENS, Tokenizer, Tokens, Truncation};

/// How the files of a checkpoint are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A Hugging Face folder.
    Folder,
    /// A transformer's file with its companions.
    SingleFile,
}

/// A Z-Image model on disk: its configurations, and where each tensor lies. Holds no weights and no open file.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    layout: Layout,
    configs: Configs,
    text_encoder: TensorSet,
    transformer: TensorSet,
    vae: TensorSet,
    tokenizer: PathBuf,
    scheduler_assumed: bool,
}

impl Checkpoint {
    /// The folder, or the transformer's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to call the model: the folder's name, or the file's without its ending.
    pub fn name(&self) -> String {
        let path = self
            .path
            .canonicalize()
            .unwrap_or_else(|_| self.path.clone());
        let name = match self.layout {
            Layout::Folder => path.file_name(),
            Layout::SingleFile => path.file_stem(),
        };
        name.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How its files are arranged.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Sizes of the networks, and the schedule.
    pub fn configs(&self) -> &Configs {
        &self.configs
    }

    /// Whether the schedule is Turbo's for want of a `scheduler_config.json`, as with single files.
    pub fn is_scheduler_assumed(&self) -> bool {
        self.scheduler_assumed
    }

    /// The tensors of one network.
    pub fn tensors(&self, part: Part) -> &TensorSet {
        match part {
            Part::Transformer => &self.transformer,
            Part::TextEncoder => &self.text_encoder,
            Part::Vae => &self.vae,
        }
    }

    /// Bytes of all weights as stored.
    pub fn bytes(&self) -> u64 {
        Part::ALL
            .iter()
            .map(|&part| self.tensors(part).bytes())
            .sum()
    }

    /// Compares every tensor's name, shape and number format with what the networks want, from headers alone.
    pub fn check(&self) -> Report {
        // Parameters are lazy, so these networks on the CPU take no memory.
        let device = Device::flex();
        Report {
            parts: vec![
                self.compare(&self.new_text_encoder(&device)),
                self.compare(&self.new_transformer(&device)),
                self.compare(&self.new_vae(&device)),
            ],
        }
    }

    fn compare<N: Network>(&self, network: &N) -> PartReport {
        let layers_run = self.configs.text_encoder.layers_run();
        let spare =
            |name: &str| N::PART == Part::TextEncoder && is_spare_text_tensor(name, layers_run);
        PartReport::compare(self.tensors(N::PART), &wanted(network), spare)
    }

    fn new_transformer(&self, device: &Device) -> Transformer {
        self.configs.transformer.init(device)
    }

    fn new_text_encoder(&self, device: &Device) -> TextEncoder {
        self.configs.text_encoder.init(device)
    }

    /// The autoencoder; without an encoder where the checkpoint has none.
    fn new_vae(&self, device: &Device) -> AutoencoderKl {
        let vae = self.configs.vae.init(device);
        if self.reads_pictures() {
            vae
        } else {
            vae.without_encoder()
        }
    }

    /// Whether its autoencoder has an encoder, so that a picture can be started from.
    pub fn reads_pictures(&self) -> bool {
        let mut names = self.vae.tensors().keys();
        names.any(|name| name.starts_with("encoder."))
    }

    /// Loads the diffusion transformer as numbers of `dtype` (f32, bf16 or f16).
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] when tensors do not fit, before anything is loaded;
    /// [`CheckpointError::Interrupted`] when `progress` breaks off; else what reading or the device answers.
    pub fn load_transformer(
        &self,
        device: &Device,
        dtype: DType,
        progress: Progress<'_>,
    ) -> Result<Transformer, CheckpointError> {
        self.load(self.new_transformer(device), device, dtype, progress)
    }

    /// [`load_transformer`](Self::load_transformer) with its blocks held as `form`.
    ///
    /// # Errors
    /// As [`load_transformer`](Self::load_transformer).
    pub fn load_transformer_as(
        &self,
        form: Form,
        device: &Device,
        dtype: DType,
        progress: Progress<'_>,
    ) -> Result<Transformer, CheckpointError> {
        let network = self.new_transformer(device).load_as(form);
        self.load(network, device, dtype, progress)
    }

    /// Loads the layers of the text encoder that are run; else as [`load_transformer`](Self::load_transformer).
    ///
    /// # Errors
    /// As [`load_transformer`](Self::load_transformer).
    pub fn load_text_encoder(
        &self,
        device: &Device,
        dtype: DType,
        progress: Progress<'_>,
    ) -> Result<TextEncoder, CheckpointError> {
        self.load(self.new_text_encoder(device), device, dtype, progress)
    }

    /// The text encoder's files, to load parts of it from whenever they are needed.
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] when tensors do not fit.
    pub fn text_encoder_files(
        &self,
        device: &Device,
        dtype: DType,
    ) -> Result<TextEncoderFiles, CheckpointError> {
        self.expect_fit(&self.new_text_encoder(device))?;
        Ok(TextEncoderFiles::new(
            self.configs.text_encoder.clone(),
            self.text_encoder.clone(),
            device,
            dtype,
        ))
    }

    /// Loads the autoencoder; its encoder is `None` where the checkpoint has none.
    ///
    /// # Errors
    /// As [`load_transformer`](Self::load_transformer).
    pub fn load_vae(
        &self,
        device: &Device,
        dtype: DType,
        progress: Progress<'_>,
    ) -> Result<AutoencoderKl, CheckpointError> {
        self.load(self.new_vae(device), device, dtype, progress)
    }

    fn load<N: Network>(
        &self,
        network: N,
        device: &Device,
        dtype: DType,
        progress: Progress<'_>,
    ) -> Result<N, CheckpointError> {
        self.expect_fit(&network)?;
        load::fill(network, self.tensors(N::PART), device, dtype, progress)
    }

    fn expect_fit<N: Network>(&self, network: &N) -> Result<(), CheckpointError> {
        let report = self.compare(network);
        if report.is_sound() {
            return Ok(());
        }
        Err(CheckpointError::Mismatch(Box::new(Report {
            parts: vec![report],
        })))
    }

    /// Opens the tokenizer and checks that it belongs to the text encoder.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when it is damaged or of another model.
    pub fn tokenizer(&self) -> Result<Tokenizer, CheckpointError> {
        let tokenizer = Tokenizer::open(&self.tokenizer)?;
        tokenizer.check_vocabulary(self.configs.text_encoder.vocab_size)?;
        Ok(tokenizer)
    }

    /// A hash that tells this model from others, in milliseconds: headers, sizes and samples of every file.
    ///
    /// # Errors
    /// [`CheckpointError::Replaced`] when a file changed since it was opened.
    pub fn quick_hash(&self) -> Result<String, CheckpointError> {
        identity::quick([&self.text_encoder, &self.transformer, &self.vae])
    }

    /// SHA-256 of every file; reads the whole model.
    ///
    /// # Errors
    /// [`CheckpointError::Replaced`] when a file changed since it was opened, [`CheckpointError::Interrupted`] when
    /// `progress` breaks off, or what the system answers.
    pub fn full_hash(&self, progress: Progress<'_>) -> Result<Vec<FileDigest>, CheckpointError> {
        identity::full([&self.text_encoder, &self.transformer, &self.vae], progress)
    }
}

/// Tensors of a published Qwen3 that are never used here: the caption features come from before its last layer.
fn is_spare_text_tensor(name: &str, layers_run: usize) -> bool {
    name == "model.norm.weight" || name.starts_with(&format!("model.layers.{layers_run}."))
}
