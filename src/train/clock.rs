//! Where the host's time goes in a training: told in the log at level debug.

use std::time::{Duration, Instant};

/// Times of the parts of the steps since the last report. The device works on meanwhile; only the report waits for it.
#[derive(Debug)]
pub struct Clock {
    since: Instant,
    parts: Vec<(&'static str, Duration)>,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            since: Instant::now(),
            parts: Vec::new(),
        }
    }

    /// Counts what passed since the last call for `part`.
    pub fn count(&mut self, part: &'static str) {
        let now = Instant::now();
        let passed = now - std::mem::replace(&mut self.since, now);
        match self.parts.iter_mut().find(|(name, _)| *name == part) {
            Some((_, total)) => *total += passed,
            None => self.parts.push((part, passed)),
        }
    }

    /// Logs milliseconds a step and begins anew.
    pub fn report(&mut self, steps: usize) {
        let shares: Vec<String> = std::mem::take(&mut self.parts)
            .into_iter()
            .map(|(part, total)| {
                let milliseconds = total.as_secs_f64() * 1e3 / steps.max(1) as f64;
                format!("{part} {milliseconds:.1}")
            })
            .collect();
        tracing::debug!("milliseconds a step: {}", shares.join(", "));
    }
}
