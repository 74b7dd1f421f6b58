//! Words into the text encoder's numbers.

use std::ops::Range;
use std::path::{Path, PathBuf};

use tokenizers::{PostProcessorWrapper, Tokenizer as Bpe};

use super::error::CheckpointError;
use super::tokenizer_form;

/// The published tokenizer.json has 11 MB.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;
/// The tokens to which the reference cuts a prompt, template included.
pub const MAX_TOKENS: usize = 512;

/// The text around a prompt: Qwen3's chat template for one user message with thinking enabled, in which case it adds
/// no `<think>` block.
const BEFORE: &str = "<|im_start|>user\n";
const AFTER: &str = "<|im_end|>\n<|im_start|>assistant\n";

/// Qwen's byte-level BPE, with the chat template applied.
///
/// Special tokens that a prompt spells out (`<|im_end|>`) become special tokens, as in the reference.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    bpe: Bpe,
    path: PathBuf,
    size: u32,
}

/// A prompt as token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The ids, template included; at most as many as were asked for.
    pub ids: Vec<u32>,
    /// How many there were before the cut.
    pub total: usize,
    /// What was cut off, if anything was.
    pub truncated: Option<Truncation>,
}

/// What a cut at the right took away. The template's tail goes first, so the words may all still be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncation {
    /// How many tokens were dropped, the template's included.
    pub dropped: usize,
    /// The part of the prompt that is not seen, in bytes; empty if only the template's tail was lost.
    pub bytes: Range<usize>,
    /// The same in characters (Unicode scalar values).
    pub chars: Range<usize>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// Its own settings for truncation and padding are dropped: the reference always cuts at the right and the
    /// networks here run without padding.
    ///
    /// # Errors
    /// [`CheckpointError::TooLarge`], or [`CheckpointError::Tokenizer`] when it cannot be read or is not Qwen's.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = crate::files::read_capped(path, MAX_TOKENIZER_BYTES)?;
        let refused = |problem: String| CheckpointError::Tokenizer {
            path: path.to_path_buf(),
            problem,
        };
        tokenizer_form::check(&bytes).map_err(refused)?;
        let mut bpe = parse(&bytes).map_err(|error| {
            refused(format!(
                "it is no tokenizer.json that can be read ({error}); download it again"
            ))
        })?;
        // It would add tokens around the text, which the reference does not ask for.
        bpe.with_post_processor(None::<PostProcessorWrapper>);
        bpe.with_padding(None);
        bpe.with_truncation(None)
            .map_err(|error| refused(error.to_string()))?;
        for token in ["<|im_start|>", "<|im_end|>"] {
            if bpe.token_to_id(token).is_none() {
                return Err(refused(format!(
                    "it has no {token}, so it is another model's tokenizer; take the one of Z-Image-Turbo (Qwen3)"
                )));
            }
        }
        let highest = bpe.get_vocab(true).into_values().max().unwrap_or(0);
        Ok(Self {
            bpe,
            path: path.to_path_buf(),
            size: highest.saturating_add(1),
        })
    }

    /// One more than its highest id.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Checks that each id has a row in the text encoder's embedding.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the text encoder has fewer rows.
    pub fn check_vocabulary(&self, rows: usize) -> Result<(), CheckpointError> {
        if usize::try_from(self.size).is_ok_and(|size| size <= rows) {
            return Ok(());
        }
        let problem = format!(
            "it has {} tokens and the text encoder only {rows}, so they are of different models; take both from one",
            self.size
        );
        Err(CheckpointError::Tokenizer {
            path: self.path.clone(),
            problem,
        })
    }

    /// Puts the prompt into the chat template and encodes it, keeping the first `max_tokens` ids.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the tokenizer's own rules fail on this text.
    pub fn encode(&self, prompt: &str, max_tokens: usize) -> Result<Tokens, CheckpointError> {
        let text = format!("{BEFORE}{prompt}{AFTER}");
        let encoding =
            self.bpe
                .encode(text, false)
                .map_err(|error| CheckpointError::Tokenizer {
                    path: self.path.clone(),
                    problem: format!("the prompt cannot be encoded: {error}"),
                })?;
        let total = encoding.len();
        let mut ids = encoding.get_ids().to_vec();
        ids.truncate(max_tokens);
        let first_dropped = encoding.get_offsets().get(max_tokens);
        let truncated = first_dropped.map(|&(start, _)| cut(prompt, start, total - max_tokens));
        Ok(Tokens {
            ids,
            total,
            truncated,
        })
    }
}

/// Parses a tokenizer.json without trusting it: the tokenizers crate unwraps in places where a damaged file leads.
fn parse(bytes: &[u8]) -> Result<Bpe, String> {
    match std::panic::catch_unwind(|| Bpe::from_bytes(bytes)) {
        Ok(parsed) => parsed.map_err(|error| error.to_string()),
        Err(_) => Err("its sections contradict each other".to_owned()),
    }
}

/// Describes a cut at byte `start` of the templated text.
fn cut(prompt: &str, start: usize, dropped: usize) -> Truncation {
    let mut byte = start.saturating_sub(BEFORE.len()).min(prompt.len());
    // A character can be several tokens; one that is only half kept counts as lost.
    while !prompt.is_char_boundary(byte) {
        byte -= 1;
    }
    let char = prompt[..byte].chars().count();
    let chars = char..char + prompt[byte..].chars().count();
    Truncation {
        dropped,
        bytes: byte..prompt.len(),
        chars,
    }
}
