//! Places that hold only the newest value, for what is worthless once a newer one is there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use image::RgbImage;

use super::{Job, JobId, ModelChoice};
use crate::pipeline::Stage;

/// A small picture of the latents after a step.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The job it belongs to.
    pub job: JobId,
    /// Which of its pictures, from 0.
    pub picture: u32,
    /// After how many steps.
    pub step: u32,
    /// The pixels: an eighth of the picture's width and height, or all of it where it was decoded.
    pub image: RgbImage,
}

/// What the engine is doing at this moment.
#[derive(Clone, Debug, Default)]
pub enum Status {
    /// It has no model.
    #[default]
    NoModel,
    /// It reads a model.
    Loading {
        /// Which.
        choice: ModelChoice,
        /// Bytes read.
        done: u64,
        /// Bytes in all; 0 while unknown.
        total: u64,
        /// Since when.
        since: Instant,
    },
    /// A model is loaded, and nothing runs.
    Ready(ModelChoice),
    /// It paints.
    Painting(Painting),
    /// The device is lost; only a restart helps.
    DeviceLost(String),
}

/// A job in progress.
#[derive(Clone, Debug)]
pub struct Painting {
    /// The job.
    pub job: JobId,
    /// Which of its pictures, from 0.
    pub picture: u32,
    /// How many pictures it makes.
    pub pictures: u32,
    /// What is being done.
    pub stage: Option<Stage>,
    /// Steps of this picture that are done.
    pub step: u32,
    /// Steps of each picture.
    pub steps: u32,
    /// When this picture began.
    pub since: Instant,
    /// How fast its steps go, once one is done.
    pub pace: Option<Pace>,
}

impl Painting {
    pub(super) fn begin(job: &Job, picture: u32) -> Self {
        let request = &job.request;
        Self {
            job: job.id,
            picture,
            pictures: request.count.get(),
            stage: None,
            step: 0,
            steps: request.steps.get(),
            since: Instant::now(),
            pace: None,
        }
    }

    /// The first step of a picture may compile kernels, so that only the later ones set the pace, where there are any.
    pub(super) fn note_step(&mut self, step: u32, steps: u32) {
        let now = Instant::now();
        (self.step, self.steps) = (step, steps);
        self.pace = Some(match self.pace {
            None => Pace {
                last: now,
                mean: now.duration_since(self.since),
                counted: 0,
            },
            Some(pace) => pace.with_step(now),
        });
    }

    /// The time that the remaining steps of this picture will take, once one is done.
    pub fn time_left(&self) -> Option<Duration> {
        let pace = self.pace?;
        let left = pace.mean * self.steps.saturating_sub(self.step);
        Some(left.saturating_sub(pace.last.elapsed().min(pace.mean)))
    }
}

/// How fast the steps of a picture go.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    last: Instant,
    mean: Duration,
    counted: u32,
}

impl Pace {
    fn with_step(self, now: Instant) -> Self {
        let mean = (self.mean * self.counted + now.duration_since(self.last)) / (self.counted + 1);
        Self {
            last: now,
            mean,
            counted: self.counted + 1,
        }
    }
}

/// A place for the newest value; writing never waits for a reader.
#[derive(Debug)]
pub struct Slot<T>(Arc<Mutex<T>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Default> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Slot<T> {
    /// Replaces the value.
    pub fn put(&self, value: T) {
        // The old value is dropped after the lock is given back.
        let _old = std::mem::replace(&mut *self.lock(), value);
    }

    /// Changes the value in place.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.lock());
    }

    /// A copy of the value.
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Slot<Option<T>> {
    /// Takes the value out.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }
}
