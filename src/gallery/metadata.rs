//! What a picture's file says about how it came about.

use crate::request::Request;
use serde::{Deserialize, Serialize};

/// Keyword of the PNG text chunk that holds [`Metadata`] as JSON.
pub const KEYWORD: &str = "danqing";

/// How the noise behind a seed is drawn, so that another program can draw the same: see
/// [`crate::request::Seed`].
pub const NOISE_CHACHA20_BOX_MULLER: &str = "chacha20-box-muller-1";

/// What a record says when the noise was given in a file.
pub const NOISE_FROM_FILE: &str = "file";

/// Everything needed to make a picture again, and to know what made it.
///
/// Nothing here differs between two runs of the same request on the same device except
/// [`created`](Self::created) and [`seconds`](Self::seconds): without these two, the file is the same bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Version of this form, [`Metadata::FORMAT`].
    pub format: u32,
    /// Such as "Danqing 0.1.0".
    pub program: String,
    /// What was asked for, of this one picture: its own seed, and a count of 1.
    pub request: Request,
    /// The checkpoint.
    pub model: ModelRecord,
    /// LoRAs mixed into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loras: Vec<LoraRecord>,
    /// Such as "cuda:0 (NVIDIA H200)".
    pub device: String,
    /// Number format of weights and activations: "f32" or "bf16".
    pub dtype: String,
    /// How the noise was drawn: [`NOISE_CHACHA20_BOX_MULLER`], or [`NOISE_FROM_FILE`].
    pub noise: String,
    /// Whether the pixels were decoded in tiles, as memory was short for the whole; they differ a little then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decoded_in_tiles: bool,
    /// When it was made, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<StageSeconds>,
    /// The most memory in bytes that was held while it was made, on the device or, without one, by the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

/// A checkpoint as a record names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// The folder's or file's name, without its path.
    pub name: String,
    /// Hexadecimal digest that tells checkpoints apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A LoRA as a record names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraRecord {
    /// The file's name, without its path.
    pub name: String,
    /// Hexadecimal digest of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// How strongly it was mixed in, 1 = as trained.
    pub strength: f32,
}

/// Seconds a picture took, stage by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// Prompts into features.
    pub encode_text: f64,
    /// Start image into latents.
    #[serde(default)]
    pub encode_image: f64,
    /// All steps of the transformer.
    pub denoise: f64,
    /// Latents into pixels.
    pub decode: f64,
    /// From begin to end.
    pub total: f64,
}

impl Metadata {
    /// The newest form this program reads, and the one it writes.
    pub const FORMAT: u32 = 1;

    /// The JSON that goes into the file.
    ///
    /// # Errors
    /// When a LoRA's strength is not a number, which JSON cannot say.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads what [`to_json`](Self::to_json) wrote. Every value passes the constructors of
    /// [`crate::request`], as if it had been typed.
    ///
    /// # Errors
    /// [`RecordError`] with what is wrong; nothing of a faulty record is used.
    pub fn from_json(json: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let Version { format } = serde_json::from_str(json)?;
        if format > Self::FORMAT {
            return Err(RecordError::Newer { format });
        }
        Ok(serde_json::from_str(json)?)
    }
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not of our form, or holds a value no request may have.
    #[error("the picture's Danqing record is damaged: {0}")]
    Json(#[from] serde_json::Error),
    /// A later version wrote it.
    #[error(
        "the picture was made by a newer version of Danqing (record form {format}); update to read it"
    )]
    Newer {
        /// The form it is in.
        format: u32,
    },
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
pub(crate) mod tests {
    use super::*;
    use crate::request::*;
    use proptest::prelude::*;

    pub(crate) fn any_request() -> impl Strategy<Value = Request> {
        let words = "[^\\p{Cc}]{0,40}[a-z狐][^\\p{Cc}]{0,40}";
        let shape = (1_u32..=64, 1_u32..=64, 1_u32..=50);
        let guide = (
            1.0_f32..=20.0,
            0.0_f32..=10.0,
            0.0_f32..=1.0,
            proptest::option::of(0.01_f32..=100.0),
        );
        let start = proptest::option::of((
            "[a-z/ ]{1,20}",
            proptest::option::of("[a-z/ ]{1,20}"),
            0.0_f32..=1.0,
        ));
        (
            words,
            proptest::option::of(words),
            shape,
            guide,
            any::<u64>(),
            start,
        )
            .prop_map(
                |(
                    prompt,
                    negative,
                    (w, h, steps),
                    (guidance, normalization, truncation, shift),
                    seed,
                    start,
                )| Request {
                    prompt: Prompt::new(prompt).unwrap(),
                    negative: negative.map(|text| Prompt::new(text).unwrap()),
                    size: ImageSize::new(w * 16, h * 16).unwrap(),
                    steps: Steps::new(steps).unwrap(),
                    guidance: Guidance::new(guidance).unwrap(),
                    cfg_normalization: CfgNormalization::new(normalization).unwrap(),
                    cfg_truncation: CfgTruncation::new(truncation).unwrap(),
                    shift: shift.map(|shift| Shift::new(shift).unwrap()),
                    seed: Seed(seed),
                    count: Count::default(),
                    start: start.map(|(image, mask, strength)| StartImage {
                        image: image.into(),
                        mask: mask.map(Into::into),
                        strength: Strength::new(strength).unwrap(),
                    }),
                },
            )
    }

    pub(crate) fn record(request: Request) -> Metadata {
        Metadata {
            format: Metadata::FORMAT,
            program: "Danqing 0.1.0".into(),
            request,
            model: ModelRecord {
                name: "tiny".into(),
                hash: Some("0123abcd".into()),
            },
            loras: vec![LoraRecord {
                name: "ink, \"wash\"".into(),
                hash: None,
                strength: 0.7,
            }],
            device: "cpu".into(),
            dtype: "f32".into(),
            noise: NOISE_CHACHA20_BOX_MULLER.into(),
            decoded_in_tiles: false,
            created: None,
            seconds: Some(StageSeconds {
                total: 1.5,
                ..StageSeconds::default()
            }),
            peak_memory: Some(1 << 40),
        }
    }

    proptest! {
        #[test]
        fn a_record_survives_its_json(request in any_request()) {
            let written = record(request);
            let read = Metadata::from_json(&written.to_json().unwrap()).unwrap();
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn a_record_cannot_smuggle_in_what_could_not_be_typed() {
        let json = record(Request::new(Prompt::new("fox").unwrap(), Seed(1)))
            .to_json()
            .unwrap();
        for (from, to) in [
            ("\"steps\":8", "\"steps\":2000"),
            ("\"width\":1024", "\"width\":1000"),
            ("\"prompt\":\"fox\"", "\"prompt\":\"fox\\u0000\""),
            ("\"prompt\":\"fox\"", "\"prompt\":\" \""),
            ("\"guidance\":1.0", "\"guidance\":-1.0"),
            ("\"seed\":1", "\"seed\":18446744073709551616"),
        ] {
            let hostile = json.replace(from, to);
            assert_ne!(hostile, json, "{from} is not in {json}");
            assert!(
                matches!(Metadata::from_json(&hostile), Err(RecordError::Json(_))),
                "{to}"
            );
        }
        let newer = json.replace("\"format\":1", "\"format\":2");
        assert!(matches!(
            Metadata::from_json(&newer),
            Err(RecordError::Newer { format: 2 })
        ));
    }

    #[test]
    fn deeply_nested_json_is_an_error_and_no_stack_overflow() {
        let deep = "[".repeat(100_000);
        assert!(Metadata::from_json(&deep).is_err());
        assert!(Metadata::from_json(&format!("{{\"format\":1,\"x\":{deep}")).is_err());
    }
}
