//! What one might say about a scene, in Chinese or English: many wordings, short and long, rarely everything.

mod chinese;
mod english;

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::scene::{Scene, Weather};

/// The language of a caption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

/// Share of captions that say nothing, so that the model also learns pictures without a prompt.
const EMPTY_SHARE: f64 = 0.1;

/// Which attributes a caption mentions.
#[derive(Clone, Copy, Debug)]
pub struct Mention {
    colour: bool,
    place: bool,
    position: bool,
    time: bool,
    weather: bool,
    style: bool,
}

impl Mention {
    /// Everything that a reader of attributes can check.
    pub const ALL: Mention = Mention {
        colour: true,
        place: true,
        position: true,
        time: true,
        weather: true,
        style: true,
    };

    fn sample(scene: &Scene, rng: &mut ChaCha8Rng) -> Self {
        let mut chance = |share: f64| rng.random_bool(share);
        Self {
            colour: chance(0.9),
            place: chance(0.9),
            position: chance(0.6),
            time: chance(0.75),
            weather: chance(if scene.weather == Weather::Clear {
                0.1
            } else {
                0.9
            }),
            style: chance(0.85),
        }
    }
}

/// A caption for training: either language, sometimes empty.
pub fn sample(scene: &Scene, rng: &mut ChaCha8Rng) -> String {
    if rng.random_bool(EMPTY_SHARE) {
        return String::new();
    }
    let language = if rng.random_bool(0.5) {
        Language::Chinese
    } else {
        Language::English
    };
    let mention = Mention::sample(scene, rng);
    word(scene, language, mention, rng)
}

/// A caption that says what `mention` asks for.
pub fn word(scene: &Scene, language: Language, mention: Mention, rng: &mut ChaCha8Rng) -> String {
    match language {
        Language::Chinese => chinese::word(scene, mention, rng),
        Language::English => english::word(scene, mention, rng),
    }
}

fn one_of<'a>(rng: &mut ChaCha8Rng, words: &[&'a str]) -> &'a str {
    words.choose(rng).copied().unwrap_or_default()
}
