//! Names of picture files, from a pattern that the designer may choose.
//!
//! | in the pattern | in the name                                            |
//! |----------------|--------------------------------------------------------|
//! | `{date}`       | the day, as the calendar here has it: `20261122`       |
//! | `{time}`       | the time, as the clock here has it: `205505`           |
//! | `{seed}`       | the picture's own seed                                 |
//! | `{size}`       | width and height, as in `1024x576`                     |
//! | `{model}`      | the model's name                                       |
//! | `{prompt}`     | the first words of the prompt                          |
//! | `/`            | a folder below the gallery                             |
//!
//! Everything else stands for itself. There is no wrong pattern: what some system does not allow in a name is left out,
//! and a number that makes the name unique always follows.

use std::path::PathBuf;
use std::time::SystemTime;

use super::Metadata;
use super::dates::digits;

/// The pattern that is used unless another is chosen.
pub const PATTERN: &str = "{date}-{time}-{seed}";

/// The longest part of a path, in bytes: most systems take 255, and a number and an ending follow.
const MAX_PART: usize = 120;

/// The longest prompt in a name, in characters.
const MAX_PROMPT: usize = 40;

/// How deep a pattern may lead.
const MAX_PARTS: usize = 4;

/// Names that Windows keeps for devices, with any ending.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The path of a picture made at `now`, relative to the gallery and without number and ending.
pub fn stem(pattern: &str, metadata: &Metadata, now: SystemTime) -> PathBuf {
    stem_at(pattern, metadata, &digits(now))
}

/// The same for a moment written as `YYYYMMDDhhmmss`.
fn stem_at(pattern: &str, metadata: &Metadata, moment: &str) -> PathBuf {
    // The pattern is cut before values are put in, so that a value with a slash opens no folder.
    let parts: Vec<String> = pattern
        .split(['/', '\\'])
        .filter_map(|part| tidy(&fill(part, metadata, moment)))
        .take(MAX_PARTS)
        .collect();
    if parts.is_empty() {
        PathBuf::from("picture")
    } else {
        parts.iter().collect()
    }
}

fn fill(part: &str, metadata: &Metadata, moment: &str) -> String {
    let (date, time) = moment.split_at(moment.len().min(8));
    let request = &metadata.request;
    let size = format!("{}x{}", request.size.width(), request.size.height());
    let prompt: String = request
        .prompt
        .as_str()
        .trim()
        .chars()
        .take(MAX_PROMPT)
        .collect();
    let seed = request.seed.to_string();
    let keys: [(&str, &str); 6] = [
        ("date", date),
        ("time", time),
        ("seed", &seed),
        ("size", &size),
        ("model", &metadata.model.name),
        ("prompt", &prompt),
    ];
    let mut filled = String::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = keys
            .iter()
            .find_map(|(key, value)| Some((value, after.strip_prefix(key)?.strip_prefix('}')?)));
        match value {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// A part of a path that Linux, macOS and Windows all take, and no list of files hides.
fn tidy(part: &str) -> Option<String> {
    let allowed = |c: char| {
        if c.is_control() || "<>:\"/\\|?*".contains(c) {
            '-'
        } else {
            c
        }
    };
    let mut tidied: String = part
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(allowed)
        .collect();
    while tidied.len() > MAX_PART {
        tidied.pop();
    }
    let tidied = tidied.trim_matches([' ', '.']);
    let stem = tidied.split('.').next().unwrap_or_default().to_lowercase();
    match tidied {
        "" => None,
        _ if RESERVED.contains(&stem.as_str()) => Some(format!("_{tidied}")),
        _ => Some(tidied.to_owned()),
    }
}

/// Marks that change the direction of text or take no room, with which a name can pretend to be another.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::super::metadata::tests::record;
    use super::*;
    use crate::request::{Prompt, Request, Seed};

    fn name(pattern: &str, prompt: &str) -> String {
        let metadata = record(Request::new(Prompt::new(prompt).unwrap(), Seed(42)));
        stem_at(pattern, &metadata, "20000229000000")
            .to_str()
            .unwrap()
            .replace('\\', "/")
    }

    #[test]
    fn a_pattern_is_filled_in() {
        for (pattern, expected) in [
            (PATTERN, "20000229-000000-42"),
            ("{date}/{prompt} {size}", "20000229/一只 fox 1024x1024"),
            ("{model}_{seed}{seed}", "tiny_4242"),
            ("plain", "plain"),
            ("{unknown} {", "{unknown} {"),
            ("", "picture"),
        ] {
            assert_eq!(name(pattern, "一只 fox"), expected, "{pattern}");
        }
    }

    /// Fault row 16.
    #[test]
    fn every_name_is_one_that_every_system_takes() {
        for (pattern, prompt, expected) in [
            ("../../{prompt}", "x", "x"),
            ("/etc/{prompt}", "x", "etc/x"),
            ("C:\\x", "x", "C-/x"),
            ("{prompt}", "../../etc/passwd", "-..-etc-passwd"),
            ("{prompt}", "CON", "_CON"),
            ("{prompt}", "nul.txt", "_nul.txt"),
            ("{prompt}", "a. ", "a"),
            ("{prompt}", ".hidden", "hidden"),
            ("{prompt}", "a\u{202e}gpj\tb", "agpj-b"),
            ("{prompt}", "🦊", "🦊"),
            ("a/b/c/d/e/f", "x", "a/b/c/d"),
            ("...", "x", "picture"),
        ] {
            assert_eq!(name(pattern, prompt), expected, "{pattern:?} {prompt:?}");
        }
        let long = name(&"长{prompt}".repeat(20), &"狐".repeat(300));
        assert!(long.len() <= MAX_PART, "{} bytes", long.len());
    }
}
