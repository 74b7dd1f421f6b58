//! A byte-level BPE like Qwen's, learnt from the words of the captions.

use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;
use tokenizers::{AddedToken, Tokenizer};

use super::caption;
use super::networks::VOCABULARY;
use super::scene::Scene;
use crate::files;
use crate::train::TrainError;

/// No tokenizer's file is larger.
pub const CAP_BYTES: u64 = 16 << 20;
/// Captions to learn from.
const CAPTIONS: u64 = 30_000;
/// How often the words of the chat template are shown, so that each becomes one token.
const TEMPLATES: usize = 2_000;
/// Longest token in bytes: six Chinese characters, or an English word with its space.
const LONGEST: usize = 18;

/// Where Qwen splits text before merging: contractions, words with the sign before them, single digits, punctuation,
/// line ends, blanks.
const SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Learns a tokenizer from captions of scenes drawn from `seed` and writes its `tokenizer.json`.
///
/// # Errors
/// [`TrainError::Tokenizer`] when the library refuses, or when the file cannot be written.
pub fn train(seed: u64, path: &Path) -> Result<(), TrainError> {
    let refused = |error: tokenizers::Error| TrainError::Tokenizer(error.to_string());
    let special = |text: &str| AddedToken::from(text, true);
    let mut trainer: TrainerWrapper = BpeTrainer::builder()
        .vocab_size(VOCABULARY)
        .min_frequency(2)
        .show_progress(false)
        .max_token_length(Some(LONGEST))
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .special_tokens(
            ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
                .map(special)
                .to_vec(),
        )
        .build()
        .into();
    let mut tokenizer = Tokenizer::new(BPE::default());
    let split = Split::new(
        SplitPattern::Regex(SPLIT.into()),
        SplitDelimiterBehavior::Isolated,
        false,
    )
    .map_err(refused)?;
    let bytes = ByteLevel::new(false, false, false);
    tokenizer.with_normalizer(Some(NFC)).map_err(refused)?;
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![split.into(), bytes.into()])));
    tokenizer.with_decoder(Some(bytes));
    let terms = (0..CAPTIONS).flat_map(|index| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed ^ index);
        caption::terms(&Scene::sample(seed ^ index), rng)
    });
    let templates = std::iter::repeat_n("user\nassistant\n".to_owned(), TEMPLATES);
    tokenizer
        .train(&mut trainer, terms.chain(templates))
        .map_err(refused)?;
    let json = tokenizer.to_string(true).map_err(refused)?;
    Ok(files::replace(path, json.as_bytes())?)
}
