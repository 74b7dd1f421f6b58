//! The single-file layout of other tools: a transformer file, with text encoder and autoencoder files beside it.
//!
//! Names are only a hint (`z_image_turbo_bf16`, `qwen_3_4b`, `ae`): what a file is, its tensors' names say. The
//! companions are looked for beside the transformer's file and in the folders that ComfyUI gives them. Files that
//! hold all three networks under prefixes are read as well.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::{CheckpointError, Missing};
use super::family::Family;
use super::folder;
use super::keys::{self, Part};
use super::tensor_file::TensorFile;
use super::tensor_set::TensorSet;

/// More files than this in one folder are not looked into.
const MAX_CANDIDATES: usize = 200;

/// The three networks of a single-file model.
#[derive(Debug)]
pub struct Parts {
    /// The diffusion transformer.
    pub transformer: TensorSet,
    /// The text encoder.
    pub text_encoder: TensorSet,
    /// The autoencoder.
    pub vae: TensorSet,
}

impl Part {
    fn family(self) -> Family {
        match self {
            Self::Transformer => Family::ZImage,
            Self::TextEncoder => Family::Qwen3,
            Self::Vae => Family::FluxVae,
        }
    }

    /// Name of the published file, without ending.
    fn published_stem(self) -> &'static str {
        match self {
            Self::Transformer => "z_image_turbo_bf16",
            Self::TextEncoder => "qwen_3_4b",
            Self::Vae => "ae",
        }
    }

    /// Folders of this part in a ComfyUI `models` folder.
    fn comfy_folders(self) -> &'static [&'static str] {
        match self {
            Self::Transformer => &["diffusion_models", "unet", "checkpoints"],
            Self::TextEncoder => &["text_encoders", "clip"],
            Self::Vae => &["vae"],
        }
    }
}

/// Opens the model whose transformer is `file`.
///
/// # Errors
/// [`CheckpointError::Foreign`] when the file is something else, [`CheckpointError::PartMissing`] when a companion is
/// not found.
pub fn open(file: &Path) -> Result<Parts, CheckpointError> {
    let opened = TensorFile::open(file)?;
    let family = family_of(&opened);
    if family != Family::ZImage {
        return Err(CheckpointError::Foreign {
            path: file.to_path_buf(),
            family,
        });
    }
    let companion = |part: Part| -> Result<TensorSet, CheckpointError> {
        if holds(&opened, part) {
            return TensorSet::gather(part, vec![TensorFile::open(file)?]);
        }
        match beside_as_folder(file, part) {
            Some(set) => set,
            None => find(part, &companion_folders(file, part)),
        }
    };
    let (text_encoder, vae) = (companion(Part::TextEncoder)?, companion(Part::Vae)?);
    Ok(Parts {
        transformer: TensorSet::gather(Part::Transformer, vec![opened])?,
        text_encoder,
        vae,
    })
}

/// Finds the one transformer file in a folder, or in the folders of a ComfyUI `models` folder.
///
/// # Errors
/// [`CheckpointError::PartMissing`] when there is none, [`CheckpointError::PartsDisagree`] when there are several.
/// Where the folder's only file is of another kind, [`CheckpointError::Foreign`] says so.
pub fn find_transformer(folder: &Path) -> Result<PathBuf, CheckpointError> {
    let part = Part::Transformer;
    let mut folders = vec![folder.to_path_buf()];
    folders.extend(part.comfy_folders().iter().map(|name| folder.join(name)));
    let candidates = candidates(part, &folders);
    let is_transformer = |path: &&PathBuf| {
        TensorFile::open(path).is_ok_and(|file| family_of(&file) == Family::ZImage)
    };
    let found: Vec<&PathBuf> = candidates.iter().filter(is_transformer).collect();
    match (found.as_slice(), candidates.as_slice()) {
        ([only], _) => Ok((*only).clone()),
        ([], [only]) => match TensorFile::open(only) {
            Ok(file) => Err(CheckpointError::Foreign {
                path: only.clone(),
                family: family_of(&file),
            }),
            Err(error) => Err(error),
        },
        ([], _) => Err(nothing_here(folder, folders)),
        (several, _) => {
            let names: Vec<String> = several
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            Err(CheckpointError::PartsDisagree(format!(
                "{} holds several transformers ({}): give the file of one",
                folder.display(),
                names.join(", ")
            )))
        }
    }
}

/// A folder without a transformer: says so, unless what it does hold is of a kind that must be named.
fn nothing_here(folder: &Path, looked: Vec<PathBuf>) -> CheckpointError {
    let foreign = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .find_map(|path| {
            let family = Family::by_content(&path, &[])?;
            Some(CheckpointError::Foreign { path, family })
        });
    foreign.unwrap_or(CheckpointError::PartMissing {
        part: Missing::Network(Part::Transformer),
        looked,
    })
}

/// The companion in a Hugging Face folder of its own beside `file`, as for a fine-tune put into a model's folder.
fn beside_as_folder(file: &Path, part: Part) -> Option<Result<TensorSet, CheckpointError>> {
    let beside = file.parent()?;
    if !beside.join(part.folder()).join("config.json").is_file() {
        return None;
    }
    match folder::read_part(beside, part) {
        // A configuration without weights belongs to a single file.
        Err(CheckpointError::PartMissing { .. }) => None,
        found => Some(found),
    }
}

/// Folders in which a companion of `file` may lie.
pub fn companion_folders(file: &Path, part: Part) -> Vec<PathBuf> {
    let beside = file.parent().unwrap_or(Path::new(".")).to_path_buf();
    let mut folders = vec![beside.clone(), beside.join(part.folder())];
    let models = beside
        .parent()
        .map(Path::to_path_buf)
        .into_iter()
        .chain([beside]);
    for models in models {
        folders.extend(part.comfy_folders().iter().map(|name| models.join(name)));
    }
    folders
}

/// Finds the first file of the part's family, the published name before others.
fn find(part: Part, folders: &[PathBuf]) -> Result<TensorSet, CheckpointError> {
    for path in candidates(part, folders) {
        let published = path
            .file_stem()
            .is_some_and(|stem| stem == part.published_stem());
        match TensorFile::open(&path) {
            Ok(file) if family_of(&file) == part.family() => {
                return TensorSet::gather(part, vec![file]);
            }
            // A damaged file under the published name is what was meant; any other is somebody else's.
            Err(error) if published => return Err(error),
            _ => {}
        }
    }
    let file = format!("{}.safetensors", part.published_stem());
    let looked = folders.iter().map(|folder| folder.join(&file)).collect();
    Err(CheckpointError::PartMissing {
        part: Missing::Network(part),
        looked,
    })
}

/// The safetensors files in `folders`, folder by folder, the published name first.
fn candidates(part: Part, folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for folder in folders {
        if !seen.insert(folder) {
            continue;
        }
        let entries = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let safetensors = |path: &PathBuf| {
            path.extension()
                .is_some_and(|ending| ending == "safetensors")
        };
        let mut files: Vec<PathBuf> = entries.filter(safetensors).take(MAX_CANDIDATES).collect();
        files.sort_by_key(|path| {
            (
                path.file_stem()
                    .is_none_or(|stem| stem != part.published_stem()),
                path.clone(),
            )
        });
        all.extend(files);
    }
    all
}

fn names(file: &TensorFile) -> impl Iterator<Item = &str> + Clone {
    file.header().tensors.keys().map(String::as_str)
}

fn family_of(file: &TensorFile) -> Family {
    Family::by_names(names(file))
}

/// Whether an all-in-one file carries this companion.
fn holds(file: &TensorFile, part: Part) -> bool {
    names(file).any(|name| keys::belongs_to(part, name))
}
