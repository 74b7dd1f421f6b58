//! What the engine's thread and the window's end of it see besides the channels.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::slots::Slot;
use super::{CancelToken, Preview, PreviewQuality, Status};

/// Places and marks for the newest of everything.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub status: Slot<Status>,
    pub preview: Slot<Option<Preview>>,
    pub previews: Slot<PreviewQuality>,
    pub closing: Arc<AtomicBool>,
    /// Stops the model that is being read.
    pub loading: Slot<Option<CancelToken>>,
    pub pulse: Pulse,
}

/// When the engine was last seen to do something.
#[derive(Clone)]
pub(super) struct Pulse {
    origin: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            last_ms: Arc::default(),
        }
    }
}

impl Pulse {
    pub fn beat(&self) {
        let now = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    pub fn silence(&self) -> Duration {
        self.origin
            .elapsed()
            .saturating_sub(Duration::from_millis(self.last_ms.load(Ordering::Relaxed)))
    }
}
