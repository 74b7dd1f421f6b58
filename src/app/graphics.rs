//! Through which interface the window is drawn: the system's own first, and OpenGL only where that one is missing.
//!
//! Asking for both at once would start OpenGL beside Vulkan at every start, threads and all, to leave it unused.

use eframe::egui_wgpu::{WgpuConfiguration, WgpuSetup, wgpu};

/// wgpu's own variable, by which a person may choose an interface.
const VARIABLE: &str = "WGPU_BACKEND";

/// How the window is drawn.
pub fn configuration() -> WgpuConfiguration {
    let mut configuration = WgpuConfiguration::default();
    if std::env::var_os(VARIABLE).is_none()
        && let WgpuSetup::CreateNew(setup) = &mut configuration.wgpu_setup
    {
        setup.instance_descriptor.backends = wgpu::Backends::PRIMARY;
    }
    configuration
}

/// Whether `error` means that the system's own interface is missing and OpenGL was not tried yet.
pub fn may_try_opengl(error: &eframe::Error) -> bool {
    matches!(error, eframe::Error::Wgpu(_)) && std::env::var_os(VARIABLE).is_none()
}

/// The program once more, drawn with OpenGL: a process has its event loop only once. Returns when it has ended, where it
/// cannot take this one's place.
///
/// # Errors
/// The program cannot be started, or ends without a window.
pub fn run_with_opengl() -> std::io::Result<()> {
    let mut process = crate::engine::handle::restart()?;
    process.env(VARIABLE, "gl");
    become_this(process)
}

#[cfg(unix)]
fn become_this(mut process: std::process::Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(process.exec())
}

#[cfg(not(unix))]
fn become_this(mut process: std::process::Command) -> std::io::Result<()> {
    let status = process.status()?;
    if status.success() {
        return Ok(());
    }
    Err(std::io::Error::other(format!(
        "with OpenGL it ended with {status}"
    )))
}
