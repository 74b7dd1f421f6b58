//! Noticing pictures that other programs put into, change in or take from the gallery.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Receiver;
#[cfg(feature = "gui")]
use crossbeam_channel::bounded;

#[cfg(feature = "gui")]
use super::index::is_hidden;

/// More changes than this at once, and the whole folder is looked at instead.
#[cfg(feature = "gui")]
const MAX_PATHS: usize = 1_000;

/// What has changed since it was last asked.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// Files that are new, changed or gone, relative to the gallery.
    pub paths: BTreeSet<PathBuf>,
    /// The system lost count: everything is to be looked at.
    pub everything: bool,
}

/// Collects changes below one folder for as long as it lives.
pub struct Watch {
    changes: Arc<Mutex<Changes>>,
    bell: Receiver<()>,
    #[cfg(feature = "gui")]
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Rings once when the first change after [`take`](Self::take) is there.
    pub fn bell(&self) -> &Receiver<()> {
        &self.bell
    }

    /// What has changed since the last call.
    pub fn take(&self) -> Changes {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins to watch `gallery`.
    ///
    /// # Errors
    /// The system watches no more folders, or this is a kind of folder that it cannot watch. New pictures then appear
    /// after [`Gallery::rescan`](super::Gallery::rescan).
    #[cfg(feature = "gui")]
    pub fn start(gallery: &Path) -> Result<Self, String> {
        use notify::Watcher as _;

        let (ring, bell) = bounded(1);
        let changes = Arc::new(Mutex::new(Changes::default()));
        let (noted, folder) = (changes.clone(), gallery.to_owned());
        let note = move |event: notify::Result<notify::Event>| {
            let mut changes = noted.lock().unwrap_or_else(PoisonError::into_inner);
            if changes.note(&folder, event) {
                // A bell that rings already says the same.
                ring.try_send(()).ok();
            }
        };
        let mut watcher = notify::recommended_watcher(note).map_err(|error| error.to_string())?;
        watcher
            .watch(gallery, notify::RecursiveMode::Recursive)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            changes,
            bell,
            _watcher: watcher,
        })
    }

    /// Without the window nobody looks.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "gui"))]
    pub fn start(_gallery: &Path) -> Result<Self, String> {
        Err("this build has no window, and watches no folder".to_owned())
    }
}

impl Changes {
    /// Whether there is anything to look at now.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.everything
    }

    #[cfg(feature = "gui")]
    fn note(&mut self, gallery: &Path, event: notify::Result<notify::Event>) -> bool {
        let Ok(event) = event else {
            self.everything = true;
            return true;
        };
        if matches!(event.kind, notify::EventKind::Access(_)) {
            return false;
        }
        // A folder that comes or goes brings its pictures along without a word on them.
        let folder_changed = event.kind.is_remove() || event.paths.iter().any(|path| path.is_dir());
        self.everything |= event.need_rescan()
            || (folder_changed && !event.paths.iter().all(|path| names_file(path)));
        let inside = event
            .paths
            .iter()
            .filter_map(|path| path.strip_prefix(gallery).ok());
        self.paths.extend(
            inside
                .filter(|path| !is_hidden(path))
                .map(Path::to_path_buf),
        );
        if self.paths.len() > MAX_PATHS {
            self.paths.clear();
            self.everything = true;
        }
        !self.is_empty()
    }
}

#[cfg(feature = "gui")]
fn names_file(path: &Path) -> bool {
    path.extension().is_some()
        || path
            .components()
            .any(|part| part.as_os_str() == super::OWN_FOLDER)
}
