//! The words of the window: both languages have the same keys, every key that is used exists, none lies idle.

use std::collections::BTreeSet;
use std::path::Path;

use danqing::app::command::Action;
use danqing::app::i18n::{Language, Words};
use danqing::pipeline::Precision;

fn keys(language: Language) -> BTreeSet<String> {
    let key = |line: &str| {
        let (key, _) = line.split_once(" =")?;
        (!key.starts_with([' ', '#'])).then(|| key.to_owned())
    };
    language.source().lines().filter_map(key).collect()
}

/// Every literal of the window's source that has the form of a key. Names that are not keys are written otherwise.
fn used(folder: &Path, found: &mut BTreeSet<String>) {
    for item in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if item.path().is_dir() {
            used(&item.path(), found);
            continue;
        }
        let source = std::fs::read_to_string(item.path()).unwrap();
        for line in source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            found.extend(
                line.split('"')
                    .skip(1)
                    .step_by(2)
                    .filter(|text| is_key(text))
                    .map(str::to_owned),
            );
        }
    }
}

fn is_key(text: &str) -> bool {
    text.contains('-')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(keys(Language::English), keys(Language::Chinese));
}

#[test]
fn every_key_that_is_used_exists_and_none_lies_idle() {
    let mut found = BTreeSet::new();
    used(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app"),
        &mut found,
    );
    // Keys that are put together from a key and an ending.
    for (key, ending) in [
        ("export-png", "about"),
        ("export-jpeg", "about"),
        ("export-webp", "about"),
    ] {
        found.insert(format!("{key}-{ending}"));
    }
    for key in ["keys-wheel", "keys-drag", "keys-double"] {
        found.insert(format!("{key}-does"));
    }
    // What each number format costs.
    found.extend(Precision::ALL.map(|precision| format!("settings-precision-{precision}")));
    assert_eq!(found, keys(Language::English));
}

#[test]
fn every_sentence_can_be_filled_in_both_languages() {
    for language in Language::ALL {
        let words = Words::new(language);
        for action in Action::ALL {
            assert_ne!(words.say(action.key()), action.key(), "{language:?}");
        }
        for count in [0_usize, 1, 2, 7] {
            let text = words.say_with("gallery-count", &[("count", count.into())]);
            assert!(text.contains(&count.to_string()), "{text}");
            assert!(
                !text.contains(['\u{2068}', '\u{2069}']),
                "isolating marks have no glyph"
            );
        }
    }
}

#[test]
fn chinese_has_its_own_punctuation() {
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for line in Language::Chinese
        .source()
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let Some((_, text)) = line.split_once(" = ") else {
            continue;
        };
        let letters: Vec<char> = text.chars().collect();
        for pair in letters.windows(2) {
            let [before, mark] = pair else { continue };
            assert!(
                !(han(*before) && [',', ';', '?', '!', ':', '('].contains(mark)),
                "{line}"
            );
        }
    }
}
