//! One window for one person's files.
//!
//! The first program holds a lock on a file beside the queue. A second one leaves what it was to open in a folder that
//! the first watches, and ends; so neither writes over the other's queue, and nothing listens on a socket. The system
//! gives the lock back with the process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use notify::Watcher as _;
use serde::{Deserialize, Serialize};

use crate::files::{self, FileError};

/// The most bytes of one message; what is longer was written by no Danqing.
const MAX_BYTES: u64 = 64 << 10;
/// The most messages that are read at once.
const MAX_MESSAGES: usize = 64;

/// What a second program asks of the first, besides to show itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Files to open, absolute.
    pub files: Vec<PathBuf>,
}

/// The first program's hold on the data folder.
#[derive(Debug)]
pub struct Instance {
    _lock: Option<File>,
    inbox: PathBuf,
    news: Arc<AtomicBool>,
    _watcher: Option<notify::RecommendedWatcher>,
}

/// Who has the data folder.
#[derive(Debug)]
pub enum Claim {
    /// This program, from now on.
    First(Instance),
    /// Another one, which is still running.
    Taken,
}

impl Instance {
    /// Takes hold of the folder `data`. A disk that knows no locks costs this guard, never the start.
    #[must_use]
    pub fn claim(data: &Path) -> Claim {
        let inbox = inbox(data);
        let lock = match lock(data) {
            Ok(lock) => Some(lock),
            Err(TryLockError::WouldBlock) => return Claim::Taken,
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "a second window would not be noticed");
                None
            }
        };
        Claim::First(Self {
            _lock: lock,
            inbox,
            // Messages that nobody has read are from before this start.
            news: Arc::new(AtomicBool::new(true)),
            _watcher: None,
        })
    }

    /// Calls `wake` from now on whenever a second program has left something.
    pub fn watch(&mut self, wake: Arc<dyn Fn() + Send + Sync>) {
        let news = self.news.clone();
        let ring = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !matches!(event.kind, notify::EventKind::Access(_))) {
                news.store(true, Ordering::Release);
                wake();
            }
        };
        let watched = std::fs::create_dir_all(&self.inbox)
            .map_err(notify::Error::io)
            .and_then(|()| notify::recommended_watcher(ring))
            .and_then(|mut watcher| {
                watcher.watch(&self.inbox, notify::RecursiveMode::NonRecursive)?;
                Ok(watcher)
            });
        match watched {
            Ok(watcher) => self._watcher = Some(watcher),
            Err(error) => tracing::warn!(%error, "a second start will not be heard"),
        }
    }

    /// What second programs have left since the last call, oldest first.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        if !self.news.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let Ok(listing) = std::fs::read_dir(&self.inbox) else {
            return Vec::new();
        };
        let mut messages: Vec<PathBuf> = listing
            .flatten()
            .map(|item| item.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .take(MAX_MESSAGES)
            .collect();
        messages.sort();
        let read = |path: PathBuf| {
            let bytes = files::read_capped(&path, MAX_BYTES);
            std::fs::remove_file(&path).ok();
            serde_json::from_slice(&bytes.ok()?).ok()
        };
        messages.into_iter().filter_map(read).collect()
    }
}

/// Leaves a message for the program that holds `data`.
///
/// # Errors
/// The folder cannot be written.
pub fn visit(data: &Path, visit: &Visit) -> Result<(), FileError> {
    let inbox = inbox(data);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = format!("{:020}-{}.json", now.as_nanos(), std::process::id());
    // Only a path that is no UTF-8 cannot be written; the window is shown all the same.
    let message = serde_json::to_vec(visit).unwrap_or_else(|_| b"{\"files\":[]}".to_vec());
    files::replace(&inbox.join(name), &message)
}

fn inbox(data: &Path) -> PathBuf {
    data.join("visits")
}

fn lock(data: &Path) -> Result<File, TryLockError> {
    let file = std::fs::create_dir_all(data)
        .and_then(|()| {
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(data.join("danqing.lock"))
        })
        .map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn first(data: &Path) -> Instance {
        match Instance::claim(data) {
            Claim::First(instance) => instance,
            Claim::Taken => panic!("the folder is free"),
        }
    }

    /// Fault row 42.
    #[test]
    fn a_second_program_finds_the_folder_taken_and_its_files_reach_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut one = first(&data);
        let rung = Arc::new(AtomicBool::new(false));
        let bell = rung.clone();
        one.watch(Arc::new(move || bell.store(true, Ordering::Release)));
        assert_eq!(one.visits(), []);
        assert!(matches!(Instance::claim(&data), Claim::Taken));
        let message = Visit {
            files: vec!["/画/a b.png".into()],
        };
        visit(&data, &message).unwrap();
        let since = Instant::now();
        let mut heard = Vec::new();
        while heard.is_empty() && since.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
            heard = one.visits();
        }
        assert_eq!(heard, [message]);
        assert!(rung.load(Ordering::Acquire), "the window is woken");
        drop(one);
        first(&data);
    }

    #[test]
    fn what_no_danqing_wrote_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let one = first(folder.path());
        let inbox = folder.path().join("visits");
        std::fs::create_dir_all(&inbox).unwrap();
        std::fs::write(inbox.join("1.json"), vec![b'['; 1 << 20]).unwrap();
        std::fs::write(inbox.join("2.json"), b"{\"files\": 3}").unwrap();
        assert_eq!(one.visits(), []);
        assert_eq!(std::fs::read_dir(inbox).unwrap().count(), 0);
    }
}
