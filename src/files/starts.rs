//! How the last runs of the window ended, so that a crash is noticed and a row of crashes is broken.
//!
//! Each start is written down, and taken out when the program ends well. What is left of ended programs are crashes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{read_capped, replace};

const MAX_BYTES: u64 = 64 << 10;

/// Starts that are remembered.
const MAX_STARTS: usize = 16;

/// A run that crashed within this time of its start belongs to a row of crashes.
const SHORT: Duration = Duration::from_secs(60);

/// So many in a row, and the next start is a careful one.
const ROW: usize = 3;

/// What the runs before this one say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The last run did not end well: offer what it left.
    pub crashed: bool,
    /// Several in a row ended soon after they started: load no model, and say where the log is.
    pub careful: bool,
}

/// This run's entry.
#[derive(Debug)]
pub struct Start {
    file: PathBuf,
    process: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    process: u32,
    /// Milliseconds since 1970.
    at: u64,
}

impl Start {
    /// Writes down that this process has started, and judges those before it.
    ///
    /// A file that cannot be read or written costs this guard, never the start.
    pub fn begin(file: PathBuf) -> (Self, Verdict) {
        let now = u64::try_from(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis(),
        );
        Self::begin_at(file, std::process::id(), now.unwrap_or(u64::MAX))
    }

    fn begin_at(file: PathBuf, process: u32, now: u64) -> (Self, Verdict) {
        let mut entries = read(&file);
        let crashes: Vec<u64> = entries
            .iter()
            .filter(|entry| !is_alive(entry.process))
            .map(|entry| entry.at)
            .collect();
        let ends: Vec<u64> = crashes.iter().skip(1).copied().chain([now]).collect();
        let is_short = |(start, end): &(&u64, &u64)| {
            // A clock that went back makes a run look short rather than endless.
            Duration::from_millis(end.saturating_sub(**start)) < SHORT
        };
        let row = crashes.iter().zip(&ends).rev().take_while(is_short).count();
        let verdict = Verdict {
            crashed: !crashes.is_empty(),
            careful: row >= ROW,
        };

        entries.push(Entry { process, at: now });
        let surplus = entries.len().saturating_sub(MAX_STARTS);
        entries.drain(..surplus);
        write(&file, &entries);
        (Self { file, process }, verdict)
    }

    /// Says that this run ends well, and that what was wrong before is over.
    pub fn end_well(self) {
        let others: Vec<Entry> = read(&self.file)
            .into_iter()
            .filter(|entry| entry.process != self.process && is_alive(entry.process))
            .collect();
        write(&self.file, &others);
    }
}

fn read(file: &Path) -> Vec<Entry> {
    let bytes = read_capped(file, MAX_BYTES).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn write(file: &Path, entries: &[Entry]) {
    let written = serde_json::to_vec(entries).map_err(|error| error.to_string());
    if let Err(error) =
        written.and_then(|bytes| replace(file, &bytes).map_err(|error| error.to_string()))
    {
        tracing::warn!("crashes will not be noticed: {error}");
    }
}

/// Whether a second window has this entry. Where the system does not say, an entry is taken for a crash.
fn is_alive(process: u32) -> bool {
    process != std::process::id() && Path::new("/proc").join(process.to_string()).exists()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// Larger than any process number of a running system.
    const GONE: u32 = u32::MAX - 7;

    fn start(file: &Path, seconds: u64) -> (Start, Verdict) {
        Start::begin_at(file.to_owned(), GONE, seconds * 1000)
    }

    /// Fault row 21.
    #[test]
    fn three_short_crashes_in_a_row_make_the_next_start_careful() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        let verdicts: Vec<Verdict> = [100, 130, 160, 190].map(|at| start(&file, at).1).into();
        assert_eq!(
            verdicts
                .iter()
                .map(|verdict| verdict.crashed)
                .collect::<Vec<_>>(),
            [false, true, true, true]
        );
        assert_eq!(
            verdicts
                .iter()
                .map(|verdict| verdict.careful)
                .collect::<Vec<_>>(),
            [false, false, false, true]
        );
        let (run, _) = start(&file, 200);
        run.end_well();
        assert_eq!(
            start(&file, 210).1,
            Verdict::default(),
            "one good end is the end of it"
        );
    }

    #[test]
    fn crashes_after_long_work_are_no_row() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        for at in [0, 3600, 7200] {
            start(&file, at);
        }
        assert_eq!(
            start(&file, 10_800).1,
            Verdict {
                crashed: true,
                careful: false
            }
        );
    }

    /// Fault row 44: the clock goes back.
    #[test]
    fn a_clock_that_goes_back_does_not_hide_a_row_of_crashes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        for at in [9_000, 8_000, 7_000] {
            start(&file, at);
        }
        assert!(start(&file, 10).1.careful);
    }

    #[test]
    fn a_second_window_is_no_crash() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        // The first process of the system always runs; elsewhere nothing can be said.
        let (other, _) = Start::begin_at(file.clone(), 1, 100_000);
        let (run, verdict) = start(&file, 110);
        assert_eq!(verdict.crashed, !cfg!(target_os = "linux"));
        run.end_well();
        if cfg!(target_os = "linux") {
            assert_eq!(read(&file).len(), 1, "its entry stays");
        }
        other.end_well();
    }

    #[test]
    fn a_damaged_file_costs_nothing_but_the_guard() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        for garbage in ["", "{", "[{\"process\":-1}]", "null"] {
            std::fs::write(&file, garbage).unwrap();
            assert_eq!(start(&file, 5).1, Verdict::default(), "{garbage}");
        }
        let (run, verdict) = start(&folder.path().join("starts.json/not-a-folder"), 5);
        assert_eq!(verdict, Verdict::default());
        run.end_well();
    }
}
