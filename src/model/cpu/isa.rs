//! Which vector instructions this processor has, and how code gets compiled for each of them.
//!
//! The kernels are plain loops over fixed-size arrays. Compiled for the common denominator of all x86-64 processors
//! they would use a quarter of a current one, so [`run`] compiles each [`Task`] once a level and picks at run time.

use std::sync::OnceLock;

/// Vector instructions the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 32 registers of 16 numbers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 16 registers of 8 numbers.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 32 registers of 4 numbers.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// The best level of this processor; `None` where plain burn is as good as these kernels.
    pub fn detect() -> Option<Self> {
        static LEVEL: OnceLock<Option<Level>> = OnceLock::new();
        *LEVEL.get_or_init(best_level)
    }

    /// The tile of a matrix product whose sums fill the registers: rows of the left operand, columns of the right one.
    pub const fn tile(self) -> [usize; 2] {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => [12, 32],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => [6, 16],
            #[cfg(target_arch = "aarch64")]
            Self::Neon => [6, 16],
        }
    }

    /// Runs `task`, compiled for this level.
    pub fn run<K: Task>(self, task: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a level exists only if `detect` saw that the processor has its instructions.
            Self::Avx512 => unsafe { run_avx512(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { run_avx2(task) },
            #[cfg(target_arch = "aarch64")]
            Self::Neon => task.run::<6, 16>(),
        }
    }
}

/// A computation that is worth compiling for each level.
pub trait Task {
    /// What it gives.
    type Output;

    /// The computation, told the level's [`Level::tile`].
    ///
    /// Implementations are `#[inline(always)]`; otherwise they are compiled for the common denominator.
    fn run<const ROWS: usize, const COLUMNS: usize>(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
fn best_level() -> Option<Level> {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq");
    match (avx2, avx512) {
        (true, true) => Some(Level::Avx512),
        (true, false) => Some(Level::Avx2),
        _ => None,
    }
}

#[cfg(target_arch = "aarch64")]
fn best_level() -> Option<Level> {
    Some(Level::Neon)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn best_level() -> Option<Level> {
    None
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn run_avx512<K: Task>(task: K) -> K::Output {
    task.run::<12, 32>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Task>(task: K) -> K::Output {
    task.run::<6, 16>()
}
