//! `text_encoder/config.json`.

use serde::{Deserialize, Serialize};

use super::{Check, ConfigError, parse};

/// Sizes of the Qwen3 text encoder, with the keys of transformers' `Qwen3Config`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Keys")]
pub struct TextEncoderConfig {
    /// Number of token ids.
    pub vocab_size: usize,
    /// Width of the residual stream, and of the caption features.
    pub hidden_size: usize,
    /// Inner width of the feed-forward network.
    pub intermediate_size: usize,
    /// Layers of the published model; all but the last are run.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads, each shared by a group of query heads.
    pub num_key_value_heads: usize,
    /// Width of one head; `num_attention_heads * head_dim` need not equal `hidden_size`.
    pub head_dim: usize,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Epsilon of all norms.
    pub rms_norm_eps: f64,
    /// Whether the attention projections carry a bias.
    pub attention_bias: bool,
}

/// The keys as files spell them: transformers 5 moved `rope_theta` into `rope_parameters`.
#[derive(Deserialize)]
struct Keys {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    #[serde(default = "published_head_dim")]
    head_dim: usize,
    rope_theta: Option<f64>,
    rope_parameters: Option<RopeKeys>,
    rope_scaling: Option<RopeKeys>,
    rms_norm_eps: f64,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default = "silu")]
    hidden_act: String,
    #[serde(default)]
    use_sliding_window: bool,
}

#[derive(Deserialize)]
struct RopeKeys {
    rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
}

fn published_head_dim() -> usize {
    128
}

fn silu() -> String {
    "silu".into()
}

impl TryFrom<Keys> for TextEncoderConfig {
    type Error = ConfigError;

    fn try_from(keys: Keys) -> Result<Self, ConfigError> {
        let check = Check("text encoder");
        check.word("hidden_act", &keys.hidden_act, &["silu"])?;
        if keys.use_sliding_window {
            return check.refuse(
                "use_sliding_window",
                true,
                "only full attention is supported",
            );
        }
        for rope in [&keys.rope_parameters, &keys.rope_scaling]
            .into_iter()
            .flatten()
        {
            let kind = rope.rope_type.as_deref().unwrap_or("default");
            check.word("rope_type", kind, &["default"])?;
        }
        // Where both say, transformers goes by the newer spelling.
        let newer = keys
            .rope_parameters
            .as_ref()
            .and_then(|rope| rope.rope_theta);
        let theta = newer.or(keys.rope_theta);
        let Some(rope_theta) = theta else {
            return Err(ConfigError::Json {
                network: "text encoder",
                reason: "missing field `rope_theta` (also looked for in `rope_parameters`)".into(),
            });
        };
        Ok(Self {
            vocab_size: keys.vocab_size,
            hidden_size: keys.hidden_size,
            intermediate_size: keys.intermediate_size,
            num_hidden_layers: keys.num_hidden_layers,
            num_attention_heads: keys.num_attention_heads,
            num_key_value_heads: keys.num_key_value_heads,
            head_dim: keys.head_dim,
            rope_theta,
            rms_norm_eps: keys.rms_norm_eps,
            attention_bias: keys.attention_bias,
        })
    }
}

impl TextEncoderConfig {
    /// The published Qwen3-4B of Z-Image-Turbo.
    pub fn z_image_turbo() -> Self {
        Self {
            vocab_size: 151_936,
            hidden_size: 2560,
            intermediate_size: 9728,
            num_hidden_layers: 36,
            num_attention_heads: 32,
            num_key_value_heads: 8,
            head_dim: 128,
            rope_theta: 1e6,
            rms_norm_eps: 1e-6,
            attention_bias: false,
        }
    }

    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is missing, of the wrong type, or out of range.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let keys: Keys = parse("text encoder", json)?;
        let config = Self::try_from(keys)?;
        config.check()?;
        Ok(config)
    }

    /// Refuses sizes that no network can be built from.
    ///
    /// # Errors
    /// [`ConfigError::Value`] naming the first key at fault.
    pub fn check(&self) -> Result<(), ConfigError> {
        let check = Check("text encoder");
        check.size("vocab_size", self.vocab_size, 1, 4_194_304)?;
        check.size("hidden_size", self.hidden_size, 1, 16_384)?;
        check.size("intermediate_size", self.intermediate_size, 1, 65_536)?;
        check.size("num_hidden_layers", self.num_hidden_layers, 2, 256)?;
        check.size("num_attention_heads", self.num_attention_heads, 1, 512)?;
        check.size(
            "num_key_value_heads",
            self.num_key_value_heads,
            1,
            self.num_attention_heads,
        )?;
        check.size("head_dim", self.head_dim, 2, 1024)?;
        check.positive("rope_theta", self.rope_theta)?;
        check.positive("rms_norm_eps", self.rms_norm_eps)?;
        if !self.head_dim.is_multiple_of(2) {
            return check.refuse("head_dim", self.head_dim, "it must be even");
        }
        if !self
            .num_attention_heads
            .is_multiple_of(self.num_key_value_heads)
        {
            return check.refuse(
                "num_key_value_heads",
                self.num_key_value_heads,
                format!(
                    "it must divide `num_attention_heads` ({})",
                    self.num_attention_heads
                ),
            );
        }
        Ok(())
    }

    /// Layers that are loaded and run: the caption features are the stream before the last layer.
    pub fn layers_run(&self) -> usize {
        self.num_hidden_layers - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: &str = r#""vocab_size": 448, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 24, "rms_norm_eps": 1e-6"#;

    #[test]
    fn both_spellings_of_the_rotary_base_are_read() {
        let old = TextEncoderConfig::from_json(&format!(
            r#"{{ {SIZES}, "rope_theta": 1000000, "rope_scaling": null }}"#
        ));
        let new = TextEncoderConfig::from_json(&format!(
            r#"{{ {SIZES}, "rope_parameters": {{ "rope_theta": 1000000, "rope_type": "default" }} }}"#
        ));
        assert_eq!(old, new);
        assert_eq!(old.map(|config| config.rope_theta), Ok(1e6));
    }

    #[test]
    fn a_missing_rotary_base_and_a_scaled_one_are_named() {
        let missing = TextEncoderConfig::from_json(&format!("{{ {SIZES} }}"));
        assert!(missing.is_err_and(|error| error.to_string().contains("rope_theta")));
        let yarn = TextEncoderConfig::from_json(&format!(
            r#"{{ {SIZES}, "rope_theta": 1e6, "rope_scaling": {{ "type": "yarn", "factor": 4.0 }} }}"#
        ));
        assert!(yarn.is_err_and(|error| error.to_string().contains("yarn")));
    }
}
