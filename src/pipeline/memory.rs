//! How much memory a picture takes.

use super::{PeakMemory, Placement};

/// The most memory the program has held up to now: on CUDA what burn has reserved on the card, else the program's
/// resident memory.
#[derive(Debug, Default)]
pub(super) struct MemoryGauge {
    peak: Option<PeakMemory>,
}

impl MemoryGauge {
    /// Looks at the memory in use now.
    pub(super) fn sample(&mut self, placement: &Placement) {
        let now = if placement.is_cuda() {
            placement
                .device
                .memory_pool_usage()
                .map(|usage| PeakMemory::Device(usage.bytes_reserved))
        } else {
            resident_peak().map(PeakMemory::Process)
        };
        self.peak = self.peak.max(now);
    }

    /// The highest of all samples.
    pub(super) fn peak(&self) -> Option<PeakMemory> {
        self.peak
    }
}

/// Bytes that the device can still give this program: what is free, and on CUDA also what burn holds unused.
pub(super) fn available(placement: &Placement) -> Option<u64> {
    if !placement.is_cuda() {
        return free_memory();
    }
    let unused = placement.device.memory_pool_usage().map_or(0, |usage| {
        usage.bytes_reserved.saturating_sub(usage.bytes_in_use)
    });
    Some(placement.free_memory()? + unused)
}

/// Memory in bytes that programs may still take on this machine, where the system says.
pub fn free_memory() -> Option<u64> {
    machine_memory().map(|(_, free)| free)
}

/// The machine's memory in bytes, all of it and what programs may still take, where the system says (Linux).
pub fn machine_memory() -> Option<(u64, u64)> {
    let information = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| {
        let mut lines = information.lines();
        let line = lines.find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some((field("MemTotal:")?, field("MemAvailable:")?))
}

/// The most resident memory the program ever had, where the system tells; else what it has now.
fn resident_peak() -> Option<u64> {
    high_water_mark()
        .or_else(|| memory_stats::memory_stats().map(|stats| stats.physical_mem as u64))
}

/// `VmHWM` of Linux.
fn high_water_mark() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
