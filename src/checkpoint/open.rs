//! Which layout a path is of, and where the pieces of that layout lie.

use std::path::{Path, PathBuf};

use crate::model::config::{SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig};

use super::configs::{self, Configs};
use super::error::{CheckpointError, Missing};
use super::keys::Part;
use super::{Checkpoint, Layout, folder, single_file};

impl Checkpoint {
    /// Opens a model: a Hugging Face folder (or its `model_index.json`), a transformer's `.safetensors` file with its
    /// companions nearby, or a folder with such files. Reads configurations and headers only.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let metadata =
            std::fs::metadata(path).map_err(|error| CheckpointError::io("open", path, error))?;
        let is_index = path
            .file_name()
            .is_some_and(|name| name == "model_index.json");
        let checkpoint = if is_index && metadata.is_file() {
            Self::open_folder(path.parent().unwrap_or(Path::new(".")))
        } else if let Some(root) = enclosing_model(path) {
            Self::open_folder(root)
        } else if !metadata.is_dir() {
            Self::open_single_file(path)
        } else if path.join("model_index.json").is_file() {
            Self::open_folder(path)
        } else {
            match single_file::find_transformer(path) {
                Ok(file) => Self::open_single_file(&file),
                // Folders that lost their index are still of this layout.
                Err(_) if path.join(Part::Transformer.folder()).is_dir() => Self::open_folder(path),
                Err(error) => Err(error),
            }
        }?;
        checkpoint.configs.check_fit()?;
        Ok(checkpoint)
    }

    fn open_folder(root: &Path) -> Result<Self, CheckpointError> {
        let model_index = root.join("model_index.json");
        if model_index.is_file() {
            configs::check_model_index(root, &model_index)?;
        }
        let config = |part: Part| root.join(part.folder()).join("config.json");
        let scheduler = root.join("scheduler/scheduler_config.json");
        let configs = Configs {
            transformer: configs::read(
                root,
                &config(Part::Transformer),
                TransformerConfig::from_json,
            )?,
            text_encoder: configs::read(
                root,
                &config(Part::TextEncoder),
                TextEncoderConfig::from_json,
            )?,
            vae: configs::read(root, &config(Part::Vae), VaeConfig::from_json)?,
            scheduler: configs::read(root, &scheduler, SchedulerConfig::from_json)?,
        };
        let tokenizer = find_tokenizer(&[root.to_path_buf()])?;
        Ok(Self {
            path: root.to_path_buf(),
            layout: Layout::Folder,
            configs,
            text_encoder: folder::read_part(root, Part::TextEncoder)?,
            transformer: folder::read_part(root, Part::Transformer)?,
            vae: folder::read_part(root, Part::Vae)?,
            tokenizer,
            scheduler_assumed: false,
        })
    }

    fn open_single_file(file: &Path) -> Result<Self, CheckpointError> {
        let single_file::Parts {
            transformer,
            text_encoder,
            vae,
        } = single_file::open(file)?;
        let beside = file.parent().unwrap_or(Path::new("."));
        // A configuration beside the file says what shapes cannot; without one the shapes must do.
        let written = |name: &str| Some(beside.join(name)).filter(|path| path.is_file());
        let scheduler = written("scheduler/scheduler_config.json");
        let configs = Configs {
            transformer: match written("transformer/config.json") {
                Some(path) => configs::read(beside, &path, TransformerConfig::from_json)?,
                None => configs::transformer_from_shapes(&transformer)?,
            },
            text_encoder: match written("text_encoder/config.json") {
                Some(path) => configs::read(beside, &path, TextEncoderConfig::from_json)?,
                None => configs::text_encoder_from_shapes(&text_encoder)?,
            },
            vae: match written("vae/config.json") {
                Some(path) => configs::read(beside, &path, VaeConfig::from_json)?,
                None => configs::vae_from_shapes(&vae)?,
            },
            scheduler: match &scheduler {
                Some(path) => configs::read(beside, path, SchedulerConfig::from_json)?,
                None => SchedulerConfig::z_image_turbo(),
            },
        };
        let mut folders = single_file::companion_folders(file, Part::TextEncoder);
        folders.extend(
            text_encoder
                .files()
                .iter()
                .filter_map(|file| Some(file.path().parent()?.to_path_buf())),
        );
        Ok(Self {
            path: file.to_path_buf(),
            layout: Layout::SingleFile,
            configs,
            tokenizer: find_tokenizer(&folders)?,
            text_encoder,
            transformer,
            vae,
            scheduler_assumed: scheduler.is_none(),
        })
    }
}

/// The Hugging Face folder of which `path` is a part's folder, or a file in one.
fn enclosing_model(path: &Path) -> Option<&Path> {
    let mut folders = path.ancestors().take(2);
    let part = folders.find(|folder| {
        let name = folder.file_name();
        Part::ALL
            .iter()
            .any(|part| name.is_some_and(|name| name == part.folder()))
    })?;
    part.parent()
        .filter(|root| root.join("model_index.json").is_file())
}

fn find_tokenizer(folders: &[PathBuf]) -> Result<PathBuf, CheckpointError> {
    let mut looked: Vec<PathBuf> = Vec::new();
    for folder in folders {
        for name in ["tokenizer/tokenizer.json", "tokenizer.json"] {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(path);
            }
            if !looked.contains(&path) {
                looked.push(path);
            }
        }
    }
    Err(CheckpointError::PartMissing {
        part: Missing::Tokenizer,
        looked,
    })
}
