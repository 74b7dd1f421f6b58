//! The window's end of the engine.

use std::process::Command as Process;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::shared::Shared;
use super::worker::{Engine, Worker};
use super::{
    Command, EngineError, Event, JobId, ModelChoice, Preview, PreviewQuality, Queue, QueueError,
    SaveTo, Status,
};
use crate::request::Request;

/// Commands that may wait to be read.
pub const COMMANDS: usize = 64;

/// Events that may wait to be read; the engine keeps what does not fit, and skips progress.
pub const EVENTS: usize = 256;

/// How long closing waits for the thread before it is left behind.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Starts the thread. It has no model until [`EngineHandle::load`].
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when the system grants no thread.
    pub fn spawn(self) -> Result<EngineHandle, EngineError> {
        let (commands, inbox) = bounded(COMMANDS);
        let (outbox, events) = bounded(EVENTS);
        let shared = Shared::default();
        let queue = self.queue.clone();
        let worker_shared = shared.clone();
        let thread = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || Worker::new(self, worker_shared, inbox, outbox).run())
            .map_err(|_| EngineError::Unreachable("the system grants no further thread"))?;
        Ok(EngineHandle {
            commands,
            events,
            queue,
            shared,
            thread: Some(thread),
        })
    }
}

/// Tells the engine what to do, and hears from it. No method waits for the engine, but for [`shutdown`](Self::shutdown).
pub struct EngineHandle {
    commands: Sender<Command>,
    events: Receiver<Event>,
    queue: Queue,
    shared: Shared,
    thread: Option<JoinHandle<()>>,
}

impl EngineHandle {
    /// What the engine tells; read until empty whenever woken.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// The newest preview, if there is one that was not taken yet.
    pub fn take_preview(&self) -> Option<Preview> {
        self.shared.preview.take()
    }

    /// How previews are made from now on.
    pub fn set_previews(&self, quality: PreviewQuality) {
        self.shared.previews.put(quality);
    }

    /// What the engine is doing.
    pub fn status(&self) -> Status {
        self.shared.status.get()
    }

    /// How long the engine has been silent in the midst of work. A step on a slow device may well take minutes, so that
    /// this is something to show, never a reason to kill.
    pub fn silent_for(&self) -> Option<Duration> {
        match self.status() {
            Status::Loading { .. } | Status::Painting(_) => Some(self.shared.pulse.silence()),
            Status::NoModel | Status::Ready(_) | Status::DeviceLost(_) => None,
        }
    }

    /// Whether the thread is there.
    pub fn is_alive(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    /// The queue. After a change through it, call [`look`](Self::look); the methods below do.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Frees the model in use and loads another, after the running job. A model that is still being read is not read
    /// to its end.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`], as for all commands.
    pub fn load(&self, choice: ModelChoice) -> Result<(), EngineError> {
        self.replace_model(Command::Load(choice))
    }

    /// Frees the model in use, after the running job; as [`load`](Self::load) of none.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`].
    pub fn unload(&self) -> Result<(), EngineError> {
        self.replace_model(Command::Unload)
    }

    fn replace_model(&self, command: Command) -> Result<(), EngineError> {
        // Looked at before the command is sent: what it begins to read must not be stopped.
        let outdated = self.shared.loading.get();
        self.send(command)?;
        if let Some(token) = outdated {
            token.cancel();
        }
        Ok(())
    }

    /// Stops what the engine is doing: the running job, or, within one tensor, the model that is being read, of which
    /// nothing stays in memory.
    pub fn cancel_current(&self) {
        if let Some(token) = self.shared.loading.get() {
            token.cancel();
        }
        self.queue.cancel_running();
        self.look();
    }

    /// Puts finished pictures elsewhere from now on.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`].
    pub fn save_to(&self, place: SaveTo) -> Result<(), EngineError> {
        self.send(Command::SaveTo(place))
    }

    /// Adds a job.
    ///
    /// # Errors
    /// [`QueueError::Full`].
    pub fn submit(&self, request: Request) -> Result<JobId, QueueError> {
        let id = self.queue.push(request)?;
        self.look();
        Ok(id)
    }

    /// Cancels a job that waits or runs.
    ///
    /// # Errors
    /// [`QueueError::Gone`] when it has ended meanwhile.
    pub fn cancel(&self, id: JobId) -> Result<(), QueueError> {
        self.queue.cancel(id)?;
        self.look();
        Ok(())
    }

    /// Holds new jobs back, or lets them go on.
    pub fn set_paused(&self, paused: bool) {
        self.queue.set_paused(paused);
        self.look();
    }

    /// Lets the engine see that the queue has changed.
    pub fn look(&self) {
        // A full channel means that the engine is about to look anyway; a closed one, that there is nobody to tell.
        self.commands.try_send(Command::Look).ok();
    }

    /// Ends the thread: the running job is put back into the queue and the queue written to disk. Waits a few seconds at
    /// most; returns whether the thread has ended.
    pub fn shutdown(&mut self) -> bool {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.cancel_current();
        let Some(thread) = self.thread.take() else {
            return true;
        };
        let since = Instant::now();
        while !thread.is_finished() && since.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        let ended = thread.is_finished();
        if ended {
            // A panic that got this far was reported by the panic hook.
            thread.join().ok();
        }
        self.queue.flush();
        ended
    }

    fn send(&self, command: Command) -> Result<(), EngineError> {
        self.commands.try_send(command).map_err(|error| {
            EngineError::Unreachable(match error {
                crossbeam_channel::TrySendError::Full(_) => {
                    "too many commands wait; try again in a moment"
                }
                crossbeam_channel::TrySendError::Disconnected(_) => {
                    "its thread has ended; restart Danqing"
                }
            })
        })
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.shutdown();
        }
    }
}

/// The process that takes this one's place, with the same arguments: start it and exit, and the queue and the draft are
/// there again. The only way to use a device again once it is lost.
///
/// # Errors
/// When the system does not say which program this is.
#[must_use = "the process has to be spawned"]
pub fn restart() -> std::io::Result<Process> {
    let mut process = Process::new(std::env::current_exe()?);
    process.args(std::env::args_os().skip(1));
    Ok(process)
}
