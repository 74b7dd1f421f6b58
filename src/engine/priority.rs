//! How the engine leaves the window its share of the processor.
//!
//! On a CPU device every core paints. The window draws for a few milliseconds and then waits, so that the scheduler
//! gives it a core at once as long as it outranks the painters: those are made nicer, and lose nothing while the window
//! is still. macOS and Windows raise the window in front by themselves.

/// Makes the calling thread, and the pool that the CPU device computes on, give way to the window.
pub fn leave_the_window_its_share() {
    give_way();
    rayon::spawn_broadcast(|_| give_way());
}

#[cfg(target_os = "linux")]
fn give_way() {
    /// Half the distance to the idlest; the kernel weighs it about 1 to 9 against the window's 0.
    const NICENESS: libc::c_int = 10;
    // SAFETY: setpriority takes no pointers. On Linux, PRIO_PROCESS with 0 means the calling thread alone.
    let refused = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) } != 0;
    if refused {
        tracing::debug!(
            "the engine keeps its priority: {}",
            std::io::Error::last_os_error()
        );
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}
