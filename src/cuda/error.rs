//! What can go wrong between here and the device.

use std::path::PathBuf;

/// Why the fast path cannot be used, or why a piece of its work failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CudaError {
    /// A library that is looked for at run time was found nowhere.
    #[error(
        "{library} was not found; install the CUDA toolkit, or the Python package {package}, or name the folder that \
         holds it in DANQING_CUDA_LIBRARIES"
    )]
    Missing {
        /// What the library is called.
        library: &'static str,
        /// The Python package that brings it.
        package: &'static str,
    },
    /// The driver refused a call.
    #[error(
        "the CUDA driver refused {call}: {code}; if it persists, restart the program or update the driver"
    )]
    Driver {
        /// The driver function.
        call: &'static str,
        /// Its answer.
        code: String,
    },
    /// The driver refused to start a kernel.
    #[error(
        "the CUDA driver refused to start the kernel {kernel} in {blocks:?} blocks: {code}; if it persists, restart the \
         program or update the driver"
    )]
    Launch {
        /// Its name.
        kernel: String,
        /// Blocks along each axis.
        blocks: [u32; 3],
        /// The driver's answer.
        code: String,
    },
    /// cuBLASLt refused a matrix product.
    #[error("cuBLASLt refused {what}: {code}")]
    Blas {
        /// The product or call.
        what: String,
        /// Its answer.
        code: String,
    },
    /// cuBLASLt has no algorithm for a number format on a card.
    #[error(
        "this version of cuBLASLt does not multiply {format} on this card ({code}); a newer one may"
    )]
    Unmultiplied {
        /// The format.
        format: &'static str,
        /// Its answer.
        code: String,
    },
    /// NVRTC did not compile a kernel.
    #[error("NVRTC cannot compile {kernel} for {architecture}: {log}")]
    Compile {
        /// The source file.
        kernel: String,
        /// The chip, as in `sm_90a`.
        architecture: String,
        /// What the compiler said.
        log: String,
    },
    /// The chip is older than the kernels' instructions.
    #[error("the fast path needs compute capability 8.0 or newer, this device has {major}.{minor}")]
    TooOld {
        /// Compute capability, first part.
        major: i32,
        /// Compute capability, second part.
        minor: i32,
    },
    /// A library was found but cannot be loaded.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Unloadable {
        /// The file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
}

/// Turns a driver status into a value.
pub(super) fn driver(
    call: &'static str,
    status: cudarc::driver::sys::CUresult,
) -> Result<(), CudaError> {
    status.result().map_err(|error| CudaError::Driver {
        call,
        code: format!("{error:?}"),
    })
}
