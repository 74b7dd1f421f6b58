//! Presets: settings with a name, as a JSON file that people hand to each other.
//!
//! # The format, version 1
//!
//! One JSON object in UTF-8 (a byte order mark is allowed), at most 256 KiB. Every key is optional; a key that is
//! absent leaves its setting as it is. A file with none of the settings below is not taken for a preset.
//!
//! | key                   | value                                  | setting                                      |
//! |-----------------------|----------------------------------------|----------------------------------------------|
//! | `version`             | 1                                      | the format; a newer one is refused           |
//! | `name`, `name_zh`     | text                                   | its name in English and in Chinese           |
//! | `about`, `about_zh`   | text                                   | one sentence on what it is good for          |
//! | `model`               | text                                   | the model it was made for, as a hint         |
//! | `prompt`              | text                                   | replaces the prompt                          |
//! | `style`               | text                                   | words put behind whatever prompt is written  |
//! | `negative`            | text                                   | replaces the negative prompt                 |
//! | `prompt_en`, `style_en`, `negative_en` | text                  | the same for a reader of English             |
//! | `prompt_zh`, `style_zh`, `negative_zh` | text                  | the same for a reader of Chinese             |
//! | `width`, `height`     | whole numbers, together                | [`ImageSize`]                                |
//! | `steps`               | whole number                           | [`Steps`]                                    |
//! | `guidance`            | number, 1 = off                        | [`Guidance`]                                 |
//! | `cfg_normalization`   | number, 0 = off                        | [`CfgNormalization`]                         |
//! | `cfg_truncation`      | number, 1 = never                      | [`CfgTruncation`]                            |
//! | `shift`               | number                                 | [`Shift`]                                    |
//! | `seed`                | whole number, or text beyond 2^53; `-1`, `null` or `"random"` for a new one each time | [`Seed`] |
//! | `count`               | whole number                           | [`Count`]                                    |
//! | `strength`            | number                                 | [`Strength`] of a start image, where one is set |
//! | `thumbnail`           | base64 of a JPEG, PNG or WebP picture of at most 64 KiB | none; shown beside its name |
//!
//! The texts with a language take the place of those without in a window of that language
//! ([`Preset::in_language`]). They came later than the others, under the same version: a program that does not know
//! them keeps them and uses `prompt`, `style` and `negative`, which are therefore best written as well.
//!
//! Values pass the constructors of [`request`](super), so that a preset can ask for nothing that a slider cannot. Keys
//! of other programs are kept when the preset is saved again, and reported; those that hold a path or an address are
//! dropped, since a preset is data and touches neither files nor the network.

mod fields;
mod shipped;
#[cfg(test)]
mod tests;
mod thumbnail;
mod wording;

pub use shipped::shipped;
pub use thumbnail::{MAX_THUMBNAIL, Thumbnail};

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{
    CfgNormalization, CfgTruncation, Count, Draft, Guidance, ImageSize, Prompt, RequestError, Seed,
    Shift, Steps, Strength,
};
use fields::Fields;

/// The format that this program writes, and the newest that it reads.
pub const VERSION: u64 = 1;

/// The most bytes that a preset file has.
pub const MAX_BYTES: u64 = 256 << 10;

/// The longest name, in characters.
const MAX_NAME: usize = 120;

/// Settings with a name. See the [format](self).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Preset {
    /// Its name in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its name in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_zh: Option<String>,
    /// What it is good for, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is good for, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_zh: Option<String>,
    /// The model it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Replaces the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Words behind the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// Replaces the negative prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// The prompt in English, where `prompt` is in another language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_en: Option<String>,
    /// The prompt in Chinese, where `prompt` is in another language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_zh: Option<String>,
    /// The style in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style_en: Option<String>,
    /// The style in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style_zh: Option<String>,
    /// The negative prompt in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_en: Option<String>,
    /// The negative prompt in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_zh: Option<String>,
    /// Width and height.
    #[serde(flatten)]
    pub size: Option<ImageSize>,
    /// Transformer calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// Classifier-free guidance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<Guidance>,
    /// Bound on the guided prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cfg_normalization: Option<CfgNormalization>,
    /// Time after which guidance rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cfg_truncation: Option<CfgTruncation>,
    /// Timestep shift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    /// A seed, or a new one each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<PresetSeed>,
    /// Pictures to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// How far a start image is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// A small picture of what it makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Thumbnail>,
    /// Keys of other programs, kept as they were.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What a preset says about the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Option<Seed>")]
pub enum PresetSeed {
    /// A new one each time.
    Random,
    /// This one.
    Held(Seed),
}

impl From<PresetSeed> for Option<Seed> {
    fn from(seed: PresetSeed) -> Self {
        match seed {
            PresetSeed::Random => None,
            PresetSeed::Held(seed) => Some(seed),
        }
    }
}

/// What was passed over in a preset that is otherwise good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresetWarning {
    /// A key of another program.
    #[error("{0:?} is no setting of this version; it is kept but does nothing")]
    Unknown(String),
    /// The thumbnail is no small picture.
    #[error(
        "\"thumbnail\" must be a JPEG, PNG or WebP picture of at most 64 KiB in base64; it is left out"
    )]
    Thumbnail,
    /// A key that names a file, a folder or an address.
    #[error("{0:?} holds a path or an address, which a preset may not use; it is left out")]
    PathLeftOut(String),
}

/// Why a file is no preset.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PresetError {
    /// The text is in another encoding.
    #[error("the text is not UTF-8 ({0}); save the file as UTF-8")]
    Encoding(&'static str),
    /// There is nothing in it.
    #[error(
        "the file is empty; a preset is a JSON object such as {{\"version\": 1, \"steps\": 8}}"
    )]
    Empty,
    /// The file is longer than a preset can be.
    #[error("the preset has {0} bytes, and at most {MAX_BYTES} are read")]
    TooLong(u64),
    /// It is no JSON object.
    #[error("line {line}, column {column}: {what}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// A later program made it.
    #[error(
        "the preset has format {0}, made by a newer version of Danqing; update Danqing to use it"
    )]
    Newer(u64),
    /// It has no setting at all.
    #[error(
        "the file holds none of a preset's settings, such as \"prompt\", \"steps\" or \"width\""
    )]
    NoSettings,
    /// A value is of another kind.
    #[error("{key:?} must be {expected}, not {found}")]
    Kind {
        /// The key.
        key: &'static str,
        /// What it holds in a good preset.
        expected: &'static str,
        /// What it holds here.
        found: String,
    },
    /// A value is out of range.
    #[error("{key:?}: {source}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        source: RequestError,
    },
    /// One of width and height is missing.
    #[error("\"width\" and \"height\" stand together, and {0:?} is missing")]
    HalfASize(&'static str),
}

impl Preset {
    /// Reads a preset, and says what was passed over.
    ///
    /// # Errors
    /// One for each thing that can be wrong; nothing of a wrong preset is used.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<PresetWarning>), PresetError> {
        let mut fields = Fields::parse(bytes)?;
        if let Some(version) = fields
            .whole_number("version")?
            .filter(|version| *version > VERSION)
        {
            return Err(PresetError::Newer(version));
        }
        let mut preset = Self {
            name: fields.text("name")?.map(tidy_name),
            name_zh: fields.text("name_zh")?.map(tidy_name),
            about: fields.text("about")?.map(tidy_name),
            about_zh: fields.text("about_zh")?.map(tidy_name),
            model: fields.text("model")?.map(tidy_name),
            prompt: fields.prompt("prompt")?,
            style: fields.prompt("style")?,
            negative: fields.prompt("negative")?,
            prompt_en: fields.prompt("prompt_en")?,
            prompt_zh: fields.prompt("prompt_zh")?,
            style_en: fields.prompt("style_en")?,
            style_zh: fields.prompt("style_zh")?,
            negative_en: fields.prompt("negative_en")?,
            negative_zh: fields.prompt("negative_zh")?,
            size: fields.size()?,
            steps: fields.number("steps")?,
            guidance: fields.number("guidance")?,
            cfg_normalization: fields.number("cfg_normalization")?,
            cfg_truncation: fields.number("cfg_truncation")?,
            shift: fields.number("shift")?,
            seed: fields.seed()?,
            count: fields.number("count")?,
            strength: fields.number("strength")?,
            thumbnail: None,
            unknown: BTreeMap::new(),
        };
        if preset.is_blank() {
            return Err(PresetError::NoSettings);
        }
        // A setting is never lost for the sake of a picture.
        let thumbnail = fields.text("thumbnail")?;
        preset.thumbnail = thumbnail.as_deref().and_then(Thumbnail::parse);
        let (unknown, mut warnings) = fields.rest();
        if thumbnail.is_some() && preset.thumbnail.is_none() {
            warnings.push(PresetWarning::Thumbnail);
        }
        preset.unknown = unknown;
        Ok((preset, warnings))
    }

    /// The preset as a file's content.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Written<'a> {
            version: u64,
            #[serde(flatten)]
            preset: &'a Preset,
        }
        // Text, numbers and maps with text keys: nothing here that JSON cannot hold.
        serde_json::to_string_pretty(&Written {
            version: VERSION,
            preset: self,
        })
        .unwrap_or_default()
            + "\n"
    }

    /// All that `draft` says, under a name.
    pub fn from_draft(name: &str, draft: &Draft) -> Self {
        let words = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        Self {
            name: Some(tidy_name(name.to_owned())),
            prompt: words(&draft.prompt),
            style: words(&draft.style),
            negative: words(&draft.negative),
            size: Some(draft.size),
            steps: Some(draft.steps),
            guidance: Some(draft.guidance),
            cfg_normalization: Some(draft.cfg_normalization),
            cfg_truncation: Some(draft.cfg_truncation),
            shift: draft.shift,
            seed: Some(draft.seed.map_or(PresetSeed::Random, PresetSeed::Held)),
            count: Some(draft.count),
            strength: draft.start.as_ref().map(|start| start.strength),
            ..Self::default()
        }
    }

    /// Changes what the preset names in `draft`, and nothing else.
    pub fn apply(&self, draft: &mut Draft) {
        let set_text = |target: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                target.clone_from(value);
            }
        };
        set_text(&mut draft.prompt, &self.prompt);
        set_text(&mut draft.style, &self.style);
        set_text(&mut draft.negative, &self.negative);
        draft.size = self.size.unwrap_or(draft.size);
        draft.steps = self.steps.unwrap_or(draft.steps);
        draft.guidance = self.guidance.unwrap_or(draft.guidance);
        draft.cfg_normalization = self.cfg_normalization.unwrap_or(draft.cfg_normalization);
        draft.cfg_truncation = self.cfg_truncation.unwrap_or(draft.cfg_truncation);
        draft.shift = self.shift.or(draft.shift);
        draft.seed = self.seed.map_or(draft.seed, Option::from);
        draft.count = self.count.unwrap_or(draft.count);
        if let (Some(start), Some(strength)) = (&mut draft.start, self.strength) {
            start.strength = strength;
        }
    }

    /// Its name in Chinese or English, whichever there is; empty when it has none.
    pub fn title(&self, chinese: bool) -> &str {
        either(chinese, &self.name, &self.name_zh)
    }

    /// What it is good for, in Chinese or English, whichever there is; may be empty.
    pub fn description(&self, chinese: bool) -> &str {
        either(chinese, &self.about, &self.about_zh)
    }

    /// A file name for it that every system accepts, without a folder.
    pub fn file_name(&self) -> String {
        let title = self
            .name
            .as_deref()
            .or(self.name_zh.as_deref())
            .unwrap_or_default();
        let kept: String = title
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let words: Vec<&str> = kept.split('-').filter(|word| !word.is_empty()).collect();
        let stem: String = words.join("-").to_lowercase().chars().take(60).collect();
        // The prefix keeps names such as CON, which Windows reserves, from standing alone.
        if stem.is_empty() {
            "preset.json".to_owned()
        } else {
            format!("preset-{stem}.json")
        }
    }

    fn is_blank(&self) -> bool {
        let Self {
            name,
            name_zh,
            about,
            about_zh,
            model,
            unknown,
            ..
        } = self.clone();
        *self
            == Self {
                name,
                name_zh,
                about,
                about_zh,
                model,
                unknown,
                ..Self::default()
            }
    }
}

fn either<'a>(chinese: bool, english: &'a Option<String>, han: &'a Option<String>) -> &'a str {
    let (first, second) = if chinese {
        (han, english)
    } else {
        (english, han)
    };
    first.as_deref().or(second.as_deref()).unwrap_or_default()
}

/// Names are shown in lists: one line, no control characters, not endless.
fn tidy_name(name: String) -> String {
    name.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME)
        .collect()
}
