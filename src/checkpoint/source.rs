//! Tensors of a checked set as numbers in the host's memory, on demand.

use burn::tensor::{DType, Device, TensorData};

use super::cast;
use super::error::CheckpointError;
use super::room::room;
use super::tensor_file::{TensorFile, TensorReader};
use super::tensor_set::{Stored, TensorSet};

/// The files of a set, open, and for which device and in which format their tensors are wanted.
pub(super) struct Source<'a> {
    set: &'a TensorSet,
    readers: Vec<TensorReader<'a>>,
    device: &'a Device,
    dtype: DType,
}

impl<'a> Source<'a> {
    pub(super) fn open(
        set: &'a TensorSet,
        device: &'a Device,
        dtype: DType,
    ) -> Result<Self, CheckpointError> {
        let readers = set.files().iter().map(TensorFile::reopen);
        Ok(Self {
            set,
            readers: readers.collect::<Result<_, _>>()?,
            device,
            dtype,
        })
    }

    fn stored(&self, name: &str) -> Option<&Stored> {
        self.set.tensors().get(name)
    }

    /// Bytes of a tensor in its file; 0 if it is not there.
    pub(super) fn bytes(&self, name: &str) -> u64 {
        self.stored(name)
            .map_or(0, |stored| stored.range.end - stored.range.start)
    }

    pub(super) fn read(&self, name: &str, shape: &[usize]) -> Result<TensorData, CheckpointError> {
        let misplaced = || CheckpointError::Config {
            path: self
                .set
                .files()
                .first()
                .map(|file| file.path().to_path_buf())
                .unwrap_or_default(),
            problem: format!("tensor {name:?} with shape {shape:?} is not in it"),
        };
        let stored = self
            .stored(name)
            .filter(|stored| stored.shape == shape)
            .ok_or_else(misplaced)?;
        let reader = self.readers.get(stored.file).ok_or_else(misplaced)?;
        let mut bytes = room(self.device, self.dtype, shape.iter().product());
        let read = |offset, part: &mut [u8]| reader.read_at(stored.range.start + offset, part);
        let read = cast::fill(&mut bytes, self.dtype, stored.dtype, read);
        // Once the bytes are there: nobody changed the file until now, or else that is why they could not be read.
        reader.check()?;
        if read? {
            return Ok(TensorData::from_bytes(bytes, shape, self.dtype));
        }
        Err(CheckpointError::UnsupportedDtype {
            path: reader.path().to_path_buf(),
            tensor: stored.name.clone(),
            dtype: stored.dtype.to_string(),
        })
    }
}
