//! Everything that can be asked of the window.
//!
//! An [`Action`] is a command that needs no more than its name: it is a menu entry, a button, a line of the palette
//! and a key at once, with one text and one reason for being off. A [`Command`] is an action or a change that carries
//! something with it. Views send commands; [`update`](super::update) alone changes the state.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::outcome::Outcome;
use super::settings::Settings;
use super::state::{Dialog, ExportKind, Narrow, NoticeId, Reuse, RightTab, Zoom};
use crate::engine::JobId;
use crate::gallery::Entry;
use crate::request::Draft;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $key:literal $(, $shortcut:expr)*;)*) => {
        /// A command that needs no more than its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All of them, in the order of the palette.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The Fluent key of its text.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }

            /// Its keys, the usual one first.
            #[must_use]
            pub fn shortcuts(self) -> &'static [KeyboardShortcut] {
                match self {
                    $(Self::$name => const { &[$($shortcut),*] },)*
                }
            }
        }
    };
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

actions! {
    /// Adds the request to the queue's end.
    Generate = "action-generate", ctrl(Key::Enter);
    /// Adds the request before all that wait.
    GenerateNext = "action-generate-next", ctrl_shift(Key::Enter);
    /// Stops the job that runs.
    Cancel = "action-cancel", plain(Key::Escape), ctrl(Key::Period);
    /// Shows what is being painted.
    Watch = "action-watch", plain(Key::W);
    /// Removes all jobs that do not run.
    CancelWaiting = "action-cancel-waiting";
    /// Holds the queue, or lets it go on.
    PauseQueue = "action-pause-queue";
    /// Puts the cursor into the prompt.
    FocusPrompt = "action-focus-prompt", ctrl(Key::L);
    /// An earlier prompt.
    EarlierPrompt = "action-earlier-prompt", alt(Key::ArrowUp);
    /// A later prompt.
    LaterPrompt = "action-later-prompt", alt(Key::ArrowDown);
    /// Draws a seed.
    DrawSeed = "action-draw-seed";
    /// Holds the seed, or lets it change.
    HoldSeed = "action-hold-seed";
    /// Exchanges width and height.
    SwapSides = "action-swap-sides";
    /// Takes back the last change, or the last removal.
    Undo = "action-undo", ctrl(Key::Z);
    /// Does it again.
    Redo = "action-redo", ctrl_shift(Key::Z), ctrl(Key::Y);
    /// Opens presets, pictures or model folders.
    Open = "action-open", ctrl(Key::O);
    /// Reads a preset or a picture's text from the clipboard's text.
    PasteText = "action-paste-text", ctrl_shift(Key::O);
    /// Keeps the settings as a preset.
    SavePreset = "action-save-preset", ctrl(Key::S);
    /// Shows the gallery and searches it.
    SearchGallery = "action-search-gallery", ctrl(Key::F);
    /// Shows the queue.
    ShowQueue = "action-show-queue";
    /// Shows what is known of the picture.
    ShowInfo = "action-show-info", plain(Key::I);
    /// The next (older) picture.
    NextPicture = "action-next-picture", plain(Key::ArrowRight);
    /// The previous (newer) picture.
    PreviousPicture = "action-previous-picture", plain(Key::ArrowLeft);
    /// The picture below in the grid.
    NextRow = "action-next-row", plain(Key::ArrowDown);
    /// The picture above.
    PreviousRow = "action-previous-row", plain(Key::ArrowUp);
    /// Stars the picture, or takes the star away.
    Star = "action-star", plain(Key::Period);
    /// Moves the picture to the system's trash.
    Trash = "action-trash", plain(Key::Delete), plain(Key::Backspace);
    /// Copies the picture.
    CopyPicture = "action-copy-picture", ctrl(Key::C);
    /// Copies its prompt.
    CopyPrompt = "action-copy-prompt";
    /// Shows the file in its folder.
    Reveal = "action-reveal", ctrl_shift(Key::R);
    /// Opens the gallery's folder.
    OpenFolder = "action-open-folder";
    /// Saves the picture elsewhere as PNG, JPEG or WebP.
    Export = "action-export", ctrl_shift(Key::E);
    /// Takes all settings of the picture.
    ReuseAll = "action-reuse-all", plain(Key::R), plain(Key::A);
    /// Takes its prompt.
    ReusePrompt = "action-reuse-prompt", plain(Key::P);
    /// Takes its seed.
    ReuseSeed = "action-reuse-seed", plain(Key::S);
    /// Takes its size.
    ReuseSize = "action-reuse-size", plain(Key::D);
    /// The whole picture in view.
    ZoomFit = "action-zoom-fit", ctrl(Key::Num0);
    /// One pixel of the picture on one of the screen.
    ZoomActual = "action-zoom-actual", ctrl(Key::Num1);
    /// Larger.
    ZoomIn = "action-zoom-in", ctrl(Key::Plus), ctrl(Key::Equals);
    /// Smaller.
    ZoomOut = "action-zoom-out", ctrl(Key::Minus);
    /// Two pictures side by side.
    CompareSides = "action-compare-sides", plain(Key::C);
    /// Keeps the picture beside the ones that are chosen next.
    HoldToCompare = "action-hold-to-compare", shift(Key::C);
    /// Two pictures under a slider.
    CompareSlider = "action-compare-slider";
    /// Folds the left column.
    FoldLeft = "action-fold-left", plain(Key::F4);
    /// Folds the right column.
    FoldRight = "action-fold-right", plain(Key::F5);
    /// Only the picture.
    OnlyPicture = "action-only-picture", plain(Key::F);
    /// The models.
    Models = "action-models", ctrl(Key::M);
    /// Adds a model folder.
    AddModel = "action-add-model";
    /// The settings.
    Settings = "action-settings", ctrl(Key::Comma);
    /// The system.
    System = "action-system";
    /// The keys.
    Keys = "action-keys", plain(Key::F1);
    /// This list.
    Palette = "action-palette", ctrl(Key::K), ctrl_shift(Key::P);
    /// The messages so far.
    Notices = "action-notices";
    /// Takes all messages from the corner.
    DismissNotices = "action-dismiss-notices", ctrl(Key::D);
    /// Chinese to English and back.
    SwitchLanguage = "action-switch-language";
    /// Light to dark and back.
    SwitchTheme = "action-switch-theme";
    /// Starts the engine anew.
    RestartEngine = "action-restart-engine";
    /// Closes the window.
    Quit = "action-quit", ctrl(Key::Q);
}

impl Action {
    /// Whether its keys act even while text is being typed. Those without Ctrl or Alt do not, except function keys.
    #[must_use]
    pub fn acts_while_typing(self, shortcut: &KeyboardShortcut) -> bool {
        let function = matches!(shortcut.logical_key, Key::F1 | Key::F4 | Key::F5);
        // In a text field these belong to the text.
        let texts_own = matches!(self, Self::Undo | Self::Redo | Self::CopyPicture);
        !texts_own && (shortcut.modifiers.command || shortcut.modifiers.alt || function)
    }
}

/// A change to the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum QueueChange {
    /// Removes a job, or stops it.
    Cancel(JobId),
    /// Tries a failed job again.
    Retry(JobId),
    /// Moves a waiting job by some places; negative is sooner.
    MoveBy(JobId, isize),
    /// Moves a waiting job to stand before another one, or to the end.
    MoveBefore(JobId, Option<JobId>),
    /// Takes a waiting job's request into the panels, to be put back changed.
    Edit(JobId),
    /// Puts the panels' request back into the job that is being edited.
    SaveEdit,
    /// Leaves the job as it was.
    LeaveEdit,
}

/// Anything asked of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An action.
    Do(Action),
    /// The draft as a panel wants it.
    Draft(Box<Draft>),
    /// The seed shown, held or not.
    SeedText(String),
    /// Whether width follows height.
    KeepRatio(bool),
    /// Adds a word of style to the prompt, or takes it out.
    StyleWord(String),
    /// Takes off the style that a preset put behind the prompt.
    ClearStyle,
    /// Takes the prompt of this place in the history.
    RecallPrompt(usize),
    /// Opens or closes the negative prompt.
    ShowNegative(bool),
    /// Opens or closes the style words.
    ShowWords(bool),
    /// A change to the queue.
    Queue(QueueChange),
    /// Searches the gallery.
    Search(String),
    /// Only starred pictures, or all.
    OnlyStarred(bool),
    /// Chooses a picture.
    Choose(PathBuf),
    /// Moves a picture to the trash that need not be the chosen one.
    Trash(PathBuf),
    /// Shows a picture beside the chosen one; beside the one chosen before, where it is itself the chosen one.
    CompareWith(PathBuf),
    /// The grid of the gallery has so many columns.
    GridColumns(usize),
    /// Takes settings of the chosen picture.
    Reuse(Reuse),
    /// Saves the chosen picture elsewhere.
    ExportAs(ExportKind),
    /// A picture of the gallery is in view and has no texture.
    NeedThumbnail(Arc<Entry>),
    /// The picture was zoomed or moved.
    Canvas {
        /// How large the picture is drawn.
        zoom: Zoom,
        /// How far its middle is from the area's, in points.
        pan: (f32, f32),
    },
    /// So many screen pixels for each pixel of the picture were drawn.
    Drawn(f32),
    /// The divider of the slider compare, from 0 to 1.
    Divider(f32),
    /// Searches the presets.
    SearchPresets(String),
    /// Applies the preset of this place.
    ApplyPreset(usize),
    /// Removes the preset of this place.
    RemovePreset(usize),
    /// Keeps the settings under a name.
    SavePresetAs {
        /// The name.
        name: String,
        /// Whether the prompt is part of it.
        with_prompt: bool,
        /// Whether the chosen picture becomes its thumbnail.
        with_picture: bool,
    },
    /// Puts the settings in the place of the own preset of this place, which keeps its name.
    ReplacePreset {
        /// The preset.
        place: usize,
        /// Whether the prompt is part of it.
        with_prompt: bool,
        /// Whether the chosen picture becomes its thumbnail.
        with_picture: bool,
    },
    /// Switches to the model of this place.
    ChooseModel(usize),
    /// Forgets the model of this place; its files stay.
    ForgetModel(usize),
    /// A tab of the right column.
    Tab(RightTab),
    /// What a narrow window shows.
    Narrow(Narrow),
    /// Opens a dialog.
    OpenDialog(Dialog),
    /// Closes it.
    CloseDialog,
    /// What is typed into the palette.
    PaletteQuery(String),
    /// The line of the palette that is chosen.
    PaletteLine(usize),
    /// Says why an action cannot be done.
    SayWhyNot(Action),
    /// Other settings.
    Settings(Box<Settings>),
    /// Chooses a gallery folder.
    PickGalleryFolder,
    /// The path as it is typed so far.
    TypePath(String),
    /// Uses the path that was typed.
    UsePath,
    /// Files were dropped, opened or named.
    Import(Vec<PathBuf>),
    /// Text was pasted for import.
    ImportText(String),
    /// A message was read.
    DismissNotice(NoticeId),
    /// Does what a message offers.
    TakeOffer(NoticeId),
    /// Goes on with the queue of the last run.
    ResumeQueue,
    /// Drops the queue of the last run.
    DiscardQueue,
    /// Asks where the first picture goes that could be written nowhere.
    SaveUnsaved,
    /// Gives that picture up.
    DiscardUnsaved,
    /// It was read that jobs are held back; shows them.
    HeldBack {
        /// Whether to show the queue.
        show: bool,
    },
    /// The close was confirmed.
    CloseAnyway,
    /// The close was taken back.
    StayOpen,
    /// Copies text.
    CopyText(String),
    /// Something that ran elsewhere has ended.
    Outcome(Outcome),
}

impl From<Action> for Command {
    fn from(action: Action) -> Self {
        Self::Do(action)
    }
}

/// Where views put what is asked.
#[derive(Debug, Default)]
pub struct Commands(Vec<Command>);

impl Commands {
    /// Adds a command.
    pub fn send(&mut self, command: impl Into<Command>) {
        self.0.push(command.into());
    }

    /// Takes what was asked so far.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn no_key_means_two_things() {
        let mut seen: HashMap<String, Action> = HashMap::new();
        for action in Action::ALL {
            for shortcut in action.shortcuts() {
                let earlier = seen.insert(format!("{shortcut:?}"), *action);
                assert_eq!(earlier, None, "{shortcut:?} is also {action:?}");
            }
        }
    }

    #[test]
    fn no_single_letter_acts_while_typing() {
        for action in Action::ALL {
            for shortcut in action.shortcuts() {
                let bare = shortcut.modifiers.is_none()
                    && shortcut.logical_key.name().chars().count() == 1;
                assert!(!(bare && action.acts_while_typing(shortcut)), "{action:?}");
            }
        }
    }
}
