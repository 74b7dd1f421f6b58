//! The kernels: which file each lives in, how it is loaded, how it is launched.

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};

use cudarc::driver::sys as cu;

use super::compile::Source;
use super::error::driver;
use super::format::Format;
use super::{CudaError, libraries};

const PRELUDE: &str = include_str!("kernels/prelude.cuh");
const EIGHT_BIT: &str = include_str!("kernels/eight_bit.cuh");
const AMPERE: &str = include_str!("kernels/ampere.cuh");
const HOPPER: &str = include_str!("kernels/hopper.cuh");

/// A compilation unit of shared parts and one file of kernels.
macro_rules! source {
    ($name:literal, [$($part:ident),*]) => {
        Source {
            name: $name,
            parts: &[$($part,)* include_str!(concat!("kernels/", $name))],
        }
    };
}

/// Kernels for every chip since Ampere (compute capability 8.0).
pub const SOURCES: [Source; 6] = [
    source!("norm.cu", [PRELUDE]),
    source!("elementwise.cu", [PRELUDE]),
    source!("attention.cu", [PRELUDE, AMPERE]),
    source!("conv.cu", [PRELUDE, AMPERE]),
    source!("picture.cu", [PRELUDE]),
    source!("int8.cu", [PRELUDE, EIGHT_BIT]),
];

/// Kernels that need 8-bit floating point, which came with compute capability 8.9.
pub const FP8_SOURCES: [Source; 1] = [source!("fp8.cu", [PRELUDE, EIGHT_BIT])];

/// Kernels that need Hopper's own instructions (sm_90a).
pub const HOPPER_SOURCES: [Source; 2] = [
    source!("attention_hopper.cu", [PRELUDE, HOPPER]),
    source!("conv_hopper.cu", [PRELUDE, HOPPER]),
];

/// One entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each is documented where it is written, in kernels/*.cu"
)]
pub enum Kernel {
    RmsNorm,
    ResidualNorm,
    LayerNorm,
    QkNormRope,
    SiluMul,
    SoftmaxRows,
    Attention,
    AttentionHopper,
    Conv,
    ConvHopper,
    TapsFirst,
    GroupNormPartial,
    GroupNormAffine,
    GroupNormApply,
    UpsampleNearest,
    QuantiseRows(Format),
    QuantiseWideRows(Format),
    SiluMulQuantise(Format),
    Rescale(Format),
}

impl Format {
    /// The file of its kernels.
    const fn file(self) -> &'static str {
        match self {
            Self::E4m3 => "fp8.cu",
            Self::Int8 => "int8.cu",
        }
    }
}

impl Kernel {
    /// Source file, entry point, dynamic shared memory in bytes.
    const fn place(self) -> (&'static str, &'static CStr, u32) {
        match self {
            Self::RmsNorm => ("norm.cu", c"rms_norm", 0),
            Self::ResidualNorm => ("norm.cu", c"residual_norm", 0),
            Self::LayerNorm => ("norm.cu", c"layer_norm", 0),
            Self::QkNormRope => ("elementwise.cu", c"qk_norm_rope", 0),
            Self::SiluMul => ("elementwise.cu", c"silu_mul", 0),
            Self::SoftmaxRows => ("elementwise.cu", c"softmax_rows", 0),
            // Two tiles of 64 keys and two of values, 256 bytes a row.
            Self::Attention => ("attention.cu", c"attention", 4 * 64 * 256),
            // 128 queries, two tiles of 176 keys and two of values, 256 bytes a row, and room to align.
            Self::AttentionHopper => (
                "attention_hopper.cu",
                c"attention_hopper",
                (128 + 4 * 176) * 256 + 1024,
            ),
            // Four stages of 128 pixels and 128 output channels, 64 bytes a row.
            Self::Conv => ("conv.cu", c"conv", 4 * 256 * 64),
            // Four stages of 256 pixels and 128 output channels, 128 bytes a row, and room to align.
            Self::ConvHopper => (
                "conv_hopper.cu",
                c"conv_hopper",
                4 * (256 + 128) * 128 + 1024,
            ),
            Self::TapsFirst => ("picture.cu", c"taps_first", 0),
            Self::GroupNormPartial => ("picture.cu", c"group_norm_partial", 0),
            Self::GroupNormAffine => ("picture.cu", c"group_norm_affine", 0),
            Self::GroupNormApply => ("picture.cu", c"group_norm_apply", 0),
            Self::UpsampleNearest => ("picture.cu", c"upsample_nearest", 0),
            Self::QuantiseRows(format) => (format.file(), c"quantise_rows", 0),
            Self::QuantiseWideRows(format) => (format.file(), c"quantise_wide_rows", 0),
            Self::SiluMulQuantise(format) => (format.file(), c"silu_mul_quantise", 0),
            Self::Rescale(format) => (format.file(), c"rescale", 0),
        }
    }

    const ALL: [Self; 23] = [
        Self::RmsNorm,
        Self::ResidualNorm,
        Self::LayerNorm,
        Self::QkNormRope,
        Self::SiluMul,
        Self::SoftmaxRows,
        Self::Attention,
        Self::AttentionHopper,
        Self::Conv,
        Self::ConvHopper,
        Self::TapsFirst,
        Self::GroupNormPartial,
        Self::GroupNormAffine,
        Self::GroupNormApply,
        Self::UpsampleNearest,
        Self::QuantiseRows(Format::E4m3),
        Self::QuantiseWideRows(Format::E4m3),
        Self::SiluMulQuantise(Format::E4m3),
        Self::Rescale(Format::E4m3),
        Self::QuantiseRows(Format::Int8),
        Self::QuantiseWideRows(Format::Int8),
        Self::SiluMulQuantise(Format::Int8),
        Self::Rescale(Format::Int8),
    ];
}

/// All kernels, loaded into one device's context.
pub struct Kernels {
    functions: HashMap<Kernel, cu::CUfunction>,
    /// Compute capability 9.0: the chip has Hopper's own instructions.
    pub hopper: bool,
    capability: (u32, u32),
    /// Multiprocessors of the chip.
    pub multiprocessors: u32,
    /// What kernels are compiled for, as in `sm_90a`.
    pub architecture: String,
}

// SAFETY: function handles belong to the device's context, not to a thread; the driver is thread-safe.
unsafe impl Send for Kernels {}
// SAFETY: as above; nothing is changed after loading.
unsafe impl Sync for Kernels {}

impl Kernels {
    /// The kernels of a device, compiled and loaded at the first call. `None`, with the reason logged once, where that
    /// is not possible.
    pub fn of(device: u16) -> Option<&'static Self> {
        static LOADED: OnceLock<Mutex<HashMap<u16, Option<&'static Kernels>>>> = OnceLock::new();
        let loaded = LOADED.get_or_init(Mutex::default);
        let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
        *loaded
            .entry(device)
            .or_insert_with(|| match Self::load(device) {
                Ok(kernels) => Some(Box::leak(Box::new(kernels))),
                Err(error) => {
                    tracing::warn!("the fast path is off on cuda:{device}: {error}");
                    None
                }
            })
    }

    /// Compiles what the cache does not hold and loads everything, with the device's primary context current.
    fn load(device: u16) -> Result<Self, CudaError> {
        libraries().driver.as_ref().map_err(Clone::clone)?;
        let context = Context::enter(device)?;
        let (major, minor) = (
            context
                .attribute(cu::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            context
                .attribute(cu::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        );
        if major < 8 {
            return Err(CudaError::TooOld { major, minor });
        }
        let hopper = (major, minor) == (9, 0);
        let capability = (major as u32, minor as u32);
        let fp8 = capability >= Format::E4m3.since();
        let architecture = if major >= 9 {
            format!("sm_{major}{minor}a")
        } else {
            format!("sm_{major}{minor}")
        };
        let sources: Vec<&Source> = SOURCES
            .iter()
            .chain(FP8_SOURCES.iter().filter(|_| fp8))
            .chain(HOPPER_SOURCES.iter().filter(|_| hopper))
            .collect();
        let compiled: Vec<Result<Vec<u8>, CudaError>> = std::thread::scope(|scope| {
            let threads: Vec<_> = sources
                .iter()
                .map(|source| scope.spawn(|| source.machine_code(&architecture)))
                .collect();
            threads
                .into_iter()
                .zip(&sources)
                .map(|(thread, source)| {
                    thread.join().unwrap_or_else(|_| {
                        Err(CudaError::Compile {
                            kernel: source.name.to_owned(),
                            architecture: architecture.clone(),
                            log: "the compiler panicked".to_owned(),
                        })
                    })
                })
                .collect()
        });
        let mut functions = HashMap::new();
        for (source, code) in sources.iter().zip(compiled) {
            let code = code?;
            let mut module = std::ptr::null_mut();
            // SAFETY: the image is complete machine code and outlives the call, which copies it. The module is never
            // unloaded: its functions serve until the program ends.
            driver("cuModuleLoadData", unsafe {
                cu::cuModuleLoadData(&mut module, code.as_ptr().cast())
            })?;
            for kernel in Kernel::ALL {
                let (file, entry, shared) = kernel.place();
                if file == source.name {
                    functions.insert(kernel, function(module, entry, shared)?);
                }
            }
        }
        let multiprocessors = context
            .attribute(cu::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?
            as u32;
        Ok(Self {
            functions,
            hopper,
            capability,
            multiprocessors,
            architecture,
        })
    }

    /// Whether the chip multiplies numbers of this format.
    pub fn has_format(&self, format: Format) -> bool {
        self.capability >= format.since()
    }

    /// Enqueues a kernel on `stream`; dynamic shared memory is the kernel's own.
    ///
    /// # Safety
    /// `arguments` must point to one live value for each of the kernel's parameters, of its type and in its order, and
    /// device pointers among them must hold what the kernel's documentation says.
    ///
    /// # Errors
    /// [`CudaError::Launch`] if the driver refuses; failures while it runs surface at a later synchronisation.
    pub unsafe fn launch<const N: usize>(
        &self,
        kernel: Kernel,
        stream: cu::CUstream,
        grid: [u32; 3],
        threads: u32,
        arguments: [*mut c_void; N],
    ) -> Result<(), CudaError> {
        let (_, entry, shared) = kernel.place();
        let Some(&function) = self.functions.get(&kernel) else {
            return Err(CudaError::Driver {
                call: "cuLaunchKernel",
                code: format!("{entry:?} was not loaded for this chip"),
            });
        };
        // SAFETY: the function belongs to the current context; the caller vouches for the arguments.
        unsafe {
            start(
                (entry, function),
                stream,
                grid,
                (threads, shared),
                arguments,
            )
        }
    }
}

/// Enqueues a kernel with `shared` bytes of dynamic shared memory.
///
/// # Safety
/// The function must belong to the current context, and `arguments` be as [`Kernels::launch`] wants them.
///
/// # Errors
/// [`CudaError::Launch`] if the driver refuses; failures while it runs surface at a later synchronisation.
pub(super) unsafe fn start<const N: usize>(
    (entry, function): (&CStr, cu::CUfunction),
    stream: cu::CUstream,
    grid: [u32; 3],
    (threads, shared): (u32, u32),
    mut arguments: [*mut c_void; N],
) -> Result<(), CudaError> {
    let [x, y, z] = grid;
    let none = std::ptr::null_mut();
    // SAFETY: the caller vouches for the function and its arguments.
    let status = unsafe {
        cu::cuLaunchKernel(
            function,
            x,
            y,
            z,
            threads,
            1,
            1,
            shared,
            stream,
            arguments.as_mut_ptr(),
            none,
        )
    };
    status.result().map_err(|error| CudaError::Launch {
        kernel: entry.to_string_lossy().into_owned(),
        blocks: grid,
        code: format!("{error:?}"),
    })
}

fn function(module: cu::CUmodule, entry: &CStr, shared: u32) -> Result<cu::CUfunction, CudaError> {
    let mut function = std::ptr::null_mut();
    // SAFETY: the module was just loaded and the name is a C string.
    driver("cuModuleGetFunction", unsafe {
        cu::cuModuleGetFunction(&mut function, module, entry.as_ptr())
    })?;
    // A block gets more than 48 KiB only after asking for it.
    if shared > 48 << 10 {
        let attribute = cu::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        // SAFETY: the function is the one just found.
        driver("cuFuncSetAttribute", unsafe {
            cu::cuFuncSetAttribute(function, attribute, shared as i32)
        })?;
    }
    Ok(function)
}

/// The device's primary context, the one burn computes in, current in this thread until dropped.
pub(super) struct Context {
    device: cu::CUdevice,
}

impl Context {
    pub(super) fn enter(index: u16) -> Result<Self, CudaError> {
        let (mut device, mut context) = (0, std::ptr::null_mut());
        // SAFETY: initialising twice is harmless; the context stays retained, as its kernels stay loaded.
        unsafe {
            driver("cuInit", cu::cuInit(0))?;
            driver(
                "cuDeviceGet",
                cu::cuDeviceGet(&mut device, i32::from(index)),
            )?;
            driver(
                "cuDevicePrimaryCtxRetain",
                cu::cuDevicePrimaryCtxRetain(&mut context, device),
            )?;
            driver("cuCtxPushCurrent", cu::cuCtxPushCurrent_v2(context))?;
        }
        Ok(Self { device })
    }

    fn attribute(&self, attribute: cu::CUdevice_attribute) -> Result<i32, CudaError> {
        let mut value = 0;
        // SAFETY: the device is one the driver gave.
        driver("cuDeviceGetAttribute", unsafe {
            cu::cuDeviceGetAttribute(&mut value, attribute, self.device)
        })?;
        Ok(value)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut context = std::ptr::null_mut();
        // SAFETY: undoes the push of `enter`, made by this thread.
        let _ = unsafe { cu::cuCtxPopCurrent_v2(&mut context) };
    }
}

/// Pointers to local variables, as a launch takes them.
macro_rules! arguments {
    ($($value:expr),+ $(,)?) => {
        [$((&raw const $value).cast_mut().cast::<std::ffi::c_void>()),+]
    };
}
pub(super) use arguments;
