//! Around the draft: history, counts, what is unfolded.

use std::time::Instant;

use super::ratio::Ratio;
use super::undo::UndoStack;
use crate::request::Draft;

/// The most tokens of a prompt that the text encoder reads.
pub const MAX_TOKENS: usize = 512;

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
    /// The ratio that width and height keep, while it is locked.
    pub keep_ratio: Option<Ratio>,
    /// Whether the negative prompt is open.
    pub negative_open: bool,
    /// Whether the style words are open.
    pub words_open: bool,
    /// What can be taken back.
    pub undo: UndoStack,
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
