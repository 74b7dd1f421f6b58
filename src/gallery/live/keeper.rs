//! The thread that keeps the list up to date.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select};

use super::super::entry::Entry;
use super::super::index::{self, Index};
use super::super::search::Query;
use super::super::stars::Stars;
use super::super::trash::{Moves, Trash};
use super::super::watch::{Changes, Watch};
use super::{Notice, Order, Shared, View};

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

/// The thread's own state.
pub(super) struct Keeper {
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
    pub(super) fn open(folder: PathBuf, cache: PathBuf, shared: Arc<Shared>) -> Self {
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

    pub(super) fn run(mut self, inbox: &Receiver<Order>) {
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
                let kept: Vec<PathBuf> = match &moves {
                    Ok(moves) => moves.failed.iter().map(|(path, _)| path.clone()).collect(),
                    Err(_) => paths,
                };
                self.take_moves(moves, Notice::Trashed);
                if !kept.is_empty() {
                    self.say(Notice::NotTrashed(kept));
                }
            }
            Order::Undo => {
                let moves = self.trash.undo();
                self.take_moves(moves, Notice::Restored);
            }
            Order::Restore(picture) => match self.trash.undo_of(&picture).transpose() {
                Some(moves) => self.take_moves(moves, Notice::Restored),
                None => self.say(Notice::NotRestored),
            },
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

    fn take_moves(&mut self, moves: std::io::Result<Moves>, notice: fn(Vec<PathBuf>) -> Notice) {
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
                for path in &done {
                    self.index.look_at(&self.folder, path);
                }
                self.unsaved = true;
                self.publish_changed();
                if !done.is_empty() {
                    self.say(notice(done));
                }
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
