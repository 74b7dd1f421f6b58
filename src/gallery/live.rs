//! The gallery as the window sees it: a list that is always ready, kept up to date by a thread of its own.

mod keeper;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::entry::Entry;
use keeper::Keeper;

/// Commands that may wait.
const COMMANDS: usize = 256;

/// The pictures that the search finds, and what there is to say about the gallery.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The gallery's folder.
    pub folder: PathBuf,
    /// What the search finds, newest first.
    pub pictures: Vec<Arc<Entry>>,
    /// How many pictures there are in all.
    pub total: usize,
    /// How many of them were not opened yet, so that a search cannot find them.
    pub unread: usize,
    /// The search that was made.
    pub query: String,
    /// How many pictures the next undo brings back.
    pub undoable: usize,
    /// Why the gallery cannot be read or written, while that is so.
    pub problem: Option<String>,
    /// Whether the folder was looked through since the gallery was opened.
    pub complete: bool,
    /// Grows with each change.
    pub revision: u64,
}

/// Something that the designer should hear once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// These pictures, relative to the gallery, are in the trash.
    Trashed(Vec<PathBuf>),
    /// These are not, for a reason told as a [`Problem`](Self::Problem).
    NotTrashed(Vec<PathBuf>),
    /// These pictures, relative to the gallery, are back.
    Restored(Vec<PathBuf>),
    /// A picture that was to come back is not in the trash any more.
    NotRestored,
    /// Something went wrong.
    Problem(String),
}

enum Order {
    Search(String),
    Star(Vec<PathBuf>, bool),
    Trash(Vec<PathBuf>),
    Undo,
    Restore(PathBuf),
    Note(PathBuf),
    Rescan,
    EmptyTrash,
    Close,
}

/// A folder of pictures, watched. No method waits.
pub struct Gallery {
    orders: Sender<Order>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    view: Mutex<Arc<View>>,
    notices: Mutex<Vec<Notice>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Gallery {
    /// Opens `folder`, with what an earlier run left in `cache` to begin with. `wake` is called after each change, from
    /// the gallery's thread; it must return at once.
    ///
    /// # Errors
    /// The system grants no thread.
    pub fn open(
        folder: &Path,
        cache: &Path,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = bounded(COMMANDS);
        let view = View {
            folder: folder.to_owned(),
            ..View::default()
        };
        let shared = Arc::new(Shared {
            view: Mutex::new(Arc::new(view)),
            notices: Mutex::default(),
            wake,
        });
        let (folder, cache, thread_shared) =
            (folder.to_owned(), cache_file(folder, cache), shared.clone());
        let work = move || Keeper::open(folder, cache, thread_shared).run(&inbox);
        let thread = std::thread::Builder::new()
            .name("gallery".into())
            .spawn(work)?;
        Ok(Self {
            orders,
            shared,
            thread: Some(thread),
        })
    }

    /// The list as it is now. Cheap: call it each frame.
    pub fn view(&self) -> Arc<View> {
        self.shared
            .view
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What there is to say since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(
            &mut *self
                .shared
                .notices
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Shows what `query` finds; see [`search`](super::search) for the language.
    pub fn search(&self, query: &str) {
        self.order(Order::Search(query.to_owned()));
    }

    /// Stars or unstars pictures, named relative to the gallery.
    pub fn star(&self, pictures: Vec<PathBuf>, star: bool) {
        self.order(Order::Star(pictures, star));
    }

    /// Deletes pictures, named relative to the gallery, as one step that can be undone.
    pub fn trash(&self, pictures: Vec<PathBuf>) {
        self.order(Order::Trash(pictures));
    }

    /// Brings the last deletion back, also one of an earlier run.
    pub fn undo_trash(&self) {
        self.order(Order::Undo);
    }

    /// Brings the deletion back that this picture, named relative to the gallery, was part of.
    pub fn restore(&self, picture: PathBuf) {
        self.order(Order::Restore(picture));
    }

    /// Hands all deletions to the system's trash now.
    pub fn empty_trash(&self) {
        self.order(Order::EmptyTrash);
    }

    /// Shows a picture that was just written, without waiting for the system to notice it. Takes its full path.
    pub fn note(&self, picture: &Path) {
        self.order(Order::Note(picture.to_owned()));
    }

    /// Looks through the whole folder again.
    pub fn rescan(&self) {
        self.order(Order::Rescan);
    }

    fn order(&self, order: Order) {
        if let Err(refused) = self.orders.try_send(order) {
            let busy = "the gallery is busy with a slow folder; try again in a moment";
            let mut notices = self
                .shared
                .notices
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            notices.push(Notice::Problem(busy.to_owned()));
            if let Order::Trash(pictures) = refused.into_inner() {
                notices.push(Notice::NotTrashed(pictures));
            }
        }
    }
}

impl Drop for Gallery {
    /// Does not wait for a folder that hangs: the thread ends by itself when its channel closes.
    fn drop(&mut self) {
        if self
            .orders
            .send_timeout(Order::Close, Duration::from_millis(100))
            .is_ok()
        {
            let since = Instant::now();
            while self
                .thread
                .as_ref()
                .is_some_and(|thread| !thread.is_finished())
                && since.elapsed() < Duration::from_secs(2)
            {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

/// One cache file a gallery, told apart by a digest of its path.
fn cache_file(gallery: &Path, cache: &Path) -> PathBuf {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(gallery.as_os_str().as_encoded_bytes());
    let name: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    cache.join(format!("gallery-{name}.jsonl"))
}
