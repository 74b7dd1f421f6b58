//! The keys of a preset file, taken out one by one; what is left at the end is unknown.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::{
    ImageSize, MAX_BYTES, PresetError, PresetSeed, PresetWarning, Prompt, RequestError, Seed,
};

pub(super) struct Fields(BTreeMap<String, Value>);

impl Fields {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, PresetError> {
        let length = bytes.len() as u64;
        if length > MAX_BYTES {
            return Err(PresetError::TooLong(length));
        }
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(PresetError::Encoding("it is UTF-16"));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| PresetError::Encoding("it has other bytes"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(PresetError::Empty);
        }
        serde_json::from_str(text).map_err(|error| PresetError::Syntax {
            line: error.line(),
            column: error.column(),
            what: without_place(&error.to_string()),
        })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, PresetError> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_kind(key, "text in quotes", &other)),
        }
    }

    /// Text that could stand in the prompt box. Empty text empties the box.
    pub(super) fn prompt(&mut self, key: &'static str) -> Result<Option<String>, PresetError> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        Prompt::optional(text.as_str()).map_err(|source| PresetError::Value { key, source })?;
        Ok(Some(text))
    }

    pub(super) fn number<T: FromStr<Err = RequestError>>(
        &mut self,
        key: &'static str,
    ) -> Result<Option<T>, PresetError> {
        let Some(value) = self.0.remove(key) else {
            return Ok(None);
        };
        let Some(number) = value.as_f64() else {
            return Err(wrong_kind(key, "a number without quotes", &value));
        };
        // Through the shortest decimal: 8.0 is eight steps, and 0.6 the f32 nearest to 0.6.
        number
            .to_string()
            .parse()
            .map(Some)
            .map_err(|source| PresetError::Value { key, source })
    }

    pub(super) fn whole_number(&mut self, key: &'static str) -> Result<Option<u64>, PresetError> {
        match self.0.remove(key) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| wrong_kind(key, "a whole number", &value)),
        }
    }

    pub(super) fn size(&mut self) -> Result<Option<ImageSize>, PresetError> {
        let side = |value: Option<u64>| value.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        match (
            side(self.whole_number("width")?),
            side(self.whole_number("height")?),
        ) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PresetError::HalfASize("width")),
            (Some(_), None) => Err(PresetError::HalfASize("height")),
            (Some(width), Some(height)) => {
                let size = ImageSize::new(width, height);
                size.map(Some).map_err(|source| PresetError::Value {
                    key: "width",
                    source,
                })
            }
        }
    }

    pub(super) fn seed(&mut self) -> Result<Option<PresetSeed>, PresetError> {
        let text = match self.0.remove("seed") {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(PresetSeed::Random)),
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => return Err(wrong_kind("seed", "a whole number", &other)),
        };
        if matches!(text.trim(), "-1" | "random") {
            return Ok(Some(PresetSeed::Random));
        }
        let seed: Seed = text.parse().map_err(|source| PresetError::Value {
            key: "seed",
            source,
        })?;
        Ok(Some(PresetSeed::Held(seed)))
    }

    /// What no setting has asked for, less what names files and addresses.
    pub(super) fn rest(self) -> (BTreeMap<String, Value>, Vec<PresetWarning>) {
        let mut warnings = Vec::new();
        let kept = self.0.into_iter().filter(|(key, value)| {
            let kept = !reaches_outside(key, value);
            let name = key.chars().take(60).collect();
            warnings.push(if kept {
                PresetWarning::Unknown(name)
            } else {
                PresetWarning::PathLeftOut(name)
            });
            kept
        });
        (kept.collect(), warnings)
    }
}

/// Keys that other programs use for files, folders and addresses.
const REACHING_KEYS: [&str; 10] = [
    "path",
    "file",
    "folder",
    "output",
    "output_dir",
    "url",
    "link",
    "include",
    "template",
    "model_path",
];

fn reaches_outside(key: &str, value: &Value) -> bool {
    let reaching_text = |text: &str| {
        text.contains("://")
            || text.contains("../")
            || text.contains("..\\")
            || text.starts_with(['/', '~', '\\'])
            || text
                .get(1..3)
                .is_some_and(|drive| drive == ":\\" || drive == ":/")
    };
    REACHING_KEYS.contains(&key.to_lowercase().as_str())
        || match value {
            Value::String(text) => reaching_text(text),
            Value::Array(values) => values.iter().any(|value| reaches_outside("", value)),
            Value::Object(entries) => entries
                .iter()
                .any(|(key, value)| reaches_outside(key, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
}

fn wrong_kind(key: &'static str, expected: &'static str, found: &Value) -> PresetError {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    PresetError::Kind {
        key,
        expected,
        found,
    }
}

/// serde_json appends the place, which the error has as numbers.
fn without_place(message: &str) -> String {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(what, _)| what)
        .to_owned()
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Fields;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&key) {
                        return Err(M::Error::custom(format_args!(
                            "the key {key:?} stands twice"
                        )));
                    }
                    fields.insert(key, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}
