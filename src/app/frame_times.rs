//! How long the window's own code takes for a frame: the figure behind "does it stay smooth while the model paints".

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::files::{self, FileError};

/// Frames that are remembered: more than a minute of them.
const KEPT: usize = 4096;

/// Names a file that takes a [`Summary`] of all frames when the window closes.
pub const LOG_VARIABLE: &str = "DANQING_FRAME_LOG";

/// The newest frames, oldest first once there are [`KEPT`] of them.
#[derive(Debug, Default)]
pub struct FrameTimes {
    newest: Vec<f32>,
    next: usize,
    total: u64,
    longest: f32,
}

/// What the frames say together, in milliseconds. The percentiles are of the newest frames, the maximum of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Frames since the start.
    pub frames: u64,
    /// Half of the frames took less.
    pub p50_ms: f32,
    /// 95 of 100 frames took less.
    pub p95_ms: f32,
    /// The longest.
    pub max_ms: f32,
}

impl FrameTimes {
    /// Takes note of one frame.
    pub fn note(&mut self, time: Duration) {
        let ms = time.as_secs_f32() * 1000.0;
        self.total += 1;
        // The first frames lay out fonts and compile shaders; they are part of the start, not of smoothness.
        if self.total <= 3 {
            return;
        }
        self.longest = self.longest.max(ms);
        match self.newest.get_mut(self.next) {
            Some(place) => *place = ms,
            None => self.newest.push(ms),
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// What they say together.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sorted = self.newest.clone();
        sorted.sort_by(f32::total_cmp);
        let at = |share: f32| {
            let place = (share * sorted.len() as f32) as usize;
            let last = sorted.len().saturating_sub(1);
            sorted.get(place.min(last)).copied().unwrap_or_default()
        };
        Summary {
            frames: self.total,
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            max_ms: self.longest,
        }
    }

    /// Writes the summary to `file` as JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), FileError> {
        let text = serde_json::to_vec_pretty(&self.summary()).unwrap_or_default();
        files::replace(file, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_newest_frames_and_the_maximum_of_all() {
        let mut times = FrameTimes::default();
        for _ in 0..3 {
            times.note(Duration::from_secs(9));
        }
        times.note(Duration::from_millis(50));
        for ms in (0..KEPT as u64).map(|number| number % 100) {
            times.note(Duration::from_millis(ms));
        }
        let Summary {
            frames,
            p50_ms,
            p95_ms,
            max_ms,
        } = times.summary();
        assert_eq!(frames, 4 + KEPT as u64);
        assert!((p50_ms - 50.0).abs() <= 1.0, "{p50_ms}");
        assert!((p95_ms - 95.0).abs() <= 1.0, "{p95_ms}");
        assert!((max_ms - 99.0).abs() < 0.01, "{max_ms}");
        times.note(Duration::from_millis(400));
        assert!((times.summary().max_ms - 400.0).abs() < 0.01);
        assert_eq!(FrameTimes::default().summary(), Summary::default());
    }
}
