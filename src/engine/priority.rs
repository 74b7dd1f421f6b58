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

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// The nice value of the calling thread: the 19th field of its `stat`.
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        after_name
            .split_whitespace()
            .nth(16)
            .unwrap()
            .parse()
            .unwrap()
    }

    #[test]
    fn the_engine_and_its_pool_are_nicer_than_the_window() {
        let window = niceness();
        let engine = std::thread::spawn(|| {
            leave_the_window_its_share();
            niceness()
        });
        assert!(engine.join().unwrap() > window);
        // What is spawned later in the pool runs after what was spawned before.
        let pool = rayon::broadcast(|_| niceness());
        assert!(pool.iter().all(|nice| *nice > window), "{pool:?}");
        assert_eq!(niceness(), window, "the window keeps its own");
    }
}
