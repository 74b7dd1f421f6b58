//! The sizes of the networks, read from the `config.json` files of a checkpoint.
//!
//! Unknown keys are ignored (published files carry stray ones), a missing key is named, and every size is held to a
//! cap so that a hostile file cannot make `init` describe tensors that no machine has.

mod scheduler;
mod text_encoder;
mod transformer;
mod vae;

pub use scheduler::{SchedulerConfig, TimeShift};
pub use text_encoder::TextEncoderConfig;
pub use transformer::TransformerConfig;
pub use vae::VaeConfig;

use serde::de::DeserializeOwned;

/// Why a configuration was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON, a key missing, or a value of the wrong type; the reason names the key.
    #[error("{network} configuration cannot be read: {reason}")]
    Json {
        /// Which network's configuration it is.
        network: &'static str,
        /// What the parser met, with the key or the line.
        reason: String,
    },
    /// A value that this program cannot build a network from.
    #[error("{network} configuration: `{field}` is {value}, but {expected}")]
    Value {
        /// Which network's configuration it is.
        network: &'static str,
        /// The key in config.json.
        field: &'static str,
        /// What the file says.
        value: String,
        /// What would have been accepted.
        expected: String,
    },
}

/// Parses JSON text into a raw configuration.
fn parse<T: DeserializeOwned>(network: &'static str, json: &str) -> Result<T, ConfigError> {
    serde_json::from_str(json).map_err(|error| ConfigError::Json {
        network,
        reason: match key_at_fault(json, &error) {
            Some(key) => format!("`{key}`: {error}"),
            None => error.to_string(),
        },
    })
}

/// The key whose value is of the wrong type, which serde does not name. `None` for every other mistake.
fn key_at_fault<'a>(json: &'a str, error: &serde_json::Error) -> Option<&'a str> {
    let message = error.to_string();
    if !(message.starts_with("invalid") || message.starts_with("unknown variant")) {
        return None;
    }
    let line_start: usize = json
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let end = json.floor_char_boundary(line_start + error.column());
    let read = json.get(..end)?;
    // Outside of strings a colon stands only behind a key.
    let (mut key, mut last, mut begin, mut escaped) = (None, None, None, false);
    for (at, c) in read.char_indices() {
        match (c, begin) {
            (_, Some(_)) if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            ('"', Some(start)) => {
                last = read.get(start..at);
                begin = None;
            }
            ('"', None) => begin = Some(at + 1),
            (':', None) => key = last,
            _ => {}
        }
    }
    key
}

/// The checks shared by the four configurations, each error naming the network and the key.
struct Check(&'static str);

impl Check {
    fn refuse<T>(
        &self,
        field: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Result<T, ConfigError> {
        Err(ConfigError::Value {
            network: self.0,
            field,
            value: value.to_string(),
            expected: expected.into(),
        })
    }

    /// `value` lies in `least..=most`.
    fn size(
        &self,
        field: &'static str,
        value: usize,
        least: usize,
        most: usize,
    ) -> Result<(), ConfigError> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        self.refuse(
            field,
            value,
            format!("it must lie between {least} and {most}"),
        )
    }

    /// `value` is finite and greater than zero.
    fn positive(&self, field: &'static str, value: f64) -> Result<(), ConfigError> {
        if value.is_finite() && value > 0.0 {
            return Ok(());
        }
        self.refuse(field, value, "it must be a positive number")
    }

    /// `value` is one of the words this program knows.
    fn word(
        &self,
        field: &'static str,
        value: &str,
        known: &[&'static str],
    ) -> Result<(), ConfigError> {
        if known.contains(&value) {
            return Ok(());
        }
        let known = known
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(" or ");
        self.refuse(
            field,
            format!("`{value}`"),
            format!("only {known} is supported"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_wrong_type_is_named_by_its_key() {
        let cases = [
            (r#"{"shift": "much"}"#, "`shift`"),
            (
                "{\n  \"_note\": \"a: \\\"b\\\"\",\n  \"shift\": [3]\n}",
                "`shift`",
            ),
            (r#"{"num_train_timesteps": -1}"#, "`num_train_timesteps`"),
            (
                r#"{"time_shift_type": "狐", "shift": 3}"#,
                "`time_shift_type`",
            ),
            (r#"{"shift": null}"#, "`shift`"),
        ];
        for (json, key) in cases {
            let error = SchedulerConfig::from_json(json).map_err(|error| error.to_string());
            assert!(
                error.as_ref().is_err_and(|error| error.contains(key)),
                "{json}: {error:?}"
            );
        }
    }

    #[test]
    fn broken_json_blames_no_key() {
        for json in ["", "{", "{\"shift\": }", "{\"shift\": 3", "[1]", "null"] {
            let error = SchedulerConfig::from_json(json).map_err(|error| error.to_string());
            assert!(
                error.is_err_and(|error| !error.contains("cannot be read: `")),
                "{json}"
            );
        }
    }
}
