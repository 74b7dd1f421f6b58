//! Tensors of a checked set as numbers in the host's memory, on demand or one ahead of it.

use std::thread;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::cast;
use super::error::CheckpointError;
use super::network::Path;
use super::tensor_file::{TensorFile, TensorReader};
use super::tensor_set::{Stored, TensorSet};

/// The files of a set, open, and the format in which their tensors are wanted.
pub(super) struct Source<'a> {
    set: &'a TensorSet,
    readers: Vec<TensorReader<'a>>,
    dtype: DType,
}

impl<'a> Source<'a> {
    pub(super) fn open(set: &'a TensorSet, dtype: DType) -> Result<Self, CheckpointError> {
        let readers = set.files().iter().map(TensorFile::reopen);
        Ok(Self {
            set,
            readers: readers.collect::<Result<_, _>>()?,
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
        let bytes = reader.map(&stored.range)?;
        cast::to_data(&bytes, stored.dtype, self.dtype, shape).ok_or_else(|| {
            CheckpointError::UnsupportedDtype {
                path: reader.path().to_path_buf(),
                tensor: stored.name.clone(),
                dtype: stored.dtype.to_string(),
            }
        })
    }
}

/// A tensor that was read, under its name.
type Read = (String, Result<TensorData, CheckpointError>);

/// Tensors of a module in the order in which it is mapped, each read while the one before is on its way to the device.
pub(super) struct Ahead(Receiver<Read>);

impl Ahead {
    /// Begins reading `tensors` (names and shapes) on a thread of `scope`. `None` if there is no thread to be had; the
    /// thread ends with the last tensor, or when this is dropped.
    pub(super) fn begin<'scope>(
        scope: &'scope thread::Scope<'scope, '_>,
        source: &'scope Source<'_>,
        tensors: Vec<(String, Vec<usize>)>,
    ) -> Option<Self> {
        // The tensor that waits in the channel, and the one being read, are all that is held.
        let (send, receive): (Sender<Read>, _) = bounded(1);
        let read_all = move || {
            for (name, shape) in tensors {
                let data = source.read(&name, &shape);
                if send.send((name, data)).is_err() {
                    break;
                }
            }
        };
        let reading = thread::Builder::new().name("reading weights".into());
        reading.spawn_scoped(scope, read_all).ok()?;
        Some(Self(receive))
    }

    /// The next tensor, if it is the one called `name`.
    pub(super) fn next(&self, name: &str) -> Option<Result<TensorData, CheckpointError>> {
        let (read, data) = self.0.recv().ok()?;
        (read == name).then_some(data)
    }
}

/// Names and shapes of a module's parameters, in the order in which it is visited and mapped.
pub(super) fn in_order<M: Module>(
    module: &M,
    path: &Path,
    name: fn(&str) -> String,
) -> Vec<(String, Vec<usize>)> {
    let mut collector = Collector {
        path: path.clone(),
        name,
        found: Vec::new(),
    };
    module.visit(&mut collector);
    collector.found
}

struct Collector {
    path: Path,
    name: fn(&str) -> String,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = (self.name)(&self.path.joined());
        // `lazy_shape`: asking the tensor itself would draw and allocate it.
        self.found.push((name, param.lazy_shape().to_vec()));
    }
}
