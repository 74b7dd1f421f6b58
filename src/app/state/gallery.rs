//! What was made, and how it is looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::engine::JobId;
use crate::gallery::{self, Entry, Metadata};

/// The prompt of a picture, empty when it has none.
#[must_use]
pub fn prompt_of(entry: &Entry) -> &str {
    entry.facts().map_or("", |facts| facts.prompt.as_str())
}

/// Width and height of a picture, once its file was opened.
#[must_use]
pub fn size_of(entry: &Entry) -> Option<(u32, u32)> {
    entry.facts().map(|facts| (facts.width, facts.height))
}

/// What was made.
#[derive(Debug, Default)]
pub struct GalleryState {
    /// The pictures that match the search, newest first, as the gallery's thread keeps them.
    pub view: Arc<gallery::View>,
    /// What is searched for.
    pub query: String,
    /// Whether only starred pictures are shown.
    pub only_starred: bool,
    /// The picture on the canvas, relative to the folder as all paths here.
    pub chosen: Option<PathBuf>,
    /// The picture that was on the canvas before it.
    pub before: Option<PathBuf>,
    /// Pictures that are on their way to the trash, and still in the list.
    pub going: Vec<PathBuf>,
    /// How many columns the grid has; nothing before it was drawn.
    pub columns: usize,
    /// What is known of it; none of a picture that says nothing about itself.
    pub facts: Option<(PathBuf, Option<Arc<Metadata>>)>,
    /// Set for one frame when the list should scroll to the chosen picture.
    pub scroll_to_chosen: bool,
}

impl GalleryState {
    /// The pictures of the list.
    #[must_use]
    pub fn shown(&self) -> &[Arc<Entry>] {
        &self.view.pictures
    }

    /// The place of the chosen picture in the list.
    #[must_use]
    pub fn chosen_place(&self) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        self.shown()
            .iter()
            .position(|entry| entry.path.as_os_str() == chosen.as_os_str())
    }

    /// The entry of `path`.
    #[must_use]
    pub fn entry(&self, path: &Path) -> Option<&Arc<Entry>> {
        // As bytes: comparing paths part by part would take milliseconds among 50,000.
        self.shown()
            .iter()
            .find(|entry| entry.path.as_os_str() == path.as_os_str())
    }

    /// What is known of the chosen picture, once it is read.
    #[must_use]
    pub fn chosen_facts(&self) -> Option<&Arc<Metadata>> {
        let (path, facts) = self.facts.as_ref()?;
        facts
            .as_ref()
            .filter(|_| Some(path) == self.chosen.as_ref())
    }
}

/// How large the picture is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Zoom {
    /// The whole picture in view.
    #[default]
    Fit,
    /// Screen pixels for each pixel of the picture.
    Scale(f32),
}

/// How two pictures are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareMode {
    /// Beside each other.
    Sides,
    /// One over the other, with a divider.
    Slider,
}

/// The picture area.
#[derive(Debug, Default)]
pub struct CanvasState {
    /// How large the picture is drawn.
    pub zoom: Zoom,
    /// How large it was last drawn, in the same measure; nothing before anything was drawn.
    pub drawn: Option<f32>,
    /// How far its middle is from the area's, in points.
    pub pan: (f32, f32),
    /// Whether and how a second picture is shown.
    pub compare: Option<CompareMode>,
    /// The second picture.
    pub other: Option<PathBuf>,
    /// The divider, from 0 to 1.
    pub divider: f32,
    /// The job whose preview is shown instead of a picture.
    pub watching: Option<JobId>,
    /// When the last preview came, and after which step.
    pub preview: Option<(Instant, u32)>,
}

/// A file format to save a picture in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// With all metadata.
    Png,
    /// Small.
    Jpeg,
    /// Without loss, smaller than PNG.
    WebP,
}
