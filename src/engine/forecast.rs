//! How long a request will take, from pictures that were painted before.
//!
//! A transformer call on `n` tokens costs `2 P n + 4 d l n²` operations: `P` parameters for each token, and attention
//! over `l` blocks of width `d`. A measured call is carried over to another size by the ratio of these costs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::memory::Demands;
use crate::files::{self, FileError};
use crate::pipeline::Timings;
use crate::request::{ImageSize, Request};

const VERSION: u32 = 1;
const MAX_BYTES: u64 = 1 << 20;

/// Models on devices that are remembered.
const MAX_KEYS: usize = 64;

/// Weight of the newest measurement against all before it.
const NEWEST: f64 = 0.4;

/// Measured times, kept in a file of the caches.
#[derive(Debug)]
pub struct Forecast {
    file: PathBuf,
    seen: BTreeMap<String, BTreeMap<u64, Seen>>,
}

/// Average seconds at one number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// One transformer call.
    call: f64,
    /// Everything but the calls.
    rest: f64,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    seen: BTreeMap<String, BTreeMap<u64, Seen>>,
}

impl Forecast {
    /// What an earlier run measured; nothing when the file is missing or damaged.
    pub fn open(file: PathBuf) -> Self {
        let bytes = files::read_capped(&file, MAX_BYTES).unwrap_or_default();
        let read = serde_json::from_slice::<Written>(&bytes)
            .ok()
            .filter(|written| written.version == VERSION);
        let mut seen = read.map(|written| written.seen).unwrap_or_default();
        seen.values_mut()
            .for_each(|sizes| sizes.retain(|_, seen| seen.is_sound()));
        Self { file, seen }
    }

    /// Learns from a picture painted for `request` by the model and device that `key` names.
    ///
    /// # Errors
    /// The file cannot be written; what was learnt holds until the program ends.
    pub fn learn(
        &mut self,
        key: &str,
        request: &Request,
        timings: &Timings,
    ) -> Result<(), FileError> {
        // The first call may compile kernels; it counts only when it is alone.
        let calls = if timings.steps.len() > 1 {
            &timings.steps[1..]
        } else {
            &timings.steps[..]
        };
        if calls.is_empty() {
            return Ok(());
        }
        let call = calls.iter().sum::<f64>() / calls.len() as f64 / passes(request);
        let new = Seen {
            call,
            rest: (timings.total - timings.denoise).max(0.0),
        };
        if !new.is_sound() {
            return Ok(());
        }
        if self.seen.len() >= MAX_KEYS && !self.seen.contains_key(key) {
            self.seen.pop_first();
        }
        let sizes = self.seen.entry(key.to_owned()).or_default();
        sizes
            .entry(request.size.tokens() as u64)
            .and_modify(|seen| seen.mix(new))
            .or_insert(new);
        self.save(&self.file)
    }

    fn save(&self, file: &Path) -> Result<(), FileError> {
        let written = Written {
            version: VERSION,
            seen: self.seen.clone(),
        };
        files::replace_with(file, |file| Ok(serde_json::to_writer(file, &written)?))
    }

    /// Seconds for all pictures of `request`; none until the model has painted once on this device.
    pub fn seconds(&self, key: &str, demands: &Demands, request: &Request) -> Option<f64> {
        let tokens = request.size.tokens() as u64;
        let (near, seen) = self
            .seen
            .get(key)?
            .iter()
            .min_by_key(|(measured, _)| measured.abs_diff(tokens))?;
        let call = seen.call * demands.call(tokens) / demands.call(*near);
        // Encoding and decoding grow with the picture's area.
        let rest = seen.rest * tokens as f64 / *near as f64;
        let strength = request
            .start
            .as_ref()
            .map_or(1.0, |start| f64::from(start.strength.get()));
        let calls = (f64::from(request.steps.get()) * strength).ceil() * passes(request);
        Some(f64::from(request.count.get()) * (calls * call + rest))
    }
}

impl Seen {
    fn is_sound(self) -> bool {
        [self.call, self.rest]
            .iter()
            .all(|seconds| seconds.is_finite() && *seconds >= 0.0)
    }

    fn mix(&mut self, new: Self) {
        self.call += NEWEST * (new.call - self.call);
        self.rest += NEWEST * (new.rest - self.rest);
    }
}

impl Demands {
    /// Operations of one transformer call.
    fn call(&self, tokens: u64) -> f64 {
        let (dim, layers) = self.transformer;
        let tokens = tokens as f64;
        2.0 * self.parameters as f64 * tokens + 4.0 * (dim * layers) as f64 * tokens * tokens
    }

    /// How many times as long a call takes at `size` as at 1024 × 1024, for a word on what a size costs.
    pub fn cost_of(&self, size: ImageSize) -> f64 {
        self.call(size.tokens() as u64) / self.call(ImageSize::default().tokens() as u64)
    }
}

/// Guidance asks the transformer twice.
fn passes(request: &Request) -> f64 {
    if request.guidance.is_on() { 2.0 } else { 1.0 }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::super::memory::tests::turbo;
    use super::*;
    use crate::request::{Count, Guidance, Prompt, Seed, Steps};

    fn request(side: u32) -> Request {
        let size = ImageSize::new(side, side).unwrap();
        Request {
            size,
            ..Request::new(Prompt::new("a fox").unwrap(), Seed(1))
        }
    }

    fn eight_steps_of(seconds: f64) -> Timings {
        let steps = [vec![9.0], vec![seconds; 7]].concat();
        let denoise = steps.iter().sum();
        Timings {
            steps,
            denoise,
            total: denoise + 0.5,
            ..Timings::default()
        }
    }

    #[test]
    fn a_size_that_was_painted_is_foretold_as_measured_and_others_by_their_cost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("timings.json");
        let mut forecast = Forecast::open(file.clone());
        assert_eq!(forecast.seconds("turbo", &turbo(), &request(1024)), None);
        forecast
            .learn("turbo", &request(1024), &eight_steps_of(0.25))
            .unwrap();

        let forecast = Forecast::open(file);
        let seconds = |request: &Request| forecast.seconds("turbo", &turbo(), request).unwrap();
        assert!(
            (seconds(&request(1024)) - 2.5).abs() < 1e-9,
            "the first step, which compiles, does not count"
        );
        // Measured elsewhere for this model: 2048² takes 4.5 to 6 times as long as 1024².
        let ratio = seconds(&request(2048)) / seconds(&request(1024));
        assert!((4.2..6.5).contains(&ratio), "{ratio}");

        let mut more = request(1024);
        more.count = Count::new(4).unwrap();
        more.steps = Steps::new(4).unwrap();
        more.guidance = Guidance::new(3.0).unwrap();
        assert!(
            (seconds(&more) - 4.0 * 2.5).abs() < 1e-9,
            "half the steps, each twice, four times"
        );
        assert_eq!(forecast.seconds("another", &turbo(), &request(1024)), None);
    }

    #[test]
    fn measurements_that_cannot_be_are_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("timings.json");
        for content in [
            "",
            "{",
            r#"{"version":9,"seen":{}}"#,
            r#"{"version":1,"seen":{"m":{"4096":{"call":-1,"rest":0}}}}"#,
        ] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(
                Forecast::open(file.clone()).seconds("m", &turbo(), &request(1024)),
                None,
                "{content}"
            );
        }
        let mut forecast = Forecast::open(file);
        forecast
            .learn("m", &request(1024), &eight_steps_of(f64::NAN))
            .unwrap();
        forecast
            .learn("m", &request(1024), &Timings::default())
            .unwrap();
        assert_eq!(forecast.seconds("m", &turbo(), &request(1024)), None);
    }
}
