//! A checked set of tensors into a network, one tensor at a time.

use std::ops::ControlFlow;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::error::CheckpointError;
use super::network::{Network, Path};
use super::room::is_host;
use super::source::Source;
use super::tensor_set::TensorSet;

/// Bytes that may be on their way to the device before the loader waits. Without this wait, a device that takes
/// uploads in the background would let the whole model pile up in host memory.
const IN_FLIGHT_BYTES: u64 = 256 << 20;

/// Called with the bytes done and the bytes in all, as stored in the files, after each tensor; answers whether to go on.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Fills `network`, whose parameters must not have been used yet, with the tensors of `set` as numbers of `dtype`.
///
/// Host memory holds one tensor, and for a device with memory of its own what is on its way there: the device fetches a
/// tensor while the next one is read.
///
/// # Errors
/// [`CheckpointError::Replaced`] when a file changed since it was checked, [`CheckpointError::Device`] when an upload
/// fails, [`CheckpointError::Interrupted`] when `progress` says so. The network is dropped then, and with it what was
/// uploaded.
pub fn fill<N: Network>(
    network: N,
    set: &TensorSet,
    device: &Device,
    dtype: DType,
    progress: Progress<'_>,
) -> Result<N, CheckpointError> {
    let here = (Path::default(), N::tensor_name as fn(&str) -> String);
    fill_at(network, here, set, device, dtype, progress)
}

/// [`fill`] for a module that is a network's part: at a path in it, with the network's names.
pub(super) fn fill_at<M: Module>(
    module: M,
    (path, name): (Path, fn(&str) -> String),
    set: &TensorSet,
    device: &Device,
    dtype: DType,
    progress: Progress<'_>,
) -> Result<M, CheckpointError> {
    if !matches!(dtype, DType::F32 | DType::BF16 | DType::F16) {
        return Err(CheckpointError::LoadDtype(format!("{dtype:?}")));
    }
    let source = Source::open(set, device, dtype)?;
    let mut filler = Filler {
        source: &source,
        device,
        dtype,
        path,
        name,
        progress,
        done: 0,
        total: set.bytes(),
        in_flight: 0,
        latest: String::new(),
        failed: None,
    };
    filler.failed = filler.report(0).err();
    let module = module.map(&mut filler);
    match filler.failed {
        Some(error) => Err(error),
        None => {
            sync(device, &filler.latest)?;
            // Tensors of the set that the network has no use for count as done.
            filler.report(filler.total)?;
            Ok(module)
        }
    }
}

/// Replaces each parameter of a network by its tensor. After the first failure it leaves the rest as they are.
struct Filler<'a> {
    source: &'a Source<'a>,
    device: &'a Device,
    dtype: DType,
    path: Path,
    name: fn(&str) -> String,
    progress: Progress<'a>,
    done: u64,
    total: u64,
    in_flight: u64,
    /// The tensor sent last, to be named when the device fails.
    latest: String,
    failed: Option<CheckpointError>,
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.failed.is_some() {
            return param;
        }
        let name = (self.name)(&self.path.joined());
        match self.source.read(&name, &param.lazy_shape()) {
            Ok(data) => {
                let tensor = upload(data, self.device, self.dtype);
                let id = param.id;
                let filled = param.transform_for_load(tensor, id);
                self.failed = self.count(&name).err();
                filled
            }
            Err(error) => {
                self.failed = Some(error);
                param
            }
        }
    }
}

impl Filler<'_> {
    /// Reports progress, and waits for the device when enough is on its way.
    fn count(&mut self, name: &str) -> Result<(), CheckpointError> {
        let bytes = self.source.bytes(name);
        self.in_flight += bytes;
        if self.in_flight >= IN_FLIGHT_BYTES {
            sync(self.device, name)?;
            self.in_flight = 0;
        }
        name.clone_into(&mut self.latest);
        self.done += bytes;
        self.report(self.done)
    }

    fn report(&mut self, done: u64) -> Result<(), CheckpointError> {
        match (self.progress)(done, self.total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(CheckpointError::Interrupted),
        }
    }
}

/// Puts a weight on the device, in memory that its allocator sets aside for tensors that stay. To a device with memory of
/// its own it travels flat: rows of other than multiples of 512 bytes, as convolutions have, would be copied to CUDA
/// devices one by one.
fn upload<const D: usize>(data: TensorData, device: &Device, dtype: DType) -> Tensor<D> {
    if is_host(device) {
        return Tensor::from_data(data, (device, dtype));
    }
    let (bytes, shape, stored) = data.into_parts();
    let flat = TensorData::from_bytes(bytes, [shape.num_elements()], stored);
    device.memory_persistent_allocations(flat, |flat| {
        Tensor::<1>::from_data(flat, (device, dtype)).reshape(shape.clone())
    })
}

fn sync(device: &Device, name: &str) -> Result<(), CheckpointError> {
    device.sync().map_err(|error| CheckpointError::Device {
        tensor: name.to_owned(),
        reason: error.to_string(),
    })
}
