//! The gallery as the window sees it: a list that is always ready, kept up to date by a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, never, select};

use super::entry::Entry;
use super::index::{self, Index};
use super::search::Query;
use super::stars::Stars;
use super::trash::{Moves, Trash};
use super::watch::{Changes, Watch};

/// Commands that may wait.
const COMMANDS: usize = 256;

/// Changes come in bursts: they are looked at once none came for so long.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// While many pictures are being opened, the window hears of it this often.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);

/// Pictures opened between two looks at the commands.
const READ_AT_ONCE: usize = 256;

/// The cache is written when nothing has happened for so long.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// Deletions can be undone for so long; then the system's trash has them.
const UNDO_FOR: Duration = Duration::from_secs(24 * 3600);

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
    /// So many pictures are in the trash.
    Trashed(usize),
    /// So many pictures are back.
    Restored(usize),
    /// Something went wrong.
    Problem(String),
}

enum Order {
    Search(String),
    Star(Vec<PathBuf>, bool),
    Trash(Vec<PathBuf>),
    Undo,
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
        if self.orders.try_send(order).is_err() {
            let busy = "the gallery is busy with a slow folder; try again in a moment";
            let mut notices = self
                .shared
                .notices
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            notices.push(Notice::Problem(busy.to_owned()));
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

/// The thread's own state.
struct Keeper {
    folder: PathBuf,
    cache: PathBuf,
    shared: Arc<Shared>,
    index: Index,
    /// All pictures in order, while the index is as it was; a search then need not sort them anew.
    sorted: Option<Vec<Arc<Entry>>>,
    stars: Stars,
    trash: Trash,
    query: (String, Query),
    problem: Option<String>,
    complete: bool,
    revision: u64,
    published: Instant,
    unsaved: bool,
}

impl Keeper {
    fn open(folder: PathBuf, cache: PathBuf, shared: Arc<Shared>) -> Self {
        let (stars, warning) = Stars::open(&folder);
        let mut keeper = Self {
            index: Index::load(&cache, &folder),
            sorted: None,
            stars,
            trash: Trash::of(&folder),
            query: Default::default(),
            problem: None,
            complete: false,
            revision: 0,
            published: Instant::now(),
            unsaved: false,
            folder,
            cache,
            shared,
        };
        if let Some(warning) = warning {
            keeper.say(Notice::Problem(warning));
        }
        if !keeper.index.is_empty() {
            keeper.publish();
        }
        keeper
    }

    fn run(mut self, inbox: &Receiver<Order>) {
        let mut watch = self.watch();
        self.walk();
        self.trash.hand_over(UNDO_FOR);
        loop {
            let busy = self.read_some();
            let order = if busy {
                match inbox.try_recv() {
                    Ok(order) => Some(order),
                    Err(crossbeam_channel::TryRecvError::Empty) => None,
                    Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Order::Close),
                }
            } else {
                self.wait(inbox, watch.as_ref())
            };
            match order {
                Some(Order::Close) => break,
                Some(Order::Rescan) => {
                    watch = watch.or_else(|| self.watch());
                    self.walk();
                }
                Some(order) => self.obey(order),
                None => {}
            }
            if let Some(changes) = watch
                .as_ref()
                .map(Watch::take)
                .filter(|changes| !changes.is_empty())
            {
                self.look_at(changes);
            }
        }
        self.save();
    }

    /// Waits for an order, or until a burst of changes is over.
    fn wait(&mut self, inbox: &Receiver<Order>, watch: Option<&Watch>) -> Option<Order> {
        let silent = never();
        let bell = watch.map_or(&silent, Watch::bell);
        let idle = if self.unsaved {
            SAVE_AFTER
        } else {
            Duration::MAX
        };
        select! {
            recv(inbox) -> order => return Some(order.unwrap_or(Order::Close)),
            recv(bell) -> _ => {}
            default(idle) => {
                self.save();
                return None;
            }
        }
        // The bell rings again for each further change. Orders are not made to wait for the end of the burst.
        loop {
            select! {
                recv(inbox) -> order => return Some(order.unwrap_or(Order::Close)),
                recv(bell) -> _ => {}
                default(DEBOUNCE) => return None,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Search(text) => {
                self.query = (text.clone(), Query::parse(&text));
                self.publish();
            }
            Order::Star(paths, star) => match self.stars.set(&paths, star) {
                Ok(()) => self.publish_changed(),
                Err(error) => self.say(Notice::Problem(error.to_string())),
            },
            Order::Trash(paths) => {
                let moves = self.trash.put(&paths);
                self.take_moves(moves, Notice::Trashed);
            }
            Order::Undo => {
                let moves = self.trash.undo();
                self.take_moves(moves, Notice::Restored);
            }
            Order::EmptyTrash => {
                self.trash.hand_over(Duration::ZERO);
                self.publish();
            }
            Order::Note(path) => {
                if let Ok(path) = path.strip_prefix(&self.folder).map(Path::to_path_buf) {
                    self.look_at(Changes {
                        paths: [path].into(),
                        everything: false,
                    });
                }
            }
            Order::Rescan | Order::Close => {}
        }
    }

    fn take_moves(&mut self, moves: std::io::Result<Moves>, notice: fn(usize) -> Notice) {
        match moves {
            Ok(Moves { done, failed }) => {
                if let Some((path, reason)) = failed.first() {
                    let others = failed.len() - 1;
                    let others = if others > 0 {
                        format!(" (and {others} more)")
                    } else {
                        String::new()
                    };
                    self.say(Notice::Problem(format!(
                        "{}: {reason}{others}",
                        path.display()
                    )));
                }
                if !done.is_empty() {
                    self.say(notice(done.len()));
                }
                for path in &done {
                    self.index.look_at(&self.folder, path);
                }
                self.unsaved = true;
                self.publish_changed();
            }
            Err(error) => self.say(Notice::Problem(format!(
                "the trash of the gallery: {error}"
            ))),
        }
    }

    fn watch(&mut self) -> Option<Watch> {
        match Watch::start(&self.folder) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::info!("the gallery is not watched: {error}");
                None
            }
        }
    }

    /// Looks through the whole folder, without opening pictures.
    fn walk(&mut self) {
        let mut troubles = 0;
        let mut first_trouble = None;
        let mut trouble = |folder: &Path, error: std::io::Error| {
            troubles += 1;
            first_trouble.get_or_insert_with(|| format!("{}: {error}", folder.display()));
        };
        match index::walk(&self.folder, &mut trouble) {
            Ok(found) => {
                self.unsaved |= self.index.take_walk(found);
                self.problem = first_trouble
                    .map(|first| format!("{troubles} folders cannot be read, first {first}"));
            }
            // A folder that nothing was ever saved into need not exist.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.index.is_empty() => {
            }
            // The list stays: the disk may come back.
            Err(error) => self.problem = Some(format!("{}: {error}", self.folder.display())),
        }
        self.complete = true;
        self.publish_changed();
    }

    fn look_at(&mut self, changes: Changes) {
        if changes.everything {
            return self.walk();
        }
        let mut changed = false;
        for path in &changes.paths {
            changed |= self.index.look_at(&self.folder, path);
        }
        if changed {
            self.unsaved = true;
            self.publish_changed();
        }
    }

    /// Opens a few pictures that were not opened yet; true when there may be more.
    fn read_some(&mut self) -> bool {
        let unread = self.index.unread(READ_AT_ONCE);
        for path in &unread {
            let details = index::read_details(&self.folder.join(path));
            self.index.update(path, |entry| entry.details = details);
        }
        let more = unread.len() == READ_AT_ONCE;
        if !unread.is_empty() {
            self.unsaved = true;
            if !more || self.published.elapsed() > PUBLISH_EVERY {
                self.publish_changed();
            }
        }
        more
    }

    /// Shows what has changed in the index or the stars.
    fn publish_changed(&mut self) {
        self.sorted = None;
        self.publish();
    }

    fn publish(&mut self) {
        self.revision += 1;
        let (query, parsed) = &self.query;
        let sorted = self.sorted.get_or_insert_with(|| {
            let mut pictures = self.index.newest_first();
            for entry in &mut pictures {
                let star = self.stars.has(&entry.path);
                if entry.star != star {
                    Arc::make_mut(entry).star = star;
                }
            }
            pictures
        });
        let mut pictures = sorted.clone();
        let total = pictures.len();
        let unread = self.index.unread_count();
        if !parsed.is_empty() {
            pictures.retain(|entry| parsed.finds(entry));
        }
        let view = View {
            folder: self.folder.clone(),
            pictures,
            total,
            unread,
            query: query.clone(),
            undoable: self.trash.undoable(),
            problem: self.problem.clone(),
            complete: self.complete,
            revision: self.revision,
        };
        *self
            .shared
            .view
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        self.published = Instant::now();
        (self.shared.wake)();
    }

    fn save(&mut self) {
        if std::mem::take(&mut self.unsaved)
            && let Err(error) = self.index.save(&self.cache, &self.folder)
        {
            tracing::warn!("{error}");
        }
    }

    fn say(&self, notice: Notice) {
        self.shared
            .notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(notice);
        (self.shared.wake)();
    }
}
