//! Captions as token ids, worded and tokenised once for all steps of a training.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::caption::{self, Language, Mention};
use super::scene::Scene;
use crate::checkpoint::Tokenizer;
use crate::train::TrainError;

/// Tokens of a short caption with its template, at most.
pub const SHORT_TOKENS: usize = 32;
/// Tokens of a long caption with its template, at most; it has more than a short one, so that all captions of a batch
/// are padded alike and none needs a mask.
pub const LONG_TOKENS: usize = 64;
/// Short wordings of each picture.
const SHORT: usize = 12;
/// Long wordings of each picture.
const LONG: usize = 3;

/// The captions of many pictures.
pub struct Wordings {
    /// Of each picture first the short ones, then the long ones.
    ids: Vec<Vec<u16>>,
}

impl Wordings {
    /// Words each scene in several ways that depend on its seed alone.
    ///
    /// # Errors
    /// When the tokenizer refuses a caption.
    pub fn new(scenes: &[Scene], tokenizer: &Tokenizer) -> Result<Self, TrainError> {
        let of_scene = |scene: &Scene| -> Result<Vec<Vec<u16>>, TrainError> {
            let rng = &mut ChaCha8Rng::seed_from_u64(scene.seed ^ 0x0030_72d5);
            let short = (0..SHORT).map(|_| false);
            short
                .chain((0..LONG).map(|_| true))
                .map(|long| words(scene, tokenizer, long, rng))
                .collect()
        };
        let ids: Vec<Vec<Vec<u16>>> = scenes.par_iter().map(of_scene).collect::<Result<_, _>>()?;
        Ok(Self {
            ids: ids.into_iter().flatten().collect(),
        })
    }

    /// A caption of a picture.
    pub fn pick(&self, picture: usize, long: bool, rng: &mut ChaCha8Rng) -> &[u16] {
        let wording = if long {
            SHORT + rng.random_range(0..LONG)
        } else {
            rng.random_range(0..SHORT)
        };
        &self.ids[picture * (SHORT + LONG) + wording]
    }
}

/// Ids of a caption of the wanted length. A long one goes on with other words for the same picture.
fn words(
    scene: &Scene,
    tokenizer: &Tokenizer,
    long: bool,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<u16>, TrainError> {
    if !long {
        loop {
            let encoded = tokenizer.encode(&caption::sample(scene, rng), SHORT_TOKENS)?;
            if encoded.truncated.is_none() {
                return Ok(narrow(encoded.ids));
            }
        }
    }
    let mut text = caption::sample(scene, rng);
    loop {
        let encoded = tokenizer.encode(&text, LONG_TOKENS)?;
        if encoded.ids.len() > SHORT_TOKENS {
            return Ok(narrow(encoded.ids));
        }
        let language = if rng.random_bool(0.5) {
            Language::Chinese
        } else {
            Language::English
        };
        text = format!(
            "{text}. {}",
            caption::word(scene, language, Mention::ALL, rng)
        );
    }
}

/// Ids as they are kept: the demo tokenizer has fewer than 65,536.
fn narrow(ids: Vec<u32>) -> Vec<u16> {
    ids.into_iter()
        .map(|id| u16::try_from(id).unwrap_or(u16::MAX))
        .collect()
}
