//! Where finished pictures go.

use std::path::PathBuf;

use super::{EngineError, ModelChoice};
use crate::pipeline::Picture;
use crate::request::Request;

/// A folder, and how files in it are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveTo {
    /// The gallery.
    pub folder: PathBuf,
    /// The pattern of their names.
    pub pattern: String,
}

/// A picture that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its file.
    pub path: PathBuf,
    /// Why it is not in the gallery but in the folder for emergencies.
    pub instead: Option<String>,
}

/// Puts a finished picture where it is not lost.
pub trait Keeper: Send {
    /// Writes `picture`, which `model` painted for `request`.
    ///
    /// # Errors
    /// [`EngineError::NotSaved`] when it could be written nowhere.
    fn keep(
        &mut self,
        picture: &Picture,
        request: &Request,
        model: &ModelChoice,
    ) -> Result<Kept, EngineError>;

    /// Uses another folder from now on.
    fn save_to(&mut self, place: SaveTo);
}
