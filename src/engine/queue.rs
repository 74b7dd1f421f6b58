//! The jobs that wait, in an order that may be changed while one runs, kept on disk.
//!
//! The window changes the queue and reads a view of it; the engine takes the next job from it. A change shows at once
//! and reaches the disk right after, written by [`QueueFile`](super::queue_file::QueueFile) on its own thread. A job
//! leaves the queue when it is finished or cancelled; a failed one stays, to be tried again. So what the file holds is
//! what is still to be done, and a job cut off by a crash is there at the next start.

mod removal;

pub use removal::Removed;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::CancelToken;
use super::job::{Job, JobId, JobState, MAX_JOBS, QueueView};
use super::queue_file::{QueueFile, Restored};
use crate::request::Request;

/// Why the queue did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// There is no room.
    #[error("the queue holds {MAX_JOBS} jobs, which is the most; let some finish or remove some")]
    Full,
    /// The job is no longer there.
    #[error("job {0} is no longer in the queue; it has finished or was removed")]
    Gone(JobId),
    /// The job runs, so that it cannot be edited or moved.
    #[error("job {0} is being painted; cancel it, or add a changed one")]
    Running(JobId),
}

/// The queue, shared by the window and the engine.
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Mutex<Shared>>,
    file: Option<Arc<QueueFile>>,
}

#[derive(Default)]
struct Shared {
    view: Arc<QueueView>,
    next_id: u64,
    running: Option<(JobId, CancelToken)>,
    /// A job that does not start for now.
    held: Option<JobId>,
    /// Jobs removed before they ran, whose one terminal event the engine has still to send.
    cancelled: VecDeque<JobId>,
}

impl Shared {
    /// The place of the job that is to be started next.
    fn next(&self) -> Option<usize> {
        let mut jobs = self.view.jobs.iter();
        jobs.position(|job| job.state == JobState::Waiting && self.held != Some(job.id))
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::in_memory()
    }
}

impl Queue {
    /// A queue that ends with the program, for headless commands.
    pub fn in_memory() -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                next_id: 1,
                ..Shared::default()
            })),
            file: None,
        }
    }

    /// The queue kept at `path`, paused when it holds jobs from an earlier run, so that they can be offered first.
    ///
    /// A file that cannot be read is put aside, and said in [`Restored::warning`].
    pub fn open(path: PathBuf) -> (Self, Restored) {
        let (jobs, next_id, restored) = super::queue_file::restore(&path);
        let view = QueueView {
            paused: !jobs.is_empty(),
            jobs,
            ..QueueView::default()
        };
        let shared = Arc::new(Mutex::new(Shared {
            view: Arc::new(view),
            next_id,
            ..Shared::default()
        }));
        let queue = Self {
            shared,
            file: Some(Arc::new(QueueFile::spawn(path))),
        };
        (queue, restored)
    }

    /// The queue as it is now.
    pub fn view(&self) -> Arc<QueueView> {
        let mut view = self.lock().view.clone();
        if let Some(reason) = self.file.as_ref().and_then(|file| file.last_error()) {
            Arc::make_mut(&mut view).unsaved = Some(reason);
        }
        view
    }

    /// Adds a job at the end.
    pub fn push(&self, request: Request) -> Result<JobId, QueueError> {
        self.insert(request, false)
    }

    /// Adds a job that runs before all that wait.
    pub fn push_front(&self, request: Request) -> Result<JobId, QueueError> {
        self.insert(request, true)
    }

    fn insert(&self, request: Request, first: bool) -> Result<JobId, QueueError> {
        let mut shared = self.lock();
        if shared.view.jobs.len() >= MAX_JOBS {
            return Err(QueueError::Full);
        }
        let id = JobId(shared.next_id);
        shared.next_id += 1;
        let job = Job {
            id,
            request,
            created: now_ms(),
            state: JobState::Waiting,
            painted: 0,
            attempts: 0,
        };
        self.change(&mut shared, |jobs| {
            let place = if first {
                first_movable(jobs)
            } else {
                jobs.len()
            };
            jobs.insert(place, Arc::new(job));
        });
        Ok(id)
    }

    /// Gives a waiting or failed job another request; it starts afresh.
    pub fn edit(&self, id: JobId, request: Request) -> Result<(), QueueError> {
        self.change_waiting(id, |job| {
            job.request = request;
            job.state = JobState::Waiting;
            job.painted = 0;
            job.attempts = 0;
        })
    }

    /// Lets a failed job wait again. Pictures that it made are kept and not painted again.
    pub fn retry(&self, id: JobId) -> Result<(), QueueError> {
        self.change_waiting(id, |job| {
            job.state = JobState::Waiting;
            job.attempts = 0;
        })
    }

    /// Moves a job to `place` among the jobs that do not run (0 is next); beyond the end means the end.
    pub fn move_to(&self, id: JobId, place: usize) -> Result<(), QueueError> {
        self.relocate(id, |_, others| first_movable(others).saturating_add(place))
    }

    /// Moves a job to stand before another one, or to the end. Before the one that runs, or one that has ended meanwhile,
    /// means first of those that do not run.
    pub fn move_before(&self, id: JobId, before: Option<JobId>) -> Result<(), QueueError> {
        self.relocate(id, |from, others| match before {
            Some(before) if before == id => from,
            Some(before) => find(others, before).unwrap_or(0),
            None => others.len(),
        })
    }

    /// Moves a job one place towards the front (`-1`) or the back (`1`), or further.
    pub fn move_by(&self, id: JobId, places: isize) -> Result<(), QueueError> {
        self.relocate(id, |from, _| from.saturating_add_signed(places))
    }

    /// Moves a job to the place in the queue that is found from its own and the other jobs, behind the one that runs.
    fn relocate(
        &self,
        id: JobId,
        place: impl FnOnce(usize, &[Arc<Job>]) -> usize,
    ) -> Result<(), QueueError> {
        let mut shared = self.lock();
        let from = find(&shared.view.jobs, id)?;
        if shared.view.jobs[from].state == JobState::Running {
            return Err(QueueError::Running(id));
        }
        self.change(&mut shared, |jobs| {
            let job = jobs.remove(from);
            let place = place(from, jobs).max(first_movable(jobs)).min(jobs.len());
            jobs.insert(place, job);
        });
        Ok(())
    }

    /// Keeps one job from being started, and lets go of the one that was kept before. It is not written down: a held job
    /// is an ordinary one at the next start.
    pub fn hold(&self, job: Option<JobId>) {
        self.lock().held = job;
    }

    /// Cancels a job: one that runs is told to stop, any other leaves the queue now.
    pub fn cancel(&self, id: JobId) -> Result<(), QueueError> {
        let mut shared = self.lock();
        let place = find(&shared.view.jobs, id)?;
        match &shared.running {
            Some((running, token)) if *running == id => token.cancel(),
            _ => {
                shared.cancelled.push_back(id);
                self.change(&mut shared, |jobs| {
                    jobs.remove(place);
                });
            }
        }
        Ok(())
    }

    /// Tells the running job to stop, if one runs.
    pub fn cancel_running(&self) -> Option<JobId> {
        let shared = self.lock();
        let (id, token) = shared.running.as_ref()?;
        token.cancel();
        Some(*id)
    }

    /// Holds new jobs back, or lets them go on.
    pub fn set_paused(&self, paused: bool) {
        let mut shared = self.lock();
        if shared.view.paused != paused {
            Arc::make_mut(&mut shared.view).paused = paused;
            self.change(&mut shared, |_| ());
        }
    }

    /// Whether new jobs are held back.
    pub fn is_paused(&self) -> bool {
        self.lock().view.paused
    }

    /// Waits until all changes are on disk; false when the disk refused.
    pub fn flush(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.flush())
    }

    /// For the engine: whether there is a job to start.
    pub(super) fn has_next(&self) -> bool {
        let shared = self.lock();
        !shared.view.paused && shared.next().is_some()
    }

    /// For the engine: starts the next waiting job, and names the token that stops it.
    pub(super) fn start_next(&self) -> Option<(Arc<Job>, CancelToken)> {
        let mut shared = self.lock();
        if shared.view.paused || shared.running.is_some() {
            return None;
        }
        let place = shared.next()?;
        let token = CancelToken::default();
        let mut started = (*shared.view.jobs[place]).clone();
        started.state = JobState::Running;
        started.attempts += 1;
        let started = Arc::new(started);
        shared.running = Some((started.id, token.clone()));
        self.change(&mut shared, |jobs| {
            jobs.remove(place);
            jobs.insert(0, started.clone());
        });
        Some((started, token))
    }

    /// For the engine: one more picture of the running job is in the gallery.
    pub(super) fn note_painted(&self, id: JobId) {
        let mut shared = self.lock();
        self.change(&mut shared, |jobs| {
            if let Some(job) = jobs.iter_mut().find(|job| job.id == id) {
                Arc::make_mut(job).painted += 1;
            }
        });
    }

    /// For the engine: the running job came to an end.
    pub(super) fn end(&self, id: JobId, ending: Ending) {
        let mut shared = self.lock();
        shared.running = None;
        self.change(&mut shared, |jobs| {
            let Some(place) = jobs.iter().position(|job| job.id == id) else {
                return;
            };
            match ending {
                Ending::Leaves => {
                    jobs.remove(place);
                }
                Ending::Failed(reason) => {
                    Arc::make_mut(&mut jobs[place]).state = JobState::Failed { reason }
                }
                Ending::WaitsAgain => Arc::make_mut(&mut jobs[place]).state = JobState::Waiting,
            }
        });
    }

    /// For the engine: a job cancelled before it ran, whose end is still to be told.
    pub(super) fn next_cancelled(&self) -> Option<JobId> {
        self.lock().cancelled.pop_front()
    }

    fn change_waiting(&self, id: JobId, edit: impl FnOnce(&mut Job)) -> Result<(), QueueError> {
        let mut shared = self.lock();
        let place = find(&shared.view.jobs, id)?;
        if shared.view.jobs[place].state == JobState::Running {
            return Err(QueueError::Running(id));
        }
        self.change(&mut shared, |jobs| edit(Arc::make_mut(&mut jobs[place])));
        Ok(())
    }

    /// Every change goes through here: the view gets a new revision, and the file its newest content.
    fn change(&self, shared: &mut Shared, edit: impl FnOnce(&mut Vec<Arc<Job>>)) {
        let view = Arc::make_mut(&mut shared.view);
        edit(&mut view.jobs);
        view.revision += 1;
        if let Some(file) = &self.file {
            file.save(shared.next_id, shared.view.clone());
        }
    }

    /// The state is whole between statements, so that a panic elsewhere does not make it unusable.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a running job left off.
pub(super) enum Ending {
    /// Finished or cancelled: it is gone.
    Leaves,
    /// It stays, marked.
    Failed(String),
    /// It was not its fault: it is next again.
    WaitsAgain,
}

fn find(jobs: &[Arc<Job>], id: JobId) -> Result<usize, QueueError> {
    jobs.iter()
        .position(|job| job.id == id)
        .ok_or(QueueError::Gone(id))
}

/// The first place that a job may be moved to: behind the one that runs.
fn first_movable(jobs: &[Arc<Job>]) -> usize {
    usize::from(
        jobs.first()
            .is_some_and(|job| job.state == JobState::Running),
    )
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
