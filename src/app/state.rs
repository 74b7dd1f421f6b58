//! What the window knows: plain data, changed by [`update`](super::update) alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::i18n::{Language, Message};
use super::notices::Notices;
use super::settings::Settings;
use crate::engine::memory::Demands;
use crate::engine::{JobId, ModelChoice, QueueView, Status};
use crate::gallery::{self, Entry, Metadata};
use crate::pipeline::device::DeviceInfo;
use crate::request::preset::Preset;
use crate::request::{Draft, ImageSize};

pub use super::notices::NoticeId;

/// The most tokens of a prompt that the text encoder reads.
pub const MAX_TOKENS: usize = 512;

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
    /// The job whose request is in the panels to be changed, and the draft that was there before.
    pub editing: Option<(JobId, Box<Draft>)>,
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
    /// Whether the window was asked to close while work is going on.
    pub closing: Closing,
    /// The folder of the gallery.
    pub gallery_folder: PathBuf,
    /// What the program runs on.
    pub system: SystemState,
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
            closing: Closing::No,
            gallery_folder,
            system: SystemState::default(),
        }
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

    /// The chosen picture.
    #[must_use]
    pub fn chosen_entry(&self) -> Option<&Arc<Entry>> {
        self.gallery.entry(self.gallery.chosen.as_ref()?)
    }
}

/// Around the draft.
#[derive(Debug, Default)]
pub struct Desk {
    /// Prompts of earlier jobs, the newest last.
    pub history: Vec<String>,
    /// Which of them is in the prompt now, and what was there before.
    pub recalled: Option<(usize, String)>,
    /// Whether an input method is composing; no key is a shortcut then.
    pub composing: bool,
    /// How many tokens the prompt has.
    pub tokens: Option<TokenCount>,
    /// The seed as typed, which may not be a number yet.
    pub seed_text: String,
    /// Whether width follows height.
    pub keep_ratio: bool,
    /// Whether the negative prompt is open.
    pub negative_open: bool,
    /// Whether the style words are open.
    pub words_open: bool,
    /// Drafts to go back to, the newest last.
    pub earlier: Vec<Draft>,
    /// Drafts that were gone back from, the newest last.
    pub undone: Vec<Draft>,
    /// When the draft was last changed.
    pub edited: Option<Instant>,
    /// Whether the preset of the settings is still to be applied, once presets are listed.
    pub wants_preset: bool,
    /// Set for one frame when the prompt should take the keyboard.
    pub focus_prompt: bool,
    /// Set for one frame when the gallery's search should take the keyboard.
    pub focus_search: bool,
}

/// Tokens of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// The prompt that was counted.
    pub prompt: String,
    /// Its tokens, those of the chat template included.
    pub tokens: usize,
    /// The byte of the prompt from which on the encoder sees nothing.
    pub cut_at: Option<usize>,
}

/// What the engine does.
#[derive(Debug, Default)]
pub struct EngineState {
    /// At this moment.
    pub status: Status,
    /// What the loaded model is, for the status line.
    pub loaded: Option<ModelChoice>,
    /// What the next request will take, in seconds and bytes.
    pub foretold: Foretold,
    /// Memory of this program (or of the device) in bytes, now.
    pub memory: Option<u64>,
    /// Names the loaded model on its device, for what was measured of it.
    pub forecast_key: String,
    /// The device is lost; only a restart of the program helps.
    pub lost: bool,
}

/// What a request will take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foretold {
    /// Seconds for all its pictures, from measured steps.
    pub seconds: Option<f64>,
    /// Why it will not fit, and the cheapest size that would.
    pub too_large: Option<(Message, Option<ImageSize>)>,
}

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
    /// What is known of it; none of a picture that says nothing about itself.
    pub facts: Option<(PathBuf, Option<Arc<Metadata>>)>,
    /// When a picture was last moved to the trash.
    pub trashed: Option<Instant>,
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

/// A preset in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct PresetEntry {
    /// What it sets.
    pub preset: Preset,
    /// Its file, for the person's own ones.
    pub file: Option<PathBuf>,
    /// What tells it from all others: the file's name.
    pub key: String,
}

impl PresetEntry {
    /// Its name in `language`.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match self.preset.title(language == Language::Chinese) {
            "" => &self.key,
            title => title,
        }
    }

    /// What it is good for, in `language`.
    #[must_use]
    pub fn about(&self, language: Language) -> Option<&str> {
        Some(self.preset.description(language == Language::Chinese))
            .filter(|about| !about.is_empty())
    }
}

/// Settings with names.
#[derive(Debug, Default)]
pub struct PresetState {
    /// All of them, the person's own first.
    pub entries: Vec<PresetEntry>,
    /// What is searched for.
    pub query: String,
    /// The one that was applied last.
    pub applied: Option<usize>,
}

impl PresetState {
    /// Those that match the search, with their places.
    pub fn found(&self) -> impl Iterator<Item = (usize, &PresetEntry)> {
        let words: Vec<String> = self
            .query
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        self.entries.iter().enumerate().filter(move |(_, entry)| {
            let preset = &entry.preset;
            let texts = [
                &preset.name,
                &preset.name_zh,
                &preset.about,
                &preset.about_zh,
                &preset.prompt,
                &preset.style,
            ];
            let all: String = texts
                .into_iter()
                .flatten()
                .map(|text| text.to_lowercase() + " ")
                .collect();
            words.iter().all(|word| all.contains(word.as_str()))
        })
    }
}

/// What the program runs on.
#[derive(Clone, Debug, Default)]
pub struct SystemState {
    /// Why CUDA cannot be used, where it cannot.
    pub no_cuda: Option<String>,
    /// Fluent keys with what they stand for here.
    pub facts: Vec<(&'static str, String)>,
}

/// A checkpoint that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its folder, or one of its files.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// Whether it is the small one that comes with the program.
    pub demo: bool,
    /// What its headers say, once they are read.
    pub facts: Option<Result<ModelFacts, String>>,
}

/// What the headers of a checkpoint say.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ModelFacts {
    /// Number format of the weights.
    pub precision: String,
    /// Parameters.
    pub parameters: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// What it takes in memory and time.
    pub demands: Option<Demands>,
    /// What marks these weights.
    pub hash: Option<String>,
}

/// Part of a picture's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// All of them.
    All,
    /// Prompt and negative prompt.
    Prompt,
    /// Seed.
    Seed,
    /// Width and height.
    Size,
    /// Steps and guidance.
    Sampling,
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

/// A tab of the right column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RightTab {
    /// Pictures.
    #[default]
    Gallery,
    /// Jobs.
    Queue,
    /// What is known of the picture.
    Info,
}

/// What a window shows that is too narrow for columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Narrow {
    /// The left column.
    #[default]
    Write,
    /// The canvas.
    Look,
    /// The right column.
    Browse,
}

/// Something over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// All actions.
    Palette,
    /// All keys.
    Keys,
    /// Checkpoints.
    Models,
    /// What a person decides once.
    Settings,
    /// Device, driver, versions.
    System,
    /// Messages so far.
    Notices,
    /// A name for a preset.
    SavePreset,
    /// Text to import.
    PasteText,
    /// A format to save in.
    Export,
}

/// Columns, tabs, dialogs.
#[derive(Debug)]
pub struct LayoutState {
    /// Whether the left column is open.
    pub left: bool,
    /// Whether the right column is open.
    pub right: bool,
    /// Its tab.
    pub tab: RightTab,
    /// What a narrow window shows.
    pub narrow: Narrow,
    /// What is over the window.
    pub dialog: Option<Dialog>,
    /// What is typed into the palette.
    pub palette_query: String,
    /// The line of the palette that is chosen.
    pub palette_line: usize,
}

impl Default for LayoutState {
    fn default() -> Self {
        Self {
            left: true,
            right: true,
            tab: RightTab::default(),
            narrow: Narrow::default(),
            dialog: None,
            palette_query: String::new(),
            palette_line: 0,
        }
    }
}

/// Whether the window is about to close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closing {
    /// It is not.
    #[default]
    No,
    /// It was asked to while a picture is being painted, and asks back.
    Asked,
    /// It will.
    Yes,
}
