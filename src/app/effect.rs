//! What a change of state brings about outside of it. [`update`](super::update) asks, [`services`](super::services)
//! does.

use std::path::PathBuf;
use std::sync::Arc;

use super::settings::Settings;
use super::state::{ExportKind, RemovedPreset, TypedPath, Unsaved};
use crate::engine::{JobId, PreviewQuality, Removed};
use crate::gallery::Entry;
use crate::request::Request;
use crate::request::preset::Preset;

/// Something to be done outside the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Adds a job, before the others if `first`.
    Submit {
        /// What to paint.
        request: Box<Request>,
        /// Whether it runs before all that wait.
        first: bool,
    },
    /// Stops the job that runs.
    CancelRunning,
    /// Removes or stops a job.
    Cancel(JobId),
    /// Removes all that do not run.
    CancelWaiting,
    /// Removes those of these that do not run.
    Discard(Vec<JobId>),
    /// Puts jobs back that were removed.
    PutBack(Vec<Removed>),
    /// Holds the queue or lets it go on.
    Pause(bool),
    /// Tries a failed job again.
    Retry(JobId),
    /// Moves a job by places.
    MoveBy(JobId, isize),
    /// Moves a job before another one, or to the end.
    MoveBefore(JobId, Option<JobId>),
    /// Keeps a job from being started, or lets the kept one go.
    Hold(Option<JobId>),
    /// Gives a job another request.
    EditJob(JobId, Box<Request>),
    /// Frees the model in use and loads this one.
    Load(PathBuf),
    /// How previews are made.
    Previews(PreviewQuality),
    /// Looks for pictures.
    Search(String),
    /// Stars or unstars a picture.
    Star(PathBuf, bool),
    /// Moves a picture to the trash.
    Trash(PathBuf),
    /// Brings this picture back, or else the last deletion.
    UndoTrash(Option<PathBuf>),
    /// A small picture is wanted.
    Thumbnail(Arc<Entry>),
    /// A whole picture and what it says about itself are wanted.
    Picture(PathBuf),
    /// Only its pixels are wanted.
    Pixels(PathBuf),
    /// Uses another gallery folder or pattern.
    Gallery,
    /// Counts the prompt's tokens.
    CountTokens(String),
    /// Reads headers of a checkpoint.
    CheckModel(PathBuf),
    /// Looks again at devices and their memory.
    Devices,
    /// Reads files for import.
    Import(Vec<PathBuf>),
    /// Reads text for import.
    ImportText(String),
    /// Keeps a preset among the person's own.
    SavePreset {
        /// What to keep.
        preset: Box<Preset>,
        /// The picture of which a small one becomes its thumbnail.
        picture: Option<PathBuf>,
        /// The file of an earlier one that it replaces, and what that is called.
        replaced: Option<(PathBuf, String)>,
    },
    /// Removes the file of a preset that is called so.
    RemovePreset(PathBuf, String),
    /// Writes it again.
    RestorePreset(RemovedPreset),
    /// Writes it over the one that took its place.
    UndoReplace(RemovedPreset),
    /// Asks for files to import.
    PickFiles,
    /// Asks for a checkpoint folder.
    PickModel,
    /// Asks for a gallery folder.
    PickGallery,
    /// Asks where to save a copy of a picture.
    SaveCopy(PathBuf, ExportKind),
    /// Asks where a picture goes that could be written nowhere, and writes it there.
    SaveUnsaved(Unsaved),
    /// Does with a typed path what was asked for it.
    UsePath(TypedPath),
    /// Copies text.
    CopyText(String),
    /// Copies a picture.
    CopyPicture(PathBuf),
    /// Shows a file in its folder.
    Reveal(PathBuf),
    /// Opens a folder.
    OpenFolder(PathBuf),
    /// Writes the settings; language and theme take hold.
    Settings(Box<Settings>),
    /// Writes draft, history and models soon.
    SaveSession,
    /// Closes the window.
    Close,
    /// Makes the window's entry in the task bar blink once.
    Attention,
    /// Starts the program anew.
    Restart,
}
