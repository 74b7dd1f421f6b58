//! Finds the driver, NVRTC and cuBLASLt at run time, where the system's loader, a toolkit or a Python wheel put them.
//!
//! cudarc, which burn uses as well, asks the loader for a library by its bare name. A library that was loaded by its
//! full path before answers to that name too, so loading it here is all it takes.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::CudaError;

/// Names a folder to look into first.
pub const FOLDER_VARIABLE: &str = "DANQING_CUDA_LIBRARIES";

/// Names NVRTC's file, whose folder is looked into next.
pub const NVRTC_VARIABLE: &str = "DANQING_NVRTC";

/// Where a library was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The system's loader knows it by name.
    System,
    /// In this file.
    File(PathBuf),
}

/// What of CUDA is there.
#[derive(Debug)]
pub struct Libraries {
    /// The driver: without it there is no CUDA device.
    pub driver: Result<Found, CudaError>,
    /// The kernel compiler: without it burn cannot compute on the device, unless its own cache holds every kernel.
    pub nvrtc: Result<Found, CudaError>,
    /// Matrix products at the chip's speed; without it burn's own are used.
    pub cublaslt: Result<Found, CudaError>,
}

/// Looks once; later calls give the same answer.
pub fn libraries() -> &'static Libraries {
    static LIBRARIES: OnceLock<Libraries> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        use cudarc::{cublaslt, driver, nvrtc};
        let folders = folders();
        Libraries {
            // SAFETY: these try to load a library and give it back; NVIDIA's initialisers have no preconditions.
            driver: find(
                "the CUDA driver",
                "nvidia-driver",
                &["libcuda.so", "nvcuda"],
                &[],
                || unsafe { driver::sys::is_culib_present() },
            ),
            // SAFETY: as above.
            nvrtc: find(
                "NVRTC",
                "nvidia-cuda-nvrtc",
                &["libnvrtc.so", "nvrtc64_"],
                &folders,
                || unsafe { nvrtc::sys::is_culib_present() },
            ),
            // SAFETY: as above.
            cublaslt: find(
                "cuBLASLt",
                "nvidia-cublas",
                &["libcublasLt.so", "cublasLt64_"],
                &folders,
                || unsafe { cublaslt::sys::is_culib_present() },
            ),
        }
    })
}

fn find(
    library: &'static str,
    package: &'static str,
    prefixes: &[&str],
    folders: &[PathBuf],
    known: impl Fn() -> bool,
) -> Result<Found, CudaError> {
    if known() {
        return Ok(Found::System);
    }
    let mut failure = CudaError::Missing { library, package };
    for file in folders.iter().flat_map(|folder| matching(folder, prefixes)) {
        // NVRTC asks for its built-in functions by a bare name, too.
        let folder = file.parent().unwrap_or(Path::new(""));
        for companion in matching(folder, &["libnvrtc-builtins.so", "nvrtc-builtins64_"]) {
            let _ = load(&companion);
        }
        match load(&file) {
            Ok(()) => {
                if known() {
                    return Ok(Found::File(file));
                }
            }
            Err(error) => {
                failure = CudaError::Unloadable {
                    path: file,
                    reason: error.to_string(),
                }
            }
        }
    }
    Err(failure)
}

/// Loads a library for good: every later look-up by its bare name ends at this copy.
fn load(file: &Path) -> Result<(), libloading::Error> {
    // SAFETY: the file is NVIDIA's library by its name and place; its initialisers have no preconditions.
    let loaded = unsafe { libloading::Library::new(file) }?;
    std::mem::forget(loaded);
    Ok(())
}

/// Files in `folder` that begin with one of `prefixes`, newest version first; the variants beside them (`.alt`) are not.
fn matching(folder: &Path, prefixes: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            prefixes.iter().any(|prefix| name.starts_with(prefix)) && !name.contains(".alt")
        })
        .collect();
    files.sort();
    files.reverse();
    files
}

/// Folders where toolkits and wheels keep their libraries, the named one first.
fn folders() -> Vec<PathBuf> {
    let named = env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    let beside =
        env::var_os(NVRTC_VARIABLE).and_then(|file| Some(Path::new(&file).parent()?.to_owned()));
    let mut folders: Vec<PathBuf> = named.into_iter().chain(beside).collect();
    let toolkits = ["CUDA_PATH", "CUDA_HOME"]
        .iter()
        .filter_map(env::var_os)
        .map(PathBuf::from)
        .chain(["/usr/local/cuda", "/opt/cuda"].map(PathBuf::from));
    for toolkit in toolkits {
        for place in [
            "lib64",
            "targets/x86_64-linux/lib",
            "targets/sbsa-linux/lib",
            "bin",
            "bin/x64",
        ] {
            folders.push(toolkit.join(place));
        }
    }
    for wheel in wheels(&["cu13", "cublas", "cuda_nvrtc"]) {
        folders.push(wheel.join("lib"));
        folders.push(wheel.join("bin"));
    }
    folders
}

/// Folders of NVIDIA's wheels, in Python's packages or unpacked into the program's own cache as packaging/test does.
fn wheels(names: &[&str]) -> Vec<PathBuf> {
    let own = crate::files::Places::find().map(|places| places.cache.join("nvrtc"));
    own.into_iter()
        .chain(python_packages())
        .flat_map(|packages| {
            names
                .iter()
                .map(move |name| packages.join("nvidia").join(name))
        })
        .collect()
}

/// The header by which a folder of CUDA headers is known; burn's kernels include it and others beside it.
const HEADER: &str = "include/cuda_fp16.h";

/// Names the CUDA headers of a Python wheel in `CUDA_PATH` if burn, which compiles its kernels against them, would find
/// none: it looks there and where toolkits are installed.
///
/// # Safety
/// No other thread may run yet.
pub unsafe fn adopt_headers() {
    let known = cubecl::cuda::install::cuda_path();
    if known.is_some_and(|folder| folder.join(HEADER).is_file()) {
        return;
    }
    let mut wheels = wheels(&["cu13", "cuda_runtime"]).into_iter();
    if let Some(folder) = wheels.find(|wheel| wheel.join(HEADER).is_file()) {
        // SAFETY: the caller vouches that nobody reads the environment meanwhile.
        unsafe { env::set_var("CUDA_PATH", folder) };
    }
}

/// `site-packages` of the active virtual environment, of the `python3` on the path, and of the user.
fn python_packages() -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> = env::var_os("VIRTUAL_ENV")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    if let Some(path) = env::var_os("PATH") {
        let interpreters = env::split_paths(&path).map(|folder| folder.join("python3"));
        let prefix = |python: PathBuf| python.parent()?.parent().map(Path::to_owned);
        prefixes.extend(
            interpreters
                .filter(|python| python.is_file())
                .filter_map(prefix),
        );
    }
    if let Some(user) = directories::BaseDirs::new() {
        prefixes.push(user.home_dir().join(".local"));
    }
    let mut packages = Vec::new();
    for prefix in prefixes {
        let Ok(versions) = std::fs::read_dir(prefix.join("lib")) else {
            continue;
        };
        for version in versions.flatten().map(|entry| entry.path()) {
            packages.push(version.join("site-packages"));
            packages.push(version.join("dist-packages"));
        }
    }
    packages
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_newest_plain_library_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "libnvrtc.so.12",
            "libnvrtc.so.13",
            "libnvrtc.alt.so.13",
            "libnvrtc-builtins.so.13.0",
            "other",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<String> = matching(folder.path(), &["libnvrtc.so"])
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["libnvrtc.so.13", "libnvrtc.so.12"]);
    }

    #[test]
    fn a_file_that_is_no_library_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("libabsent.so.1"), "not a library").unwrap();
        let found = find(
            "Absent",
            "absent",
            &["libabsent.so"],
            &[folder.path().to_owned()],
            || false,
        );
        assert!(found.unwrap_err().to_string().contains("libabsent.so.1"));
    }
}
