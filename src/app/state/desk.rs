//! Around the draft: history, counts, what is unfolded.

use std::time::Instant;

use super::undo::UndoStack;
use crate::request::{Draft, ImageSize};

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
    /// Width by height, while each side follows the other.
    pub keep_ratio: Option<f64>,
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

impl Desk {
    /// Follows a change of the draft from `old` to `new`.
    pub(in crate::app) fn follow(&mut self, old: &Draft, new: &Draft) {
        if old.size != new.size
            && let Some(kept) = &mut self.keep_ratio
            && !has_ratio(new.size, *kept)
        {
            let turned = kept.recip();
            // A size of another shape was chosen on purpose; it is its ratio that is kept from here on. Sides that
            // were swapped stand for what they were rounded from.
            *kept = if has_ratio(new.size, turned) {
                turned
            } else {
                ratio_of(new.size)
            };
        }
        // What steers away from something is seen when it comes in, and may be folded away then.
        self.negative_open |= old.negative.is_empty() && !new.negative.is_empty();
    }
}

/// Width by height.
#[must_use]
pub fn ratio_of(size: ImageSize) -> f64 {
    f64::from(size.width()) / f64::from(size.height())
}

/// Whether `size` has the ratio as nearly as sides in steps of 16 pixels can.
fn has_ratio(size: ImageSize, ratio: f64) -> bool {
    let (width, height) = (f64::from(size.width()), f64::from(size.height()));
    let half = f64::from(ImageSize::MULTIPLE) / 2.0;
    (width - height * ratio).abs() <= half || (height - width / ratio).abs() <= half
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
