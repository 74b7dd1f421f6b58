//! Asks for each part of CUDA before burn does: burn's CUDA runtime panics where a library, the headers or the
//! driver are missing, on a thread of its own.

use super::DeviceError;
use crate::cuda;
use crate::model::Format;
use cudarc::{driver, nvrtc};
use std::{panic::catch_unwind, path::PathBuf, sync::OnceLock};

/// What this machine has of CUDA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaStatus {
    /// The driver's CUDA version, such as (13, 0).
    pub driver: Option<(u32, u32)>,
    /// Cards the driver knows.
    pub gpus: Vec<Gpu>,
    /// The folder with the CUDA headers, which kernels are compiled against.
    pub headers: Option<PathBuf>,
    /// Whether NVRTC, the run-time compiler, is there.
    pub nvrtc: bool,
    /// The first thing missing and how to get it; `None` when CUDA can be used.
    pub missing: Option<Missing>,
}

/// One card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Such as "NVIDIA H200".
    pub name: String,
    /// Compute capability, such as (9, 0).
    pub capability: (u32, u32),
    /// Memory in bytes.
    pub memory: u64,
}

impl Gpu {
    /// Whether the chip multiplies numbers of this format.
    pub fn multiplies(&self, format: Format) -> bool {
        self.capability >= format.since()
    }
}

/// Something CUDA needs that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What, as the start of a sentence.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl CudaStatus {
    /// The card numbered `index`, if everything needed to use it is here.
    ///
    /// # Errors
    /// [`DeviceError::Cuda`] with the first missing part, [`DeviceError::NoSuchGpu`] for a number too high.
    pub fn usable(&self, index: usize) -> Result<&Gpu, DeviceError> {
        if let Some(Missing { what, remedy }) = &self.missing {
            return Err(DeviceError::Cuda {
                missing: what.clone(),
                remedy: remedy.clone(),
            });
        }
        self.gpus.get(index).ok_or(DeviceError::NoSuchGpu {
            index,
            count: self.gpus.len(),
        })
    }
}

/// What this machine has of CUDA, asked once a run.
pub fn cuda_status() -> &'static CudaStatus {
    static STATUS: OnceLock<CudaStatus> = OnceLock::new();
    STATUS.get_or_init(|| {
        // cudarc panics where a library lacks a symbol it wants (a driver much older than its bindings).
        catch_unwind(probe).unwrap_or_else(|_| CudaStatus {
            driver: None,
            gpus: Vec::new(),
            headers: None,
            nvrtc: false,
            missing: Some(Missing {
                what: "the NVIDIA driver does not answer as expected".into(),
                remedy: "update it to version 525 or newer".into(),
            }),
        })
    })
}

fn probe() -> CudaStatus {
    // Loads what a toolkit or a Python wheel holds outside the system's own folders, so that it is found by name below.
    cuda::libraries();
    let mut status = CudaStatus {
        driver: None,
        gpus: Vec::new(),
        headers: headers(),
        nvrtc: false,
        missing: None,
    };
    let missing = |what: &str, remedy: &str| {
        Some(Missing {
            what: what.into(),
            remedy: remedy.into(),
        })
    };

    // SAFETY: both only try to open a shared library by its well-known names, and close it again.
    let (has_driver, has_nvrtc) = unsafe {
        (
            driver::sys::is_culib_present(),
            nvrtc::sys::is_culib_present(),
        )
    };
    status.nvrtc = has_nvrtc;
    if !has_driver {
        status.missing = missing(
            "no NVIDIA driver was found",
            "install one from nvidia.com if this machine has an NVIDIA card",
        );
        return status;
    }
    if let Err(error) = driver::result::init() {
        status.missing = missing(
            &format!("the NVIDIA driver does not start ({error})"),
            "check it with nvidia-smi",
        );
        return status;
    }
    status.driver = driver_version();
    status.gpus = gpus();
    status.missing = if status.gpus.is_empty() {
        missing("the NVIDIA driver sees no card", "check it with nvidia-smi")
    } else if !has_nvrtc {
        missing("the CUDA run-time compiler (NVRTC) was not found", TOOLKIT)
    } else if status.headers.is_none() {
        missing("the CUDA headers were not found", TOOLKIT)
    } else {
        None
    };
    status
}

const TOOLKIT: &str = "install the CUDA toolkit 12 or 13, or the Python packages nvidia-cuda-nvrtc, nvidia-cuda-runtime, \
                       nvidia-cuda-crt and nvidia-cublas (for example in a virtual environment that is active when Danqing \
                       starts), or set CUDA_PATH to the folder whose include folder holds cuda_fp16.h";

fn driver_version() -> Option<(u32, u32)> {
    let mut version = 0;
    // SAFETY: the pointer is to a live integer, which is all the call writes.
    unsafe { driver::sys::cuDriverGetVersion(&mut version) }
        .result()
        .ok()?;
    let version = u32::try_from(version).ok()?;
    Some((version / 1000, version % 1000 / 10))
}

fn gpus() -> Vec<Gpu> {
    use driver::sys::CUdevice_attribute::{
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR as MAJOR,
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR as MINOR,
    };
    let count = driver::result::device::get_count().unwrap_or(0);
    let gpu = |ordinal| {
        let device = driver::result::device::get(ordinal).ok()?;
        // SAFETY: `device` was just handed out by the driver.
        let (major, minor, memory) = unsafe {
            (
                driver::result::device::get_attribute(device, MAJOR).ok()?,
                driver::result::device::get_attribute(device, MINOR).ok()?,
                driver::result::device::total_mem(device).ok()?,
            )
        };
        Some(Gpu {
            name: driver::result::device::get_name(device).ok()?,
            capability: (u32::try_from(major).ok()?, u32::try_from(minor).ok()?),
            memory: memory as u64,
        })
    };
    (0..count).map_while(gpu).collect()
}

/// The folder burn compiles its kernels against, if it holds what they include.
fn headers() -> Option<PathBuf> {
    let folder = cubecl::cuda::install::cuda_path()?.join("include");
    folder.join("cuda_fp16.h").is_file().then_some(folder)
}

/// What card number `index` lacks for products in a format of 8 bits.
pub(super) fn missing_for(format: Format, gpu: &Gpu, index: usize) -> Option<String> {
    if !gpu.multiplies(format) {
        let ((major, minor), (least, part)) = (gpu.capability, format.since());
        let cards = match format {
            Format::E4m3 => "GeForce 40, H100",
            Format::Int8 => "GeForce 30, A100",
        };
        return Some(format!(
            "it needs compute capability {least}.{part} or newer ({cards}), this card has {major}.{minor}"
        ));
    }
    // As above, cudarc panics where a library is much older than its bindings.
    catch_unwind(|| cuda::eight_bit::check(u16::try_from(index).ok()?, format).err())
        .map(|refused| refused.map(|error| error.to_string()))
        .unwrap_or_else(|_| Some("cuBLASLt does not answer as expected; update it".into()))
}

/// All and free memory of a card in bytes. `None` unless the card can be used.
pub(super) fn memory(index: usize) -> Option<(u64, u64)> {
    cuda_status().usable(index).ok()?;
    catch_unwind(|| {
        let context = driver::CudaContext::new(index).ok()?;
        let (free, total) = context.mem_get_info().ok()?;
        Some((total as u64, free as u64))
    })
    .ok()
    .flatten()
}
