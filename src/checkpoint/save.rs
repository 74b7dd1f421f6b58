//! Networks and named tensors into safetensors files, atomically: a reader sees the old file or the new one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path as FilePath;

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::files::replace_with;

use super::error::CheckpointError;
use super::network::{Network, Path};
use super::tensor_file::TensorFile;

/// Writes `network` with the tensor names of the Hugging Face layout, as numbers of `dtype` (f32, bf16 or f16).
///
/// Tensors are fetched from the device one by one, so host memory holds one at a time. `metadata` goes into the
/// header's `__metadata__`.
///
/// # Errors
/// [`CheckpointError::Io`] when the file cannot be written (nothing is left behind), [`CheckpointError::Device`] when
/// a tensor cannot be fetched, [`CheckpointError::LoadDtype`] for another `dtype`.
pub fn save_module<N: Network>(
    network: &N,
    path: &FilePath,
    dtype: DType,
    metadata: &BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    if !matches!(dtype, DType::F32 | DType::BF16 | DType::F16) {
        return Err(CheckpointError::LoadDtype(format!("{dtype:?}")));
    }
    let mut layout = Layout {
        path: Path::default(),
        name: N::tensor_name,
        dtype,
        tensors: Vec::new(),
    };
    network.visit(&mut layout);
    write(path, metadata, layout.tensors, |out| {
        let mut fetcher = Fetcher {
            path: Path::default(),
            name: N::tensor_name,
            dtype,
            out,
            failed: None,
        };
        network.visit(&mut fetcher);
        fetcher.failed.map_or(Ok(()), Err)
    })
}

/// Writes named tensors (an optimiser's state) in their own number formats.
///
/// # Errors
/// [`CheckpointError::Io`] when the file cannot be written, [`CheckpointError::UnsupportedDtype`] for a format that
/// safetensors files do not have.
pub fn save_tensors(
    path: &FilePath,
    tensors: &BTreeMap<String, TensorData>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    let mut listed = Vec::with_capacity(tensors.len());
    for (name, data) in tensors {
        let dtype = stored_as(data.dtype()).ok_or_else(|| CheckpointError::UnsupportedDtype {
            path: path.to_path_buf(),
            tensor: name.clone(),
            dtype: format!("{:?}", data.dtype()),
        })?;
        listed.push((name.clone(), dtype, data.shape().to_vec()));
    }
    write(path, metadata, listed, |out| {
        let mut bytes = tensors.values().map(|data| data.bytes());
        bytes
            .try_for_each(|bytes| out.write_all(bytes))
            .map_err(|error| CheckpointError::io("write", path, error))
    })
}

/// The tensors of a file by name, and the header's `__metadata__`.
pub type NamedTensors = (BTreeMap<String, TensorData>, BTreeMap<String, String>);

/// Reads the tensors that [`save_tensors`] wrote, from a file of at most `cap` bytes.
///
/// # Errors
/// [`CheckpointError::TooLarge`] before a tensor is read, or whatever is wrong with the file.
pub fn load_tensors(path: &FilePath, cap: u64) -> Result<NamedTensors, CheckpointError> {
    let file = TensorFile::open(path)?;
    if file.size() > cap {
        return Err(CheckpointError::TooLarge {
            path: path.to_path_buf(),
            size: file.size(),
            cap,
        });
    }
    let reader = file.reopen()?;
    let mut tensors = BTreeMap::new();
    for (name, entry) in &file.header().tensors {
        let unsupported = || CheckpointError::UnsupportedDtype {
            path: path.to_path_buf(),
            tensor: name.clone(),
            dtype: entry.dtype.to_string(),
        };
        let dtype = read_as(entry.dtype).ok_or_else(unsupported)?;
        // The header was checked, so this is at most the file's size.
        let mut bytes = vec![0; (entry.range.end - entry.range.start) as usize];
        reader.read_at(entry.range.start, &mut bytes)?;
        let data = TensorData::try_from_bytes_vec(bytes, entry.shape.clone(), dtype)
            .map_err(|_| unsupported())?;
        tensors.insert(name.clone(), data);
    }
    Ok((tensors, file.header().metadata.clone()))
}

/// burn's number formats and those of the file format.
const FORMATS: [(DType, Dtype); 10] = [
    (DType::F64, Dtype::F64),
    (DType::F32, Dtype::F32),
    (DType::F16, Dtype::F16),
    (DType::BF16, Dtype::BF16),
    (DType::I64, Dtype::I64),
    (DType::I32, Dtype::I32),
    (DType::I16, Dtype::I16),
    (DType::I8, Dtype::I8),
    (DType::U32, Dtype::U32),
    (DType::U8, Dtype::U8),
];

fn stored_as(dtype: DType) -> Option<Dtype> {
    FORMATS
        .iter()
        .find(|(ours, _)| *ours == dtype)
        .map(|&(_, theirs)| theirs)
}

fn read_as(dtype: Dtype) -> Option<DType> {
    FORMATS
        .iter()
        .find(|(_, theirs)| *theirs == dtype)
        .map(|&(ours, _)| ours)
}

/// Writes the header for `tensors`, then what `write_data` writes; `path` keeps its old content unless all goes well.
fn write(
    path: &FilePath,
    metadata: &BTreeMap<String, String>,
    tensors: Vec<(String, Dtype, Vec<usize>)>,
    write_data: impl FnOnce(&mut dyn Write) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let header = header(metadata, tensors)
        .map_err(|error| CheckpointError::io("write", path, io::Error::other(error)))?;
    let mut failed = None;
    let written = replace_with(path, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        write_data(out).map_err(|error| io::Error::other(failed.insert(error).to_string()))
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(written?),
    }
}

/// The header's JSON, padded with spaces so that the data starts at a multiple of eight bytes.
fn header(
    metadata: &BTreeMap<String, String>,
    tensors: Vec<(String, Dtype, Vec<usize>)>,
) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let mut end = 0;
    let tensors = tensors.into_iter().map(|(name, dtype, shape)| {
        let start = end;
        end += shape.iter().product::<usize>() * dtype.bitsize() / 8;
        (
            name,
            TensorInfo {
                dtype,
                shape,
                data_offsets: (start, end),
            },
        )
    });
    let metadata = metadata
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let header = Metadata::new(Some(metadata), tensors.collect())?;
    // The metadata's own map has no order. A JSON value has: equal content makes equal files.
    let mut json = serde_json::to_value(&header)?.to_string().into_bytes();
    json.resize(json.len().next_multiple_of(8), b' ');
    Ok(json)
}

/// Lists a network's tensors in the order in which a visitor meets them.
struct Layout {
    path: Path,
    name: fn(&str) -> String,
    dtype: DType,
    tensors: Vec<(String, Dtype, Vec<usize>)>,
}

impl ModuleVisitor for Layout {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(dtype) = stored_as(self.dtype) {
            self.tensors.push((
                (self.name)(&self.path.joined()),
                dtype,
                param.lazy_shape().to_vec(),
            ));
        }
    }
}

/// Writes each tensor's bytes as it meets them; after the first failure it does nothing more.
struct Fetcher<'a> {
    path: Path,
    name: fn(&str) -> String,
    dtype: DType,
    out: &'a mut dyn Write,
    failed: Option<CheckpointError>,
}

impl ModuleVisitor for Fetcher<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.failed.is_some() {
            return;
        }
        let tensor = (self.name)(&self.path.joined());
        let written = match param.val().cast(self.dtype).try_into_data() {
            Ok(data) => self
                .out
                .write_all(data.bytes())
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        self.failed = written
            .err()
            .map(|reason| CheckpointError::Device { tensor, reason });
    }
}
