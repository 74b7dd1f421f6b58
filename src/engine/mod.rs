//! The thread that owns a device, and its durable queue.
//!
//! - [`queue`]: [jobs](job) in an order that may change while one runs; a private `queue_file` keeps them on disk.
//! - [`command`] and [`event`]: what goes in and what comes out, over bounded channels; [`slots`] hold the newest
//!   preview and status, so that a window that is slow or hidden never makes the thread wait.
//! - `worker`: the thread's loop. [`painter`] is what it asks of a model and
//!   [`loader`] where models come from, [`keeper`] where pictures go.
//! - [`memory`] and [`forecast`]: what a request will take, before it is started.
//! - [`priority`]: how the thread leaves the window its share.
//!
//! The rules of the loop: each job has exactly one [`Event::Ended`]; a picture that is finished is on disk before
//! anyone hears of it; a cancelled one is never written; a panic costs one job, not the program.

pub mod command;
pub mod error;
pub mod event;
pub mod forecast;
pub mod handle;
pub mod job;
pub mod keeper;
pub mod loader;
pub mod memory;
pub mod painter;
pub mod priority;
pub mod queue;
mod queue_file;
mod shared;
pub mod slots;
mod worker;

pub use command::{Command, ModelChoice};
pub use error::EngineError;
pub use event::{Event, Outcome};
pub use forecast::Forecast;
pub use handle::EngineHandle;
pub use job::{Job, JobId, JobState, QueueView};
pub use keeper::{GalleryKeeper, Keeper, Kept, SaveTo};
pub use loader::PipelineLoader;
pub use memory::{Demands, Fit};
pub use painter::{Loader, Painter, PreviewQuality, Progress, Provenance};
pub use queue::{Queue, QueueError, Removed};
pub use queue_file::Restored;
pub use slots::{Preview, Status};
pub use worker::Engine;

pub use crate::pipeline::CancelToken;
