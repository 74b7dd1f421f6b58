//! One safetensors file on disk: its checked header, and windows onto its bytes.

use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memmap2::{Mmap, MmapOptions};

use super::error::CheckpointError;
use super::family::Family;
use super::header::Header;

/// A safetensors file whose header was read and found sound. The file is not kept open: a model in use must not
/// stop anybody from deleting or replacing it.
#[derive(Debug, Clone)]
pub struct TensorFile {
    path: PathBuf,
    stamp: Stamp,
    header: Header,
}

/// Size and time of the last change: what tells that a file is still the one that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        // Some file systems keep no times; the length is compared in any case.
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

impl TensorFile {
    /// Reads and checks the header. No tensor is read.
    ///
    /// # Errors
    /// [`CheckpointError::NotFound`], [`CheckpointError::NotAFile`], [`CheckpointError::Foreign`] for another format
    /// by its first bytes, [`CheckpointError::Header`] for damage.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let (mut file, metadata) = open_regular(path)?;
        let mut start = Vec::with_capacity(16);
        (&mut file)
            .take(16)
            .read_to_end(&mut start)
            .map_err(|error| CheckpointError::io("read", path, error))?;
        if let Some(family) = Family::by_content(path, &start) {
            return Err(CheckpointError::Foreign {
                path: path.to_path_buf(),
                family,
            });
        }
        file.seek(SeekFrom::Start(0))
            .map_err(|error| CheckpointError::io("read", path, error))?;
        let header =
            Header::read(&mut file, metadata.len()).map_err(|problem| CheckpointError::Header {
                path: path.to_path_buf(),
                problem,
            })?;
        Ok(Self {
            path: path.to_path_buf(),
            stamp: Stamp::of(&metadata),
            header,
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.stamp.len
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Opens the file for reading tensors, if it is still the file whose header was checked.
    ///
    /// # Errors
    /// [`CheckpointError::Replaced`] when size or time differ.
    pub fn reopen(&self) -> Result<TensorReader<'_>, CheckpointError> {
        let (file, metadata) = open_regular(&self.path)?;
        let reader = TensorReader {
            file,
            checked: self,
        };
        reader.same(&metadata)?;
        Ok(reader)
    }
}

/// An open [`TensorFile`].
#[derive(Debug)]
pub struct TensorReader<'a> {
    file: File,
    checked: &'a TensorFile,
}

impl TensorReader<'_> {
    /// Where the file lies.
    pub fn path(&self) -> &Path {
        self.checked.path()
    }

    /// Maps one range of the file (one tensor, or some rows of one) into memory.
    ///
    /// Each tensor has its own short-lived mapping, so that pages already uploaded do not count against the program,
    /// and so that the file's size and time are compared right before its bytes are used. A file that is cut short
    /// by another program during those milliseconds still ends this one (SIGBUS), which no mapping can prevent.
    ///
    /// # Errors
    /// [`CheckpointError::Replaced`] when the file was changed since its header was checked.
    pub fn map(&self, range: &Range<u64>) -> Result<Mmap, CheckpointError> {
        let path = self.checked.path();
        let metadata = self
            .file
            .metadata()
            .map_err(|error| CheckpointError::io("read", path, error))?;
        self.same(&metadata)?;
        let len = usize::try_from(range.end - range.start)
            .map_err(|error| CheckpointError::io("map", path, std::io::Error::other(error)))?;
        // SAFETY: the mapping is read-only and its range was checked against the file's length, which was compared
        // again just now. That nobody writes to the file while it is mapped cannot be enforced; the bytes are only
        // ever read as numbers, for which every bit pattern is valid.
        let mapping = unsafe {
            MmapOptions::new()
                .offset(range.start)
                .len(len)
                .map(&self.file)
        };
        mapping.map_err(|error| CheckpointError::io("map", path, error))
    }

    /// Reads `buffer.len()` bytes at `offset`.
    pub(super) fn read_at(
        &mut self,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), CheckpointError> {
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(buffer))
            .map_err(|error| CheckpointError::io("read", self.checked.path(), error))
    }

    /// The whole file, from its start.
    pub(super) fn into_read(self) -> impl Read {
        self.file
    }

    fn same(&self, metadata: &Metadata) -> Result<(), CheckpointError> {
        if Stamp::of(metadata) == self.checked.stamp {
            Ok(())
        } else {
            Err(CheckpointError::Replaced {
                path: self.checked.path.clone(),
            })
        }
    }
}

/// Opens a file, but neither a folder nor a device nor a pipe, whose opening or reading could last forever.
fn open_regular(path: &Path) -> Result<(File, Metadata), CheckpointError> {
    let named =
        std::fs::metadata(path).map_err(|error| CheckpointError::io("open", path, error))?;
    if !named.is_file() {
        return Err(CheckpointError::NotAFile {
            path: path.to_path_buf(),
        });
    }
    let file = File::open(path).map_err(|error| CheckpointError::io("open", path, error))?;
    let metadata = file
        .metadata()
        .map_err(|error| CheckpointError::io("open", path, error))?;
    Ok((file, metadata))
}
