//! A request becomes pixels.

mod cancel;
pub mod device;
mod error;
mod observer;
mod picture;
pub mod preview;

pub use cancel::CancelToken;
pub use device::{DeviceChoice, DeviceInfo, Placement, Precision, list_devices};
pub use error::PipelineError;
pub use observer::{Observer, Silent, Stage, StepReport};
pub use picture::{PeakMemory, Picture, Timings};
