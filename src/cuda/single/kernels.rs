//! The kernels of the f32 ops: compiled and loaded when the first of them is launched, apart from those of the bfloat16
//! path, so that painting with a bfloat16 model never waits for them.

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};

use cudarc::driver::sys as cu;

use crate::cuda::CudaError;
use crate::cuda::compile::Source;
use crate::cuda::error::driver;
use crate::cuda::kernels::start;
use crate::cuda::stream::Work;

const PRELUDE: &str = include_str!("../kernels/prelude.cuh");

/// Kernels of the f32 ops, for every chip since Ampere.
pub const SINGLE_SOURCES: [Source; 4] = [
    Source {
        name: "single_rows.cu",
        parts: &[PRELUDE, include_str!("../kernels/single_rows.cu")],
    },
    Source {
        name: "single_attention.cu",
        parts: &[PRELUDE, include_str!("../kernels/single_attention.cu")],
    },
    Source {
        name: "single_picture.cu",
        parts: &[PRELUDE, include_str!("../kernels/single_picture.cu")],
    },
    Source {
        name: "single_training.cu",
        parts: &[PRELUDE, include_str!("../kernels/single_training.cu")],
    },
];

/// Entry points and the file each lives in, documented where they are written.
const ENTRIES: [(&str, &[&CStr]); 4] = [
    (
        "single_rows.cu",
        &[
            c"row_norm",
            c"row_norm_backward_narrow",
            c"row_norm_backward_wide",
            c"item_factor_backward",
            c"column_sum",
            c"add_columns",
            c"silu_mul",
            c"silu_mul_backward",
        ],
    ),
    (
        "single_attention.cu",
        &[
            c"norm_rope_split",
            c"norm_rope_split_backward",
            c"softmax",
            c"softmax_backward",
            c"swap_middle",
        ],
    ),
    (
        "single_picture.cu",
        &[
            c"im2col",
            c"col2im",
            c"add_planes",
            c"plane_sum",
            c"group_sums",
            c"group_statistics",
            c"group_apply",
            c"group_backward_sums",
            c"group_backward_means",
            c"group_backward_apply",
            c"upsample",
            c"upsample_backward",
        ],
    ),
    (
        "single_training.cu",
        &[
            c"gather_rows",
            c"one_hot",
            c"strip_sum",
            c"fill_from",
            c"squares_of_many",
            c"clip_scale",
            c"adamw",
            c"average",
            c"muon_gather",
            c"muon_normalise",
            c"muon_mix",
            c"muon_spread",
        ],
    ),
];

/// One device's functions by entry point.
type Functions = HashMap<&'static CStr, Function>;

struct Function(cu::CUfunction);

// SAFETY: function handles belong to the device's context, not to a thread; the driver is thread-safe.
unsafe impl Send for Function {}

/// Enqueues kernel `entry` on the stream of `work`.
///
/// # Safety
/// `arguments` must point to one live value for each of the kernel's parameters, of its type and in its order, and
/// device pointers among them must hold what the kernel's documentation says.
///
/// # Errors
/// [`CudaError`] if the kernels cannot be compiled or loaded, or the launch is refused.
pub unsafe fn launch<const N: usize>(
    work: &Work<'_>,
    entry: &'static CStr,
    grid: [u32; 3],
    threads: u32,
    arguments: [*mut c_void; N],
) -> Result<(), CudaError> {
    static LOADED: OnceLock<Mutex<HashMap<u16, Functions>>> = OnceLock::new();
    if grid.contains(&0) {
        return Ok(());
    }
    let mut loaded = LOADED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let functions = match loaded.entry(work.device) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(load(&work.kernels.architecture)?)
        }
    };
    let Some(Function(function)) = functions.get(entry) else {
        return Err(CudaError::Driver {
            call: "cuLaunchKernel",
            code: format!("{entry:?} was not loaded"),
        });
    };
    // SAFETY: the function belongs to the current context; the caller vouches for the arguments.
    unsafe {
        start(
            (entry, *function),
            work.stream,
            grid,
            (threads, 0),
            arguments,
        )
    }
}

/// Compiles what the cache does not hold and loads all, in the current context.
fn load(architecture: &str) -> Result<Functions, CudaError> {
    let compiled: Vec<Result<Vec<u8>, CudaError>> = std::thread::scope(|scope| {
        let threads =
            SINGLE_SOURCES.map(|source| scope.spawn(move || source.machine_code(architecture)));
        let finished = threads.map(|thread| {
            thread.join().unwrap_or_else(|_| {
                Err(CudaError::Compile {
                    kernel: "the f32 kernels".to_owned(),
                    architecture: architecture.to_owned(),
                    log: "the compiler panicked".to_owned(),
                })
            })
        });
        finished.into()
    });
    let mut functions = HashMap::new();
    for ((_, entries), code) in ENTRIES.iter().zip(compiled) {
        let code = code?;
        let mut module = std::ptr::null_mut();
        // SAFETY: the image is complete machine code and outlives the call, which copies it. The module is never
        // unloaded: its functions serve until the program ends.
        driver("cuModuleLoadData", unsafe {
            cu::cuModuleLoadData(&mut module, code.as_ptr().cast())
        })?;
        for &entry in *entries {
            let mut function = std::ptr::null_mut();
            // SAFETY: the module was just loaded and the name is a C string.
            driver("cuModuleGetFunction", unsafe {
                cu::cuModuleGetFunction(&mut function, module, entry.as_ptr())
            })?;
            functions.insert(entry, Function(function));
        }
    }
    Ok(functions)
}
