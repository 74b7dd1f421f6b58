//! One safetensors file on disk: its checked header, and its bytes on demand.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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

    /// Whether the file is still the one that was checked.
    ///
    /// # Errors
    /// [`CheckpointError::Replaced`] when it was changed since.
    pub(super) fn check(&self) -> Result<(), CheckpointError> {
        let metadata = self.file.metadata();
        self.same(&metadata.map_err(|error| CheckpointError::io("read", self.path(), error))?)
    }

    /// Reads `buffer.len()` bytes at `offset`. Threads may do so at once.
    ///
    /// Reading, not mapping: a file that another program cuts short meanwhile is an error here, where touching its
    /// mapping would end this program; and its bytes are copied once, to where the device fetches them.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), CheckpointError> {
        read_exact_at(&self.file, offset, buffer)
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

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                offset += read as u64;
                buffer = &mut buffer[read..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_file_cut_short_while_it_is_read_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::with_suffix(".safetensors").unwrap();
        let header = br#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        let start = bytes.len() as u64;
        bytes.extend([7; 8]);
        std::fs::write(file.path(), &bytes).unwrap();
        let checked = TensorFile::open(file.path()).unwrap();
        let reader = checked.reopen().unwrap();
        let mut numbers = [0; 8];
        reader.read_at(start, &mut numbers).unwrap();
        assert_eq!(numbers, [7; 8]);

        std::fs::write(file.path(), &bytes[..bytes.len() - 4]).unwrap();
        let error = reader.read_at(start, &mut numbers).unwrap_err().to_string();
        assert!(error.contains(&*file.path().to_string_lossy()), "{error}");
        assert!(matches!(
            reader.check(),
            Err(CheckpointError::Replaced { .. })
        ));
    }
}
