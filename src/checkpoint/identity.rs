//! Which model it was, for the metadata of a picture.

use std::io::Read;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::CheckpointError;
use super::load::Progress;
use super::tensor_file::TensorFile;
use super::tensor_set::TensorSet;

/// Places in each file from which [`quick`] takes a sample.
const SAMPLES: u64 = 16;
const SAMPLE_BYTES: u64 = 4096;

/// One file with the SHA-256 of all its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// Its name, without folders.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A SHA-256 over each file's header, size and sixteen evenly spaced samples of 4 KiB.
///
/// Headers and sizes alone would not tell a fine-tune from its parent. Takes milliseconds whatever the model's size;
/// it tells models apart but does not prove that a file is undamaged, which [`full`] does.
pub fn quick(sets: [&TensorSet; 3]) -> Result<String, CheckpointError> {
    let mut hash = Sha256::new();
    for file in sets.into_iter().flat_map(TensorSet::files) {
        hash.update(file.header().digest);
        hash.update(file.size().to_le_bytes());
        sample(file, &mut hash)?;
    }
    Ok(hex(&hash.finalize()))
}

fn sample(file: &TensorFile, hash: &mut Sha256) -> Result<(), CheckpointError> {
    let reader = file.reopen()?;
    let len = SAMPLE_BYTES.min(file.size());
    let mut buffer = vec![0; len as usize];
    for index in 0..SAMPLES {
        // The last sample ends where the file does.
        let offset = u128::from(file.size() - len) * u128::from(index) / u128::from(SAMPLES - 1);
        reader.read_at(offset as u64, &mut buffer)?;
        hash.update(&buffer);
    }
    Ok(())
}

/// SHA-256 of every file, as published beside models. Reads everything, which takes a minute or more for the
/// full-size model; `progress` is called with bytes done and bytes in all.
pub fn full(
    sets: [&TensorSet; 3],
    progress: Progress<'_>,
) -> Result<Vec<FileDigest>, CheckpointError> {
    let files: Vec<&TensorFile> = sets.into_iter().flat_map(TensorSet::files).collect();
    let total = files.iter().map(|file| file.size()).sum();
    let mut done = 0;
    let mut digests = Vec::with_capacity(files.len());
    for file in files {
        let mut reader = file.reopen()?.into_read();
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = reader
                .read(&mut buffer)
                .map_err(|error| CheckpointError::io("read", file.path(), error))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            done += read as u64;
            if progress(done, total).is_break() {
                return Err(CheckpointError::Interrupted);
            }
        }
        let name = file
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        digests.push(FileDigest {
            file: name,
            size: file.size(),
            sha256: hex(&hash.finalize()),
        });
    }
    Ok(digests)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
