//! Which files from outside are a model, and which only a part of one.

use std::path::Path;

use crate::checkpoint::tensor_file::TensorFile;
use crate::checkpoint::{Checkpoint, Family, single_file};

/// What a file is to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is one, or the transformer of one.
    Model,
    /// It belongs to one, which is found by its transformer; alone it is of no use, and this says why.
    Companion(String),
}

/// Configuration and vocabulary files that lie beside the weights of a model.
const COMPANIONS: [&str; 9] = [
    "model_index.json",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "scheduler_config.json",
    "generation_config.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "vocab.json",
];

/// Whether a folder is a model: in the layout of diffusers, or with the files that ComfyUI uses.
#[must_use]
pub fn is_model_folder(folder: &Path) -> bool {
    folder.join("model_index.json").is_file()
        || folder.join("transformer").is_dir()
        || single_file::find_transformer(folder).is_ok()
}

/// What a safetensors file is, told from its header.
///
/// # Errors
/// Why it is of no use: damaged, or of another model.
pub fn role(file: &Path) -> Result<Role, String> {
    // A shard is told by the folder that it lies in.
    if Checkpoint::open(file).is_ok() {
        return Ok(Role::Model);
    }
    let opened = TensorFile::open(file).map_err(|error| error.to_string())?;
    let family = Family::by_names(opened.header().tensors.keys().map(String::as_str));
    let why = format!("it is {family}; {}", family.advice());
    match family {
        // What it lacks, its card in the list of models says.
        Family::ZImage => Ok(Role::Model),
        Family::Qwen3 | Family::FluxVae => Ok(Role::Companion(why)),
        _ => Err(why),
    }
}

/// Whether a JSON file of this name usually belongs to a model.
#[must_use]
pub fn is_companion_json(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    COMPANIONS.contains(&name.as_str()) || name.ends_with(".safetensors.index.json")
}
