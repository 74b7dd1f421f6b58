//! Columns, tabs, dialogs, and whether the window is about to close.

use super::TypedPath;

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
    /// A path, where the desktop has no dialog for files.
    TypePath,
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
    /// The path that is being typed.
    pub path: Option<TypedPath>,
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
            path: None,
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
