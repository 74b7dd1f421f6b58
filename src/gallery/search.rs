//! The words that find a picture.
//!
//! | written                 | finds pictures                                                   |
//! |-------------------------|------------------------------------------------------------------|
//! | `red fox`               | whose prompt or file name has both words, in any order and case  |
//! | `"red fox"`             | that have these words together                                   |
//! | `-snow`                 | that do not have the word; works before each of the below too    |
//! | `seed:42`               | painted from this seed                                           |
//! | `size:1024x1024`        | of this size; `size:1024x` and `size:x1024` ask for one side     |
//! | `model:turbo`           | whose model's name has this word                                 |
//! | `star:` or `star:yes`   | that are starred; `star:no` those that are not                   |
//! | `after:2026-11-01`      | written on this day or later; also `after:2026-11`, `after:2026` |
//! | `before:2026-11-01`     | written before this day                                          |
//! | `date:2026-11-01`       | written on this day; also `date:2026-11`, `date:2026`            |
//!
//! The keys in Chinese are 种子, 尺寸, 模型, 收藏 (是 or 否), 晚于, 早于 and 日期. All terms must hold. A full-width colon works as well. A term that cannot be understood is searched as a word.

use std::ops::Range;

use super::dates::span;
use super::entry::Entry;
use crate::request::Seed;

/// The name of the model that comes with the program.
pub const DEMO_MODEL: &str = "Danqing Demo";

/// The longest query that is read, in characters.
const MAX_QUERY: usize = 500;

/// A search, understood once and then asked of many pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    wanted: bool,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Word(String),
    Seed(Seed),
    Size(Option<u32>, Option<u32>),
    Model(String),
    Star(bool),
    /// Within these moments, in milliseconds since 1970.
    Written(Range<u64>),
}

impl Query {
    /// Reads a query; there is none that is wrong.
    pub fn parse(text: &str) -> Self {
        let text: String = text.chars().take(MAX_QUERY).collect();
        Self {
            terms: split(&text)
                .into_iter()
                .filter_map(|word| term(&word))
                .collect(),
        }
    }

    /// Whether it finds everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it finds `entry`.
    pub fn finds(&self, entry: &Entry) -> bool {
        self.terms
            .iter()
            .all(|term| holds(&term.what, entry) == term.wanted)
    }
}

fn holds(what: &What, entry: &Entry) -> bool {
    let facts = entry.facts();
    match what {
        What::Word(word) => {
            facts.is_some_and(|facts| contains(&facts.prompt, word))
                || entry
                    .path
                    .file_name()
                    .is_some_and(|name| contains(&name.to_string_lossy(), word))
        }
        What::Seed(seed) => facts.is_some_and(|facts| facts.seed == Some(*seed)),
        What::Size(width, height) => facts.is_some_and(|facts| {
            width.is_none_or(|width| width == facts.width)
                && height.is_none_or(|height| height == facts.height)
        }),
        What::Model(word) => facts
            .and_then(|facts| facts.model.as_deref())
            .is_some_and(|model| contains(shown_model(model), word) || contains(model, word)),
        What::Star(star) => entry.star == *star,
        What::Written(span) => span.contains(&entry.modified),
    }
}

/// What the window calls the model that a picture names: the one that comes with the program writes itself by its
/// folder's name.
pub fn shown_model(written: &str) -> &str {
    if written == "demo" {
        DEMO_MODEL
    } else {
        written
    }
}

/// Whether `text` has `word`, which is in lower case. Text in ASCII, most of it, is compared without a copy.
fn contains(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        word.is_empty()
            || text
                .windows(word.len())
                .any(|part| part.eq_ignore_ascii_case(word))
    } else {
        text.to_lowercase().contains(word)
    }
}

/// Splits at blanks, but not within quotes; the quotes stay, so that a phrase is told from a key.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' | '“' | '”' => {
                quoted = !quoted;
                if let Some(word) = words.last_mut() {
                    word.push('"');
                }
            }
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn term(written: &str) -> Option<Term> {
    let (wanted, rest) = match written.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (false, rest),
        _ => (true, written),
    };
    let what = keyed(rest).unwrap_or_else(|| What::Word(rest.replace('"', "").to_lowercase()));
    (what != What::Word(String::new())).then_some(Term { wanted, what })
}

fn keyed(text: &str) -> Option<What> {
    let (key, value) = text.split_once([':', '：'])?;
    let value = value.replace('"', "").to_lowercase();
    match key.to_lowercase().as_str() {
        "seed" | "种子" => value.parse().ok().map(|number| What::Seed(Seed(number))),
        "size" | "尺寸" => size(&value),
        "model" | "模型" => (!value.is_empty()).then_some(What::Model(value)),
        "star" | "收藏" => match value.as_str() {
            "" | "yes" | "true" | "1" | "是" => Some(What::Star(true)),
            "no" | "false" | "0" | "否" => Some(What::Star(false)),
            _ => None,
        },
        "after" | "晚于" => span(&value).map(|span| What::Written(span.start..u64::MAX)),
        "before" | "早于" => span(&value).map(|span| What::Written(0..span.start)),
        "date" | "日期" => span(&value).map(What::Written),
        _ => None,
    }
}

fn size(value: &str) -> Option<What> {
    let (width, height) = value.split_once(['x', '×', '*'])?;
    let side = |text: &str| {
        if text.is_empty() {
            Some(None)
        } else {
            text.parse().ok().map(Some)
        }
    };
    let (width, height) = (side(width)?, side(height)?);
    (width.is_some() || height.is_some()).then_some(What::Size(width, height))
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Details, Facts};
    use super::*;

    fn fox() -> Entry {
        let facts = Facts {
            width: 1024,
            height: 576,
            prompt: "A red Fox in the snow, 水墨画".into(),
            seed: Some(Seed(42)),
            model: Some("Z-Image-Turbo".into()),
        };
        // Noon of the day, wherever this runs.
        let day = span("2025-11-02").unwrap_or_default();
        let modified = day.start + 12 * 3_600_000;
        let path = "20251102-000000-42-1.png".into();
        Entry {
            path,
            modified,
            bytes: 1,
            details: Details::Picture(facts),
            star: true,
        }
    }

    #[test]
    fn every_term_of_the_language_finds_and_misses() {
        let fox = fox();
        for query in [
            "",
            "fox",
            "FOX red",
            "\"red fox\"",
            "“red fox”",
            "水墨",
            "-cat",
            "seed:42",
            "seed：42",
            "-seed:43",
            "size:1024x576",
            "size:1024x",
            "size:x576",
            "size:1024×576",
            "model:turbo",
            "star:",
            "star:yes",
            "after:2025-11-02",
            "after:2025",
            "before:2025-11-03",
            "before:2025-12",
            "date:2025-11-02",
            "date:2025-11",
            "date:2025",
            "种子:42",
            "尺寸：1024×576",
            "模型:turbo",
            "收藏:",
            "收藏：是",
            "晚于:2025-11-02",
            "早于:2025-11-03",
            "日期：2025-11-02",
            "-日期:2024",
            "20251102",
            "fox -cat star:",
        ] {
            assert!(Query::parse(query).finds(&fox), "{query}");
        }
        for query in [
            "cat",
            "\"fox red\"",
            "-fox",
            "fox cat",
            "seed:43",
            "size:576x1024",
            "size:1023x",
            "model:demo",
            "star:no",
            "-star:",
            "after:2025-11-03",
            "before:2025-11-02",
            "before:1970",
            "date:2025-11-03",
            "date:2025-10",
            "种子:43",
            "收藏:否",
            "日期:2024",
        ] {
            assert!(!Query::parse(query).finds(&fox), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_a_word_and_never_an_error() {
        let mut entry = fox();
        let prompt = "seed:none size:big after:never 3:2 -";
        entry.details = Details::Picture(Facts {
            prompt: prompt.into(),
            ..Facts::default()
        });
        for query in [
            "seed:none",
            "size:big",
            "after:never",
            "3:2",
            "-",
            "\"seed:none",
            "\"",
            "size:x",
        ] {
            let found = Query::parse(query).finds(&entry);
            assert_eq!(found, query != "size:x", "{query}");
        }
    }

    #[test]
    fn the_small_model_is_found_by_the_name_that_the_window_gives_it() {
        let mut entry = fox();
        entry.details = Details::Picture(Facts {
            model: Some("demo".into()),
            ..Facts::default()
        });
        for query in ["model:danqing", "模型:\"Danqing Demo\"", "model:demo"] {
            assert!(Query::parse(query).finds(&entry), "{query}");
        }
        assert!(!Query::parse("model:danqing").finds(&fox()));
    }

    #[test]
    fn a_picture_not_read_yet_is_found_by_its_file_name_only() {
        let entry = Entry {
            details: Details::Unread,
            ..fox()
        };
        assert!(Query::parse("20251102").finds(&entry));
        assert!(!Query::parse("fox").finds(&entry));
        assert!(!Query::parse("seed:42").finds(&entry));
    }
}
