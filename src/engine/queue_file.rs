//! The queue on disk: one versioned JSON file, replaced whole after each change by a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job::{Job, JobState, MAX_ATTEMPTS, MAX_JOBS, QueueView};
use crate::files;

/// The format that this program writes.
const VERSION: u32 = 1;

/// 5,000 jobs with prompts of 8 KiB each.
const MAX_BYTES: u64 = 64 << 20;

/// What an earlier run left.
#[derive(Debug, Default)]
pub struct Restored {
    /// How many jobs it left. The queue is paused until the designer chooses.
    pub jobs: usize,
    /// How many of them are held back since they stopped the program again and again.
    pub held_back: usize,
    /// What was wrong with the file, and where it is now.
    pub warning: Option<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    next_id: u64,
    jobs: Vec<&'a Job>,
}

/// Jobs are read one by one, so that one that cannot be read does not take the others with it.
#[derive(Deserialize)]
struct Read {
    version: u32,
    next_id: u64,
    jobs: Vec<serde_json::Value>,
}

/// The jobs at `path`, the next free number, and what there is to say.
pub(super) fn restore(path: &Path) -> (Vec<Arc<Job>>, u64, Restored) {
    if let Some(folder) = path.parent() {
        files::sweep_temporaries(folder, &["queue.json"], Duration::ZERO);
    }
    let bytes = match files::read_capped(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return (Vec::new(), 1, Restored::default()),
        Err(error) => return set_aside(path, &error.to_string()),
    };
    match serde_json::from_slice::<Read>(&bytes) {
        Ok(read) if read.version > VERSION => set_aside(
            path,
            &format!(
                "it was written by a newer version (format {})",
                read.version
            ),
        ),
        Ok(read) => revive(path, read),
        Err(error) => set_aside(path, &error.to_string()),
    }
}

fn set_aside(path: &Path, reason: &str) -> (Vec<Arc<Job>>, u64, Restored) {
    let place = match files::put_aside(path) {
        Ok(aside) => format!("it is kept as {}", aside.display()),
        Err(error) => format!("it could not be put aside: {error}"),
    };
    let warning = format!(
        "the queue {} cannot be used: {reason}; {place}",
        path.display()
    );
    (
        Vec::new(),
        1,
        Restored {
            warning: Some(warning),
            ..Restored::default()
        },
    )
}

fn revive(path: &Path, read: Read) -> (Vec<Arc<Job>>, u64, Restored) {
    let asked = read.jobs.len();
    let mut next_id = read.next_id.max(1);
    let mut jobs: Vec<Arc<Job>> = Vec::new();
    let mut held_back = 0;
    for job in read
        .jobs
        .into_iter()
        .take(MAX_JOBS)
        .filter_map(|job| serde_json::from_value::<Job>(job).ok())
    {
        let mut job = job;
        if jobs.iter().any(|other| other.id == job.id) {
            continue;
        }
        next_id = next_id.max(job.id.0.saturating_add(1));
        if job.state == JobState::Running {
            job.state = JobState::Waiting;
        }
        if job.state == JobState::Waiting && job.attempts >= MAX_ATTEMPTS {
            held_back += 1;
            job.state = JobState::Failed {
                reason: format!(
                    "the program stopped {MAX_ATTEMPTS} times while painting this; retry it or remove it"
                ),
            };
        }
        jobs.push(Arc::new(job));
    }
    let lost = asked - jobs.len();
    let warning = (lost > 0).then(|| match keep_copy(path) {
        Ok(copy) => format!(
            "{lost} jobs of the queue cannot be read; the file is kept as {}",
            copy.display()
        ),
        Err(error) => format!(
            "{lost} jobs of the queue cannot be read, and the file could not be kept: {error}"
        ),
    });
    let restored = Restored {
        jobs: jobs.len(),
        held_back,
        warning,
    };
    (jobs, next_id, restored)
}

/// Keeps a file of which a part could not be read; what could be read is written anew at the next change.
fn keep_copy(path: &Path) -> std::io::Result<PathBuf> {
    let bytes = std::fs::read(path)?;
    let aside = files::put_aside(path)?;
    std::fs::write(path, bytes)?;
    Ok(aside)
}

/// Writes the newest state of the queue, and skips those that were overtaken.
pub(super) struct QueueFile {
    slot: Arc<(Mutex<Slot>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Slot {
    newest: Option<(u64, Arc<QueueView>)>,
    writing: bool,
    closing: bool,
    error: Option<String>,
}

impl QueueFile {
    pub(super) fn spawn(path: PathBuf) -> Self {
        let slot = Arc::new((Mutex::new(Slot::default()), Condvar::new()));
        let shared = slot.clone();
        let spawned = std::thread::Builder::new()
            .name("queue-file".into())
            .spawn(move || write_all(&path, &shared));
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                lock(&slot.0).error = Some(format!("the queue cannot be kept: {error}"));
                None
            }
        };
        Self { slot, thread }
    }

    pub(super) fn save(&self, next_id: u64, view: Arc<QueueView>) {
        lock(&self.slot.0).newest = Some((next_id, view));
        self.slot.1.notify_all();
    }

    pub(super) fn last_error(&self) -> Option<String> {
        lock(&self.slot.0).error.clone()
    }

    pub(super) fn flush(&self) -> bool {
        if self.thread.is_none() {
            return false;
        }
        let mut slot = lock(&self.slot.0);
        while slot.newest.is_some() || slot.writing {
            slot = self
                .slot
                .1
                .wait(slot)
                .unwrap_or_else(PoisonError::into_inner);
        }
        slot.error.is_none()
    }
}

impl Drop for QueueFile {
    fn drop(&mut self) {
        lock(&self.slot.0).closing = true;
        self.slot.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread only writes a file; a panic in it was reported by the panic hook.
            thread.join().ok();
        }
    }
}

fn write_all(path: &Path, (slot, changed): &(Mutex<Slot>, Condvar)) {
    let mut held = lock(slot);
    loop {
        let Some((next_id, view)) = held.newest.take() else {
            if held.closing {
                return;
            }
            held = changed.wait(held).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        held.writing = true;
        drop(held);
        let written = Written {
            version: VERSION,
            next_id,
            jobs: view.jobs.iter().map(|job| &**job).collect(),
        };
        let outcome = files::replace_with(path, |file| Ok(serde_json::to_writer(file, &written)?));
        held = lock(slot);
        held.writing = false;
        held.error = outcome.err().map(|error| error.to_string());
        changed.notify_all();
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
