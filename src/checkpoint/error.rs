//! What can be wrong with a checkpoint, in words a designer can act on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::FileError;

use super::family::Family;
use super::header::HeaderProblem;
use super::keys::Part;
use super::report::Report;

/// Everything that opening, checking, loading or saving a checkpoint can answer instead of a result.
///
/// Each message names the file (and the tensor or field) and says what to do next. Names that come from a file are
/// quoted with their control characters escaped, so that they can go to a terminal.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused an operation on a file.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "read", "write", "open".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Nothing lies at the path.
    #[error("{} does not exist; check the path, or complete the download", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A device, a pipe or a folder lies where a file was expected.
    #[error("{} is not a regular file; give a model folder or a .safetensors file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// A file that is larger than its kind ever is; it was not read.
    #[error("{} is {size} bytes, more than the {cap} that such a file may have; it is probably not what its name says", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The most that would have been read.
        cap: u64,
    },
    /// A file or folder of another model family or format.
    #[error("{} is {family}; {}", path.display(), family.advice())]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// What it was recognised as.
        family: Family,
    },
    /// A safetensors file whose header is damaged or hostile.
    #[error("{} is not a sound safetensors file: {problem}; download it again", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: HeaderProblem,
    },
    /// An index of shards that cannot be used.
    #[error("{}: {problem}; download the file again", path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// An index or a link that leads out of the checkpoint's folder.
    #[error("{} leads to {target:?}, outside the model's folder; this was refused, since a downloaded model must not reach for other files", path.display())]
    PathEscapes {
        /// The index file or the link.
        path: PathBuf,
        /// Where it leads.
        target: String,
    },
    /// A shard that the index or the numbering asks for is not there.
    #[error("{} is missing ({asked_by} asks for it); complete the download", path.display())]
    ShardMissing {
        /// The absent shard.
        path: PathBuf,
        /// The index, or the shard whose number implies it.
        asked_by: String,
    },
    /// A tensor is not in the shard that the index names.
    #[error("tensor {tensor:?} should be in {} but {}; the shards may be swapped or from different downloads, so download them again",
        path.display(), elsewhere(found.as_deref()))]
    ShardSwapped {
        /// The tensor.
        tensor: String,
        /// The shard that the index names.
        path: PathBuf,
        /// The shard in which the tensor was found.
        found: Option<PathBuf>,
    },
    /// One tensor is stored twice.
    #[error("tensor {tensor:?} is stored twice: in {} and in {}; remove the file that does not belong there", first.display(), second.display())]
    StoredTwice {
        /// The tensor, by its model name.
        tensor: String,
        /// The first file.
        first: PathBuf,
        /// The second file; may be the same.
        second: PathBuf,
    },
    /// A configuration file with a missing, mistyped or absurd value.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The configuration file, or the weights file from whose shapes the configuration was derived.
        path: PathBuf,
        /// The field and what is wrong with it.
        problem: String,
    },
    /// One part of the model was not found.
    #[error("the {part} is missing: looked for {}; {}", listed(looked), missing_advice(*part))]
    PartMissing {
        /// The part.
        part: Missing,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The parts are from different models.
    #[error("the parts do not fit together: {0}; use parts of one model")]
    PartsDisagree(String),
    /// Tensors are missing, unexpected or misshapen.
    #[error("{0}")]
    Mismatch(Box<Report>),
    /// A tensor in a number format that is not supported.
    #[error("tensor {tensor:?} in {} is stored as {dtype}; use the bf16, f16 or f32 export of the model", path.display())]
    UnsupportedDtype {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The format's name.
        dtype: String,
    },
    /// The file changed after it had been checked.
    #[error("{} changed after it was opened; open the model again", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// A tokenizer that is damaged or of another model.
    #[error("{}: {problem}", path.display())]
    Tokenizer {
        /// The tokenizer file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The device failed while weights were on their way.
    #[error("the device failed while tensor {tensor:?} was transferred: {reason}")]
    Device {
        /// The tensor in transit.
        tensor: String,
        /// The device's words.
        reason: String,
    },
    /// The caller asked to stop, between two tensors.
    #[error("stopped before the model was read")]
    Interrupted,
    /// Weights were asked for in a number format in which this program does not compute.
    #[error("weights can be loaded as f32, bf16 or f16, not as {0}")]
    LoadDtype(String),
}

impl CheckpointError {
    /// Wraps a system error with the file it happened to.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

impl From<FileError> for CheckpointError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooLarge { path, bytes, cap } => Self::TooLarge {
                path,
                size: bytes,
                cap,
            },
            FileError::NotAFile { path } => Self::NotAFile { path },
            FileError::Read { path, source } => Self::io("read", &path, source),
            FileError::Write { path, source } => Self::io("write", &path, source),
            FileError::NoHome => Self::io("find", Path::new("~"), io::ErrorKind::NotFound.into()),
        }
    }
}

/// What can be absent from a checkpoint as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// One of the three networks.
    Network(Part),
    /// The tokenizer.
    Tokenizer,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(part) => part.fmt(f),
            Self::Tokenizer => f.write_str("tokenizer"),
        }
    }
}

fn missing_advice(part: Missing) -> &'static str {
    match part {
        Missing::Network(Part::Transformer) => {
            "put z_image_turbo_bf16.safetensors, or the transformer folder, there"
        }
        Missing::Network(Part::TextEncoder) => {
            "put qwen_3_4b.safetensors, or the text_encoder folder, beside the transformer"
        }
        Missing::Network(Part::Vae) => {
            "put ae.safetensors, or the vae folder, beside the transformer"
        }
        Missing::Tokenizer => {
            "single-file weights carry none: copy tokenizer.json from the Hugging Face repository Tongyi-MAI/Z-Image-Turbo (folder tokenizer) beside them"
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let mut names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.dedup();
    names.join(", ")
}

fn elsewhere(found: Option<&Path>) -> String {
    match found {
        Some(path) => format!("is in {}", path.display()),
        None => "is in none of the shards".to_owned(),
    }
}
