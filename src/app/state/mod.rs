//! What the window knows: plain data, changed by [`update`](super::update) alone.

mod desk;
mod engine;
mod gallery;
mod layout;
mod presets;
mod typed_path;
mod undo;

pub use self::desk::{Desk, MAX_TOKENS, Reuse, TokenCount, ratio_of};
pub use self::engine::{EngineState, Foretold, Model, ModelFacts, SystemState, Unsaved, Unusable};
pub use self::gallery::{
    CanvasState, CompareMode, ExportKind, GalleryState, Zoom, prompt_of, size_of,
};
pub use self::layout::{Closing, Dialog, LayoutState, Narrow, RightTab};
pub use self::presets::{PresetEntry, PresetState, RemovedPreset};
pub use self::typed_path::{PathFor, TypedPath};
pub use self::undo::{Step, StepId, UndoStack};
pub use super::notices::NoticeId;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::i18n::Language;
use super::notices::Notices;
use super::settings::Settings;
use crate::engine::{JobId, QueueView, Status};
use crate::gallery::Entry;
use crate::pipeline::Suited;
use crate::pipeline::device::{DeviceInfo, Precision};
use crate::request::Draft;
use crate::request::preset::Preset;

/// What presets for the small checkpoint that comes with the program call it.
pub const DEMO_PRESETS: &str = "demo";

/// What there was before a job's request was taken into the panels.
#[derive(Clone, Debug, PartialEq)]
pub struct BeforeEdit {
    /// The draft.
    pub draft: Draft,
    /// The first step that changes the job's request. With an older one taken back, the panels show something else.
    pub since: StepId,
}

/// Everything.
pub struct State {
    /// What is being written.
    pub draft: Draft,
    /// Around the draft: history, counts, what is unfolded.
    pub desk: Desk,
    /// What the engine does.
    pub engine: EngineState,
    /// The jobs.
    pub queue: Arc<QueueView>,
    /// The job whose request is in the panels to be changed, and what was there before.
    pub editing: Option<(JobId, BeforeEdit)>,
    /// Jobs that were taken out of the queue and of whose end the engine has still to tell.
    pub removed: Vec<JobId>,
    /// What was made.
    pub gallery: GalleryState,
    /// The picture area.
    pub canvas: CanvasState,
    /// Settings with names.
    pub presets: PresetState,
    /// Checkpoints.
    pub models: Vec<Model>,
    /// Devices that were found.
    pub devices: Vec<DeviceInfo>,
    /// What a person decided once.
    pub settings: Settings,
    /// Columns, tabs, dialogs.
    pub layout: LayoutState,
    /// Messages.
    pub notices: Notices,
    /// Jobs of an earlier run that may be gone on with.
    pub recovery: Option<usize>,
    /// Which jobs those are.
    pub recovered: Vec<JobId>,
    /// Jobs of an earlier run that stopped the program again and again, until that was said.
    pub held_back: usize,
    /// Pictures that are painted and could be written nowhere, the oldest first.
    pub unsaved: Vec<Unsaved>,
    /// Whether the window was asked to close while work is going on.
    pub closing: Closing,
    /// The folder of the gallery.
    pub gallery_folder: PathBuf,
    /// What the program runs on.
    pub system: SystemState,
    /// Whether the desktop asks its programs to keep still.
    pub still_desktop: bool,
}

impl State {
    /// Everything as it is at the very start, before anything was found or read.
    #[must_use]
    pub fn new(settings: Settings, gallery_folder: PathBuf) -> Self {
        Self {
            draft: Draft::default(),
            desk: Desk::default(),
            engine: EngineState::default(),
            queue: Arc::default(),
            editing: None,
            removed: Vec::new(),
            gallery: GalleryState::default(),
            canvas: CanvasState {
                divider: 0.5,
                ..CanvasState::default()
            },
            presets: PresetState::default(),
            models: Vec::new(),
            devices: Vec::new(),
            settings,
            layout: LayoutState::default(),
            notices: Notices::default(),
            recovery: None,
            recovered: Vec::new(),
            held_back: 0,
            unsaved: Vec::new(),
            closing: Closing::No,
            gallery_folder,
            system: SystemState::default(),
            still_desktop: false,
        }
    }

    /// The language of the window.
    #[must_use]
    pub fn language(&self) -> Language {
        self.settings.language.unwrap_or_else(Language::of_system)
    }

    /// The name of the checkpoint at `path`.
    #[must_use]
    pub fn model_name(&self, path: &Path) -> String {
        let known = self
            .models
            .iter()
            .find(|model| model.path == path)
            .map(|model| model.name.clone());
        known
            .or_else(|| {
                path.file_name()
                    .map(|name| name.to_string_lossy().into_owned())
            })
            .unwrap_or_default()
    }

    /// The checkpoint that is loaded or being loaded.
    #[must_use]
    pub fn current_model(&self) -> Option<&Model> {
        let path = match &self.engine.status {
            Status::Loading { choice, .. } | Status::Ready(choice) => &choice.path,
            _ => &self.engine.loaded.as_ref()?.path,
        };
        self.models.iter().find(|model| &model.path == path)
    }

    /// Whether the small checkpoint that comes with the program is in use.
    #[must_use]
    pub fn demo_active(&self) -> bool {
        self.current_model().is_some_and(|model| model.demo)
    }

    /// Whether the small checkpoint is the one that a start will load.
    #[must_use]
    pub fn demo_chosen(&self) -> bool {
        self.settings.model.is_none() && self.models.first().is_some_and(|model| model.demo)
    }

    /// The sizes, steps and guidance that suit the checkpoint in use, as far as that is known.
    #[must_use]
    pub fn suited(&self) -> Suited {
        let facts = self
            .current_model()
            .and_then(|model| model.facts.as_ref()?.as_ref().ok());
        facts.map(|facts| facts.suited.clone()).unwrap_or_default()
    }

    /// The presets that match the search with their places, those made for the checkpoint in use first.
    #[must_use]
    pub fn presets_found(&self) -> Vec<(usize, &PresetEntry)> {
        let mut found: Vec<_> = self.presets.found().collect();
        found.sort_by_key(|(_, entry)| !self.suits_model(&entry.preset));
        found
    }

    /// Whether `preset` was made for a checkpoint like the one in use, or for any.
    #[must_use]
    pub fn suits_model(&self, preset: &Preset) -> bool {
        let (Some(made_for), Some(model)) = (&preset.model, self.current_model()) else {
            return true;
        };
        made_for.eq_ignore_ascii_case(DEMO_PRESETS) == model.demo
    }

    /// What a preset names as the model that it was made for.
    #[must_use]
    pub fn made_for(&self, preset: &Preset) -> String {
        let made_for = preset.model.clone().unwrap_or_default();
        let demo = self.models.iter().find(|model| model.demo);
        match demo {
            Some(demo) if made_for.eq_ignore_ascii_case(DEMO_PRESETS) => demo.name.clone(),
            _ => made_for,
        }
    }

    /// Why `precision` cannot be used on the device that is chosen.
    #[must_use]
    pub fn why_not_precision(&self, precision: Precision) -> Option<&str> {
        let known = self.system.unusable.iter();
        let mut here = known
            .filter(|known| (known.device, known.precision) == (self.settings.device, precision));
        here.next().map(|known| known.why.as_str())
    }

    /// Whether a job that is watched hides the chosen picture: with its preview, or with the empty sheet before the first
    /// one. Between two pictures of one job the earlier one is seen.
    #[must_use]
    pub fn picture_hidden(&self) -> bool {
        let later = matches!(&self.engine.status, Status::Painting(now) if now.picture > 0);
        self.canvas.watching.is_some() && (self.canvas.preview.is_some() || !later)
    }

    /// The chosen picture.
    #[must_use]
    pub fn chosen_entry(&self) -> Option<&Arc<Entry>> {
        self.gallery.entry(self.gallery.chosen.as_ref()?)
    }
}
