//! Why something failed, in the language of the window.
//!
//! Errors speak English, on the command line, in the log and in the queue's file. Their sentences stand in
//! `assets/i18n/causes.en.ftl` too, and a sentence that is recognised there is said as `causes.zh-CN.ftl` has it. This
//! is gettext's way: errors need not know the window, and one kept from an earlier run is said in the language of
//! today. What is not recognised (the words of a driver or a decoder) stays as it is.
//!
//! A test holds the text of every `#[error("…")]` of the modules that it names against the file. Sentences that are put
//! together elsewhere, and those that stand for a placeable of another, are entered by hand.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};

use super::i18n::{Language, bundle};

/// The placeables that stand for a sentence or a word of the program's. All others stand for what is shown as it is:
/// paths, names, numbers.
const SENTENCES: [&str; 20] = [
    "action", "advice", "cause", "device", "doing", "expected", "family", "found", "hinted",
    "kept", "missing", "network", "part", "place", "problem", "reason", "remedy", "trouble",
    "what", "why",
];

/// Those that stand for a path or a key, which may hold what looks like the words behind it.
const PATHS: [&str; 2] = ["path", "subject"];

/// How many places are tried where a path may end.
const ENDS: usize = 4;

/// A form with no more letters than these, such as "…: …" or "… is …; …", fits almost any text.
const FEW: usize = 4;

/// What a text may begin with that is recognised.
#[derive(Clone, Copy)]
enum Lead {
    /// Words of the sentence, or a name.
    Words,
    /// A path too, unless it has a colon: "a.json: it" is none in "a.json: it is a LoRA; …".
    Path,
    /// Any path.
    AnyPath,
}

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
        self.known(text, Lead::Path)
            .or_else(|| self.known(text, Lead::AnyPath))
            .unwrap_or_else(|| text.to_owned())
    }

    /// What `text` is in this language, where it is a known sentence.
    fn known(&self, text: &str, lead: Lead) -> Option<String> {
        self.known
            .iter()
            .find_map(|sentence| self.said_as(sentence, text, lead))
    }

    fn said_as(&self, sentence: &Sentence, text: &str, lead: Lead) -> Option<String> {
        let mut fits = (0..sentence.ends()).filter_map(|end| sentence.parts(text, lead, end));
        let first = fits.next()?;
        // A path ends where known sentences follow.
        let sure = std::iter::once(first.clone()).chain(fits).find(|parts| {
            let mut sentences = sentence.sentences(parts);
            sentences.all(|part| self.known(part, Lead::Words).is_some())
        });
        let parts = sure.or_else(|| (sentence.letters() > FEW).then_some(first))?;
        let pattern = self.bundle.get_message(&sentence.key)?.value()?;
        let mut args = FluentArgs::new();
        for (name, part) in sentence.names.iter().zip(parts) {
            // Shorter than the text, so this ends.
            let value = if SENTENCES.contains(&name.as_str()) {
                self.line(part)
            } else {
                part.to_owned()
            };
            args.set(name.as_str(), FluentValue::from(value));
        }
        let mut errors = Vec::new();
        let said = self
            .bundle
            .format_pattern(pattern, Some(&args), &mut errors);
        errors.is_empty().then(|| said.into_owned())
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

    /// Letters of its own.
    fn letters(&self) -> usize {
        self.pieces.iter().map(|piece| letters(piece)).sum()
    }

    /// How many ends of its path are to be tried.
    fn ends(&self) -> usize {
        let mut before_words = self.names.iter().rev().skip(1);
        if before_words.any(|name| PATHS.contains(&name.as_str())) {
            ENDS
        } else {
            1
        }
    }

    /// What stands for the placeables, if `text` has this form. A path ends at the `end`th place where it may.
    fn parts<'a>(&self, text: &'a str, lead: Lead, end: usize) -> Option<Vec<&'a str>> {
        let (first, rest) = self.pieces.split_first()?;
        let mut left = text.strip_prefix(first.as_str())?;
        let Some((last, middle)) = rest.split_last() else {
            return left.is_empty().then(Vec::new);
        };
        let mut parts = Vec::with_capacity(self.names.len());
        for (piece, name) in middle.iter().zip(&self.names) {
            let path = PATHS.contains(&name.as_str());
            let (at, found) = left
                .match_indices(piece.as_str())
                .nth(if path { end } else { 0 })?;
            parts.push(left.get(..at)?);
            left = left.get(at + found.len()..)?;
        }
        parts.push(left.strip_suffix(last.as_str())?);
        let whole = parts.iter().all(|part| !part.is_empty());
        let leads = !first.is_empty() || parts.first().is_some_and(|part| self.leads(part, lead));
        (whole && leads).then_some(parts)
    }

    /// Whether the text may begin with `part`, the first placeable.
    fn leads(&self, part: &str, lead: Lead) -> bool {
        let joins = self.letters() == 0;
        let path = self
            .names
            .first()
            .is_some_and(|name| PATHS.contains(&name.as_str()));
        match lead {
            Lead::Words => !joins && !path && !part.contains(": "),
            Lead::Path => !part.contains(": "),
            Lead::AnyPath => joins || path || !part.contains(": "),
        }
    }

    /// Those of `parts` that are sentences themselves.
    fn sentences<'a>(&self, parts: &[&'a str]) -> impl Iterator<Item = &'a str> {
        self.names
            .iter()
            .zip(parts)
            .filter(|(name, _)| SENTENCES.contains(&name.as_str()))
            .map(|(_, part)| *part)
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::request::Steps;
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
        assert_eq!(
            chinese().say(
                "/a/b is a LoRA; it cannot stand alone; open a Z-Image model and apply it there"
            ),
            "/a/b 是 LoRA；它不能单独使用；请打开 Z-Image 模型并在其上应用"
        );
    }

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        for text in [
            "CUDA_ERROR_17",
            "VkError: out of date; try again",
            "The driver is broken; reinstall",
            "a: b: c: d: e: f: g: h: i; j; k; l",
        ] {
            assert_eq!(chinese().say(text), text);
        }
    }

    #[test]
    fn a_path_is_said_as_it_is() {
        for path in [
            "/home/li/a: b/x.safetensors",
            "/it is/here; there/painting",
            "/a: the folder/b: c",
            "painting",
        ] {
            for (english, chinese_text) in [
                (
                    "PATH does not exist; check the path, or complete the download",
                    "PATH 不存在；请检查路径，或把下载补全",
                ),
                (
                    "cannot read PATH: No such file or directory (os error 2)",
                    "无法读取 PATH：文件或文件夹不存在",
                ),
                (
                    "PATH cannot be read: Permission denied (os error 13)",
                    "PATH 无法读取：没有权限",
                ),
                ("PATH: it has only 7 bytes", "PATH：它只有 7 字节"),
                (
                    "PATH is a LoRA; get the bf16 version",
                    "PATH 是 LoRA；请改用 bf16 版本",
                ),
            ] {
                let said = chinese().say(&english.replace("PATH", path));
                assert_eq!(said, chinese_text.replace("PATH", path), "{english}");
            }
        }
    }

    #[test]
    fn errors_are_recognised_as_they_are_made() {
        let steps = Steps::new(0).unwrap_err();
        let preset = Preset::parse(b"{\"steps\": \"many\"}").unwrap_err();
        let model = Checkpoint::open(Path::new("/nowhere/at all")).unwrap_err();
        for (error, said) in [
            (
                steps.to_string(),
                "steps 必须在 1 与 50 之间，不能是 0（Z-Image-Turbo 原生为 8）",
            ),
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
            "cuda",
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
        // A form of hardly a word is known by what it joins.
        let filled = found.iter().map(|text| match letters(text) {
            0..=FEW => text.replace('7', "cancelled"),
            _ => text.clone(),
        });
        let unsaid: Vec<String> = filled
            .filter(|text| !causes.say(text).contains(han))
            .collect();
        assert_eq!(unsaid, Vec::<String>::new());
    }
}
