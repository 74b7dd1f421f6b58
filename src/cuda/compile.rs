//! CUDA C++ to machine code by NVRTC, kept in the user's cache.
//!
//! A cache entry is named by a hash of the source, the architecture and NVRTC's version, so nothing stale is ever
//! loaded; machine code does not depend on the driver. Entries are read with a cap and written atomically.

use std::ffi::{CString, c_char};
use std::path::PathBuf;

use cubecl_environment::config::RuntimeConfig as _;
use cubecl_environment::persistence::CacheConfig;
use cubecl_runtime::config::CubeClRuntimeConfig;
use cudarc::nvrtc::sys;
use sha2::{Digest, Sha256};

use super::{CudaError, libraries};
use crate::files::{self, Places};

/// More than any of the kernels comes to.
const MOST_BYTES: u64 = 8 << 20;

/// Has burn keep the kernels it generates and its tuning in the person's cache, by the program's version; without this it
/// compiles them again at every start, and writes its tuning into whatever Rust project it is started in. To be called
/// before a device is used; later it does nothing.
pub fn keep_burns_kernels() {
    let Ok(places) = Places::find() else {
        return;
    };
    let mut config = CubeClRuntimeConfig::default();
    config.compilation.cache = true;
    config.environment.name = concat!("danqing-", env!("CARGO_PKG_VERSION")).to_owned();
    config.environment.path = CacheConfig::Directory(places.cache.join("kernels"));
    CubeClRuntimeConfig::try_set(config);
}

/// One compilation unit: files joined in order, as NVRTC has no include path to find the shared ones by.
#[derive(Debug)]
pub struct Source {
    /// The file that holds the kernels.
    pub name: &'static str,
    /// Text of the shared files, then of that one.
    pub parts: &'static [&'static str],
}

impl Source {
    /// The whole text.
    pub fn text(&self) -> String {
        self.parts.concat()
    }

    /// Machine code for `architecture` (`sm_86`, `sm_90a`…), from the cache or from NVRTC.
    ///
    /// # Errors
    /// [`CudaError::Missing`] if NVRTC is needed and absent, [`CudaError::Compile`].
    pub fn machine_code(&self, architecture: &str) -> Result<Vec<u8>, CudaError> {
        let text = self.text();
        let kept = cache_file(&text, architecture);
        if let Some(kept) = &kept
            && let Ok(code) = files::read_capped(kept, MOST_BYTES)
            && code.starts_with(b"\x7fELF")
        {
            return Ok(code);
        }
        let code = self.compile(architecture)?;
        if let Some(kept) = kept
            && let Err(error) = files::replace(&kept, &code)
        {
            tracing::warn!("{error}; kernels will be compiled again at the next start");
        }
        Ok(code)
    }

    /// Machine code for `architecture`, always from NVRTC. Needs no device.
    ///
    /// # Errors
    /// [`CudaError::Missing`] without NVRTC, [`CudaError::Compile`].
    pub fn compile(&self, architecture: &str) -> Result<Vec<u8>, CudaError> {
        libraries().nvrtc.as_ref().map_err(Clone::clone)?;
        let failure = |log: String| CudaError::Compile {
            kernel: self.name.to_owned(),
            architecture: architecture.to_owned(),
            log,
        };
        let c_string =
            |text: String| CString::new(text).map_err(|error| failure(error.to_string()));
        let (text, name) = (c_string(self.text())?, c_string(self.name.to_owned())?);
        let options = [
            c_string(format!("--gpu-architecture={architecture}"))?,
            c_string("--std=c++17".to_owned())?,
        ];
        let options = options.each_ref().map(|option| option.as_ptr());
        let mut program = std::ptr::null_mut();
        // SAFETY: all pointers come from live C strings; the program is destroyed on every path below.
        unsafe {
            let none = std::ptr::null();
            sys::nvrtcCreateProgram(&mut program, text.as_ptr(), name.as_ptr(), 0, none, none)
                .result()
                .map_err(|error| failure(format!("{error:?}")))?;
            let compiled =
                sys::nvrtcCompileProgram(program, options.len() as i32, options.as_ptr())
                    .result()
                    .map_err(|_| failure(log(program)))
                    .and_then(|()| {
                        machine_code(program).map_err(|error| failure(format!("{error:?}")))
                    });
            let _ = sys::nvrtcDestroyProgram(&mut program);
            compiled
        }
    }
}

/// # Safety
/// `program` must be alive and compiled.
unsafe fn machine_code(
    program: sys::nvrtcProgram,
) -> Result<Vec<u8>, cudarc::nvrtc::result::NvrtcError> {
    let mut bytes = 0;
    // SAFETY: the caller keeps the program alive; the buffer is as large as NVRTC says.
    unsafe {
        sys::nvrtcGetCUBINSize(program, &mut bytes).result()?;
        let mut code = vec![0u8; bytes];
        sys::nvrtcGetCUBIN(program, code.as_mut_ptr().cast::<c_char>()).result()?;
        Ok(code)
    }
}

/// # Safety
/// `program` must be alive.
unsafe fn log(program: sys::nvrtcProgram) -> String {
    let mut bytes = 0;
    // SAFETY: the caller keeps the program alive; the buffer is as large as NVRTC says.
    unsafe {
        if sys::nvrtcGetProgramLogSize(program, &mut bytes)
            .result()
            .is_err()
        {
            return "no log".to_owned();
        }
        let mut text = vec![0u8; bytes];
        if sys::nvrtcGetProgramLog(program, text.as_mut_ptr().cast::<c_char>())
            .result()
            .is_err()
        {
            return "no log".to_owned();
        }
        String::from_utf8_lossy(&text)
            .trim_end_matches(['\0', '\n'])
            .to_owned()
    }
}

/// `None` where the person has no folder for caches.
fn cache_file(text: &str, architecture: &str) -> Option<PathBuf> {
    let places = Places::find().ok()?;
    let mut hash = Sha256::new();
    hash.update(text);
    hash.update(architecture);
    hash.update(nvrtc_version().to_le_bytes());
    let name: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(places.cache.join("kernels").join(format!("{name}.cubin")))
}

/// 0 without NVRTC: code that an earlier start compiled without a version is never taken for it.
fn nvrtc_version() -> i32 {
    if libraries().nvrtc.is_err() {
        return 0;
    }
    let (mut major, mut minor) = (0, 0);
    // SAFETY: NVRTC is loaded; both pointers are to live integers.
    let status = unsafe { sys::nvrtcVersion(&mut major, &mut minor) };
    if status.result().is_err() {
        return 0;
    }
    major * 1000 + minor
}
