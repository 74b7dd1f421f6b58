//! The way out: events, status and previews.

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_channel::{Receiver, RecvError, Sender, TrySendError, select};

use super::super::shared::Shared;
use super::super::slots::Painting;
use super::super::{Command, Event, JobId, Preview, PreviewQuality, Progress, Status};

/// What the worker tells the window, without ever waiting for it.
pub(super) struct Desk {
    events: Sender<Event>,
    /// What did not fit into the channel. Holds a few events a job at most.
    waiting: VecDeque<Event>,
    pub shared: Shared,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Desk {
    pub fn new(events: Sender<Event>, shared: Shared, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            events,
            waiting: VecDeque::new(),
            shared,
            wake,
        }
    }

    /// Waits for a command, or sends an event that had to wait once there is room for it; `Err` when nobody is left to
    /// command.
    pub fn wait(&mut self, inbox: &Receiver<Command>) -> Result<Option<Command>, RecvError> {
        let Some(event) = self.waiting.pop_front() else {
            return inbox.recv().map(Some);
        };
        select! {
            recv(inbox) -> command => {
                self.waiting.push_front(event);
                command.map(Some)
            }
            send(self.events, event.clone()) -> sent => {
                if sent.is_ok() {
                    (self.wake)();
                }
                Ok(None)
            }
        }
    }

    /// Sends an event that must arrive. Never waits: what does not fit is sent later, in order.
    pub fn tell(&mut self, event: Event) {
        self.waiting.push_back(event);
        self.flush();
    }

    /// Sends an event that may be skipped.
    pub fn mention(&mut self, event: Event) {
        self.flush();
        if self.waiting.is_empty() && self.events.try_send(event).is_ok() {
            (self.wake)();
        }
    }

    pub fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => (self.wake)(),
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return;
                }
                // Nobody is left to hear it.
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
    }

    pub fn status(&self, status: Status) {
        self.shared.status.put(status);
    }

    pub fn progress(&mut self, job: JobId, picture: u32, progress: Progress<'_>) {
        self.shared.pulse.beat();
        match progress {
            Progress::Stage(stage) => {
                self.update(|painting| painting.stage = Some(stage));
                self.mention(Event::Stage {
                    job,
                    picture,
                    stage,
                });
            }
            Progress::PromptCut(cut) => self.tell(Event::PromptCut { job, cut }),
            Progress::Step {
                step,
                steps,
                preview,
            } => {
                self.update(|painting| painting.note_step(step, steps));
                let quality = self.shared.previews.get();
                let wanted = match quality {
                    PreviewQuality::Off => false,
                    PreviewQuality::Fast => true,
                    // After the last step the picture itself is about to be decoded.
                    PreviewQuality::Good => step < steps,
                };
                if wanted {
                    self.shared.preview.put(Some(Preview {
                        job,
                        picture,
                        step,
                        image: preview(quality),
                    }));
                }
                self.mention(Event::Step {
                    job,
                    picture,
                    step,
                    steps,
                });
            }
        }
    }

    fn update(&self, change: impl FnOnce(&mut Painting)) {
        self.shared.status.update(|status| {
            if let Status::Painting(painting) = status {
                change(painting);
            }
        });
    }
}
