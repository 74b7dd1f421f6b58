//! Making checkpoints.
//!
//! The parts know nothing of each other: [`parameters`] names a module's tensors, [`optimizer`] moves them (matrices by
//! [`muon`]), [`average`] smooths them, [`state`] keeps them on disk, [`flow_matching`] and [`autoencoding`] say what is
//! wanted of them, and [`trainer`] is the loop. A training is a module, a source of batches and a loss; [`demo`] is the
//! first one: the model that comes with the program.

pub mod autoencoding;
pub mod average;
mod clock;
pub mod curve;
pub mod demo;
mod error;
pub mod flow_matching;
pub mod muon;
pub mod optimizer;
pub mod parameters;
pub mod prefetch;
pub mod state;
pub mod trainer;

pub use error::TrainError;
