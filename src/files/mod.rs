//! Files as the rest of the program meets them: read with a cap, written whole or not at all, kept in known places.
//!
//! - [`read`]: strangers' files, size-capped before a byte is parsed.
//! - [`write`]: old content or new content, never half of either, even after a power cut.
//! - [`places`]: the folders of settings, data, caches and pictures.
//! - [`log`]: what the program says of itself, in files of limited size.
//! - [`starts`]: whether the last runs of the window ended well.

pub mod log;
pub mod places;
pub mod read;
pub mod starts;
pub mod write;

pub use places::Places;
pub use read::read_capped;
pub use write::{free_name, put_aside, replace, replace_with, sweep_temporaries};

use std::path::PathBuf;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is larger than anything of its kind can be.
    #[error("{} holds {bytes} bytes, and at most {cap} are read; choose another file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        cap: u64,
    },
    /// A folder, a pipe or a device stands where a file is needed.
    #[error("{} is not a regular file; choose a file", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// The system refused to read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refused to write; the earlier content is untouched.
    #[error("cannot write {}: {source}; free some space or choose another folder", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Neither the environment nor the system says where personal files go.
    #[error(
        "the system names no home folder; set DANQING_HOME to a folder that Danqing may write to"
    )]
    NoHome,
}

impl FileError {
    /// Whether the file is simply absent.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}
