//! `transformer/config.json`.

use serde::{Deserialize, Serialize};

use super::{Check, ConfigError, parse};

/// Sizes of the S3-DiT, with the keys of diffusers' `ZImageTransformer2DModel`.
///
/// `n_kv_heads` is left out on purpose: the reference ignores it too (plain multi-head attention).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransformerConfig {
    /// Edge of a patch in latent pixels; exactly one entry.
    pub all_patch_size: Vec<usize>,
    /// Patch length along frames; exactly one entry, 1 for pictures.
    pub all_f_patch_size: Vec<usize>,
    /// Latent channels.
    pub in_channels: usize,
    /// Width of the residual stream.
    pub dim: usize,
    /// Modulated blocks over image and caption tokens together.
    pub n_layers: usize,
    /// Blocks of the noise refiner, and of the context refiner.
    pub n_refiner_layers: usize,
    /// Attention heads; the head width is `dim / n_heads`.
    pub n_heads: usize,
    /// Epsilon of the four norms of a block.
    pub norm_eps: f64,
    /// Whether queries and keys are normalised per head.
    #[serde(default = "yes")]
    pub qk_norm: bool,
    /// Width of the caption features, i.e. of the text encoder.
    pub cap_feat_dim: usize,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// What t in 0..=1 is multiplied by before the sinusoids.
    pub t_scale: f64,
    /// Head dimensions that turn with the frame, row and column position.
    pub axes_dims: [usize; 3],
    /// Published table lengths; kept for saving, the tables here are computed for what is asked.
    #[serde(default = "published_axes_lens")]
    pub axes_lens: [usize; 3],
}

fn yes() -> bool {
    true
}

fn published_axes_lens() -> [usize; 3] {
    [1536, 512, 512]
}

impl TransformerConfig {
    /// The published Z-Image-Turbo transformer (6.15 billion parameters).
    pub fn z_image_turbo() -> Self {
        Self {
            all_patch_size: vec![2],
            all_f_patch_size: vec![1],
            in_channels: 16,
            dim: 3840,
            n_layers: 30,
            n_refiner_layers: 2,
            n_heads: 30,
            norm_eps: 1e-5,
            qk_norm: true,
            cap_feat_dim: 2560,
            rope_theta: 256.0,
            t_scale: 1000.0,
            axes_dims: [32, 48, 48],
            axes_lens: published_axes_lens(),
        }
    }

    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is missing, of the wrong type, or out of range.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let config: Self = parse("transformer", json)?;
        config.check()?;
        Ok(config)
    }

    /// Refuses sizes that no network can be built from.
    ///
    /// # Errors
    /// [`ConfigError::Value`] naming the first key at fault.
    pub fn check(&self) -> Result<(), ConfigError> {
        let check = Check("transformer");
        let list = |values: &[usize]| format!("{values:?}");
        if self.all_patch_size.len() != 1 || !matches!(self.all_patch_size[0], 1..=8) {
            return check.refuse(
                "all_patch_size",
                list(&self.all_patch_size),
                "one patch edge from 1 to 8 is supported",
            );
        }
        if self.all_f_patch_size != [1] {
            return check.refuse(
                "all_f_patch_size",
                list(&self.all_f_patch_size),
                "only [1], single pictures, is supported",
            );
        }
        check.size("in_channels", self.in_channels, 1, 256)?;
        check.size("dim", self.dim, 2, 16_384)?;
        check.size("n_layers", self.n_layers, 1, 256)?;
        check.size("n_refiner_layers", self.n_refiner_layers, 0, 64)?;
        check.size("n_heads", self.n_heads, 1, 512)?;
        check.size("cap_feat_dim", self.cap_feat_dim, 1, 16_384)?;
        check.positive("norm_eps", self.norm_eps)?;
        check.positive("rope_theta", self.rope_theta)?;
        check.positive("t_scale", self.t_scale)?;
        if !self.dim.is_multiple_of(self.n_heads) {
            return check.refuse(
                "n_heads",
                self.n_heads,
                format!("it must divide `dim` ({})", self.dim),
            );
        }
        let odd = self.axes_dims.iter().any(|dims| dims % 2 != 0);
        let total = self
            .axes_dims
            .iter()
            .fold(0usize, |sum, &dims| sum.saturating_add(dims));
        if odd || total != self.head_dim() {
            return check.refuse(
                "axes_dims",
                list(&self.axes_dims),
                format!(
                    "its entries must be even and add up to the head width {}",
                    self.head_dim()
                ),
            );
        }
        Ok(())
    }

    /// Edge of a patch in latent pixels.
    pub fn patch_size(&self) -> usize {
        self.all_patch_size.first().copied().unwrap_or(2)
    }

    /// Features of one patch: the width of an image token before it is embedded.
    pub fn patch_dim(&self) -> usize {
        self.patch_size() * self.patch_size() * self.in_channels
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.dim / self.n_heads
    }

    /// Inner width of the feed-forward network: ⌊8·dim/3⌋.
    pub fn ffn_dim(&self) -> usize {
        self.dim * 8 / 3
    }

    /// Width of the timestep embedding that modulates the blocks: min(dim, 256).
    pub fn modulation_dim(&self) -> usize {
        self.dim.min(256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(edit: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) -> String {
        let value = serde_json::to_value(TransformerConfig::z_image_turbo());
        let Ok(serde_json::Value::Object(mut map)) = value else {
            panic!("a configuration is a JSON object")
        };
        edit(&mut map);
        serde_json::Value::Object(map).to_string()
    }

    #[test]
    fn stray_keys_are_ignored() {
        let text = json(|map| {
            map.insert("nheads".into(), 7.into());
            map.insert("siglip_feat_dim".into(), serde_json::Value::Null);
        });
        assert_eq!(
            TransformerConfig::from_json(&text),
            Ok(TransformerConfig::z_image_turbo())
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        let text = json(|map| {
            map.remove("n_refiner_layers");
        });
        let error = TransformerConfig::from_json(&text).map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("n_refiner_layers")));
    }

    #[test]
    fn sizes_that_cannot_be_are_refused_by_name() {
        for (key, value) in [
            ("dim", serde_json::json!(4_000_000_000u64)),
            ("n_layers", serde_json::json!(0)),
            ("n_heads", serde_json::json!(7)),
            ("axes_dims", serde_json::json!([32, 48, 49])),
            ("norm_eps", serde_json::json!(-1.0)),
            ("all_f_patch_size", serde_json::json!([2])),
        ] {
            let text = json(|map| {
                map.insert(key.into(), value);
            });
            let error = TransformerConfig::from_json(&text).map_err(|error| error.to_string());
            assert!(
                error.as_ref().is_err_and(|error| error.contains(key)),
                "{key}: {error:?}"
            );
        }
    }
}
