//! What one might say about a scene, in Chinese or English: many wordings, short and long, rarely everything.

mod chinese;
mod english;

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::scene::{Attribute, Colour, Place, Scene, Style, Time, Weather};

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

/// Share of captions that are one word, as negative prompts are: "night", "水彩".
const TERSE_SHARE: f64 = 0.06;

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

    /// Everything but `attribute`.
    pub fn without(attribute: Attribute) -> Self {
        let mut mention = Self::ALL;
        match attribute {
            Attribute::Colour => mention.colour = false,
            Attribute::Place => mention.place = false,
            Attribute::Time => mention.time = false,
            Attribute::Style => mention.style = false,
        }
        mention
    }

    fn sample(scene: &Scene, rng: &mut ChaCha8Rng) -> Self {
        let mut chance = |share: f64| rng.random_bool(share);
        Self {
            colour: chance(0.95),
            place: chance(0.95),
            position: chance(0.6),
            time: chance(0.85),
            weather: chance(if scene.weather == Weather::Clear {
                0.1
            } else {
                0.9
            }),
            style: chance(0.92),
        }
    }
}

/// A caption for training: either language, sometimes one word, sometimes empty.
pub fn sample(scene: &Scene, rng: &mut ChaCha8Rng) -> String {
    if rng.random_bool(EMPTY_SHARE) {
        return String::new();
    }
    let language = if rng.random_bool(0.5) {
        Language::Chinese
    } else {
        Language::English
    };
    if rng.random_bool(TERSE_SHARE) {
        let said = Attribute::ALL.choose(rng).copied();
        let words = said.and_then(|said| value_words(said, said.of(scene)?, language));
        return words.unwrap_or_default();
    }
    let mention = Mention::sample(scene, rng);
    word(scene, language, mention, rng)
}

/// A caption that says what `mention` asks for.
pub fn word(scene: &Scene, language: Language, mention: Mention, rng: &mut ChaCha8Rng) -> String {
    match language {
        Language::Chinese => chinese::word(scene, mention, rng).replace(SEAM, ""),
        Language::English => english::word(scene, mention, rng),
    }
}

/// The plainest words for the value `index` of an attribute.
pub fn value_words(attribute: Attribute, index: usize, language: Language) -> Option<String> {
    let english = language == Language::English;
    Some(match attribute {
        Attribute::Colour => {
            let colour = *Colour::ALL.get(index)?;
            if english {
                english::colour_word(colour).to_owned()
            } else {
                format!("{}色", chinese::colour_word(colour))
            }
        }
        Attribute::Place => {
            let place = *Place::ALL.get(index)?;
            let words = if english {
                english::place_words(place)
            } else {
                chinese::place_words(place)
            };
            (*words.first()?).to_owned()
        }
        Attribute::Time => {
            let time = *Time::ALL.get(index)?;
            let words = if english {
                english::time_words(time)
            } else {
                chinese::time_words(time)
            };
            (*words.first()?).to_owned()
        }
        Attribute::Style => {
            let style = *Style::ALL.get(index)?;
            let words = if english {
                english::style_words(style).1
            } else {
                chinese::style_words(style)
            };
            (*words.first()?).to_owned()
        }
    })
}

/// A full caption in Chinese or English cut into its words, for a tokenizer to learn words from and not the chance
/// neighbours of words: Chinese has no spaces.
pub fn terms(scene: &Scene, rng: &mut ChaCha8Rng) -> Vec<String> {
    let text = if rng.random_bool(0.5) {
        chinese::word(scene, Mention::ALL, rng)
    } else {
        english::word(scene, Mention::ALL, rng)
    };
    text.split(SEAM).map(str::to_owned).collect()
}

/// Stands between Chinese words until a caption is finished; no caption has it.
const SEAM: char = '|';

fn one_of<'a>(rng: &mut ChaCha8Rng, words: &[&'a str]) -> &'a str {
    words.choose(rng).copied().unwrap_or_default()
}
