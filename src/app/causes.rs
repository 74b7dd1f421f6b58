//! Why something failed, in the language of the window.
//!
//! Errors speak English, on the command line, in the log and in the queue's file. Their sentences stand in
//! `assets/i18n/causes.en.ftl` too, and a sentence that is recognised there is said as `causes.zh-CN.ftl` has it. This
//! is gettext's way: errors need not know the window, and one kept from an earlier run is said in the language of
//! today. A test holds every error's sentence against the file. What is not recognised (the words of a driver or a
//! decoder) stays as it is.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};

use super::i18n::{Language, bundle};

/// The sentences that one language has for causes.
pub(super) struct Causes {
    known: Vec<Sentence>,
    bundle: FluentBundle<FluentResource>,
}

/// An English sentence: literal pieces with one placeable between each two.
struct Sentence {
    key: String,
    pieces: Vec<String>,
    names: Vec<String>,
}

impl Causes {
    /// The sentences of `language`; none for English, in which causes come.
    pub fn new(language: Language) -> Option<Self> {
        if language == Language::English {
            return None;
        }
        let english = bundle(Language::English, Language::English.causes());
        let keys = Language::English.causes().lines();
        let keys = keys.filter_map(|line| Some(line.split_once(" = ")?.0));
        let mut known: Vec<Sentence> = keys
            .filter_map(|key| Sentence::read(&english, key))
            .collect();
        // Of several that fit, the one that says most is meant.
        known.sort_by_key(|sentence| std::cmp::Reverse(sentence.literal()));
        Some(Self {
            known,
            bundle: bundle(language, language.causes()),
        })
    }

    /// `text` line by line, as far as its sentences are known.
    pub fn say(&self, text: &str) -> String {
        let lines: Vec<String> = text.lines().map(|line| self.line(line)).collect();
        lines.join("\n").trim().to_owned()
    }

    fn line(&self, text: &str) -> String {
        let found = self.known.iter().find_map(|sentence| {
            let parts = sentence.parts(text)?;
            let pattern = self.bundle.get_message(&sentence.key)?.value()?;
            let mut args = FluentArgs::new();
            for (name, part) in sentence.names.iter().zip(parts) {
                // Shorter than the text, so this ends.
                args.set(name.as_str(), FluentValue::from(self.line(part)));
            }
            let mut errors = Vec::new();
            let said = self
                .bundle
                .format_pattern(pattern, Some(&args), &mut errors);
            errors.is_empty().then(|| said.into_owned())
        });
        found.unwrap_or_else(|| text.to_owned())
    }
}

impl Sentence {
    fn read(english: &FluentBundle<FluentResource>, key: &str) -> Option<Self> {
        let pattern = english.get_message(key)?.value()?;
        // A placeable without a value is written as its name: {$path}.
        let text = english.format_pattern(pattern, None, &mut Vec::new());
        let mut placed = text.split("{$");
        let (mut pieces, mut names) = (vec![placed.next()?.to_owned()], Vec::new());
        for part in placed {
            let (name, after) = part.split_once('}')?;
            names.push(name.to_owned());
            pieces.push(after.to_owned());
        }
        let sentence = Self {
            key: key.to_owned(),
            pieces,
            names,
        };
        (sentence.literal() > 0).then_some(sentence)
    }

    /// Bytes that are the same in all texts of this form.
    fn literal(&self) -> usize {
        self.pieces.iter().map(String::len).sum()
    }

    /// What stands for the placeables, if `text` has this form.
    fn parts<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, rest) = self.pieces.split_first()?;
        let mut left = text.strip_prefix(first.as_str())?;
        let Some((last, middle)) = rest.split_last() else {
            return left.is_empty().then(Vec::new);
        };
        let mut parts = Vec::with_capacity(self.names.len());
        for piece in middle {
            let (part, after) = left.split_once(piece.as_str())?;
            parts.push(part);
            left = after;
        }
        parts.push(left.strip_suffix(last.as_str())?);
        // A file's name before the sentence, as in "a.json: the text is not UTF-8", is not a part of it.
        let named = first.is_empty()
            && self.literal() > ": ".len()
            && parts.first().is_some_and(|part| part.contains(": "));
        (!named && parts.iter().all(|part| !part.is_empty())).then_some(parts)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::request::preset::Preset;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn chinese() -> Causes {
        Causes::new(Language::Chinese).unwrap()
    }

    fn sentences(language: Language) -> BTreeMap<&'static str, &'static str> {
        language
            .causes()
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .collect()
    }

    #[test]
    fn a_sentence_inside_a_sentence_is_said_too() {
        let said = chinese()
            .say("cannot write /a b/c.json: No space left on device (os error 28); free some space or choose another folder");
        assert_eq!(
            said,
            "无法写入 /a b/c.json：磁盘已满；请腾出空间或选择别的文件夹"
        );
        assert_eq!(
            chinese().say("notes.md: .md files are of no kind that is known here"),
            "notes.md：这里不认识 .md 文件"
        );
        assert_eq!(chinese().say("CUDA_ERROR_17"), "CUDA_ERROR_17");
    }

    #[test]
    fn errors_are_recognised_as_they_are_made() {
        let preset = Preset::parse(b"{\"steps\": \"many\"}").unwrap_err();
        let model = Checkpoint::open(Path::new("/nowhere/at all")).unwrap_err();
        for (error, said) in [
            (preset.to_string(), "\"steps\" 必须是"),
            (
                model.to_string(),
                "/nowhere/at all 不存在；请检查路径，或把下载补全",
            ),
        ] {
            assert!(
                chinese().say(&error).starts_with(said),
                "{}",
                chinese().say(&error)
            );
        }
    }

    #[test]
    fn both_languages_know_the_same_sentences_with_the_same_placeables() {
        let placeables = |text: &str| {
            let mut names: Vec<String> = text
                .split("{ $")
                .skip(1)
                .filter_map(|part| Some(part.split_once(" }")?.0.to_owned()))
                .collect();
            names.sort();
            names
        };
        let (english, chinese) = (sentences(Language::English), sentences(Language::Chinese));
        assert_eq!(
            english.keys().collect::<Vec<_>>(),
            chinese.keys().collect::<Vec<_>>()
        );
        for (key, text) in english {
            assert_eq!(placeables(text), placeables(chinese[key]), "{key}");
        }
    }

    /// The sentences of errors that a designer may meet, with 7 for what is filled in.
    fn error_sentences(folder: &Path, found: &mut Vec<String>) {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                error_sentences(&path, found);
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            for part in source.split("#[error(").skip(1) {
                let Some(text) = part.trim_start().strip_prefix('"') else {
                    continue;
                };
                let text = text.replace("\\\"", "\u{1}");
                let (text, _) = text.split_once('"').unwrap();
                let joined: Vec<&str> = text.split("\\\n").map(str::trim_start).collect();
                let text = joined.concat().replace('\u{1}', "\"");
                let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
                let mut filled = String::new();
                for (index, piece) in text.split('{').enumerate() {
                    match piece.split_once('}') {
                        Some((_, after)) if index > 0 => filled.extend(["7", after]),
                        _ => filled.push_str(piece),
                    }
                }
                found.push(filled.replace('\u{1}', "{").replace('\u{2}', "}"));
            }
        }
    }

    #[test]
    fn every_error_has_its_sentence() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        for part in [
            "checkpoint",
            "engine",
            "files",
            "gallery",
            "model",
            "pipeline",
            "request",
        ] {
            error_sentences(&source.join(part), &mut found);
        }
        assert!(found.len() > 80, "{}", found.len());
        let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let causes = chinese();
        let unsaid: Vec<&String> = found
            .iter()
            .filter(|text| text.contains(char::is_alphabetic) && !causes.say(text).contains(han))
            .collect();
        assert_eq!(unsaid, Vec::<&String>::new());
    }
}
