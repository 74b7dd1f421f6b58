//! `vae/config.json`.

use serde::{Deserialize, Serialize};

use super::{Check, ConfigError, parse};

/// Red, green and blue.
const COLOURS: usize = 3;

/// Sizes of the autoencoder, with the keys of diffusers' `AutoencoderKL`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VaeConfig {
    /// Channels of each resolution, from pixels to latents.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks of an encoder level; a decoder level has one more.
    pub layers_per_block: usize,
    /// Colour channels in.
    pub in_channels: usize,
    /// Colour channels out.
    pub out_channels: usize,
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// What latents of the autoencoder are multiplied by for the transformer.
    pub scaling_factor: f64,
    /// What is subtracted from them before that.
    #[serde(default)]
    pub shift_factor: Option<f64>,
    /// The activation; only `silu`.
    #[serde(default = "silu")]
    pub act_fn: String,
    /// Whether the encoder ends in a 1×1 convolution; yes, where a file does not say, as for the reference.
    #[serde(default = "yes")]
    pub use_quant_conv: bool,
    /// Whether the decoder begins with a 1×1 convolution; yes, where a file does not say.
    #[serde(default = "yes")]
    pub use_post_quant_conv: bool,
    /// Whether the middle of encoder and decoder attends over all positions.
    #[serde(default = "yes")]
    pub mid_block_add_attention: bool,
}

fn silu() -> String {
    "silu".into()
}

fn yes() -> bool {
    true
}

impl VaeConfig {
    /// The published autoencoder of Z-Image-Turbo, which is that of FLUX.1.
    pub fn z_image_turbo() -> Self {
        Self {
            block_out_channels: vec![128, 256, 512, 512],
            layers_per_block: 2,
            in_channels: 3,
            out_channels: 3,
            latent_channels: 16,
            norm_num_groups: 32,
            scaling_factor: 0.3611,
            shift_factor: Some(0.1159),
            act_fn: silu(),
            use_quant_conv: false,
            use_post_quant_conv: false,
            mid_block_add_attention: true,
        }
    }

    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is missing, of the wrong type, or out of range.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let config: Self = parse("autoencoder", json)?;
        config.check()?;
        Ok(config)
    }

    /// Refuses sizes that no network can be built from.
    ///
    /// # Errors
    /// [`ConfigError::Value`] naming the first key at fault.
    pub fn check(&self) -> Result<(), ConfigError> {
        let check = Check("autoencoder");
        check.word("act_fn", &self.act_fn, &["silu"])?;
        let levels = self.block_out_channels.len();
        if !(1..=6).contains(&levels) {
            return check.refuse(
                "block_out_channels",
                format!("{:?}", self.block_out_channels),
                "it must list 1 to 6 resolutions",
            );
        }
        check.size("layers_per_block", self.layers_per_block, 1, 16)?;
        for (field, channels) in [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
        ] {
            if channels != COLOURS {
                return check.refuse(
                    field,
                    channels,
                    "pictures have 3 channels: red, green and blue",
                );
            }
        }
        check.size("latent_channels", self.latent_channels, 1, 256)?;
        check.size("norm_num_groups", self.norm_num_groups, 1, 1024)?;
        check.positive("scaling_factor", self.scaling_factor)?;
        let shift = self.shift_factor.unwrap_or(0.0);
        if !shift.is_finite() {
            return check.refuse("shift_factor", shift, "it must be a number");
        }
        for &channels in &self.block_out_channels {
            check.size("block_out_channels", channels, 1, 8192)?;
            if !channels.is_multiple_of(self.norm_num_groups) {
                return check.refuse(
                    "norm_num_groups",
                    self.norm_num_groups,
                    format!("it must divide every entry of `block_out_channels` ({channels})"),
                );
            }
        }
        Ok(())
    }

    /// Pixels along an edge of one latent pixel: 2 to the number of downsamplings.
    pub fn spatial_factor(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_autoencoder_shrinks_eight_times() {
        let config = VaeConfig::z_image_turbo();
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.spatial_factor(), 8);
    }

    #[test]
    fn a_picture_has_three_colours() {
        for (in_channels, out_channels, field) in [(4, 3, "in_channels"), (3, 1, "out_channels")] {
            let config = VaeConfig {
                in_channels,
                out_channels,
                ..VaeConfig::z_image_turbo()
            };
            let error = config.check().map_err(|error| error.to_string());
            assert!(error.is_err_and(|error| error.contains(field)), "{field}");
        }
    }

    /// What a file leaves out is as the reference's class has it.
    #[test]
    fn convolutions_around_the_latents_are_there_unless_denied() {
        let text = r#"{"block_out_channels": [32], "layers_per_block": 1, "in_channels": 3, "out_channels": 3,
                       "latent_channels": 4, "norm_num_groups": 32, "scaling_factor": 1}"#;
        let config = VaeConfig::from_json(text);
        assert!(config.is_ok_and(|config| config.use_quant_conv && config.use_post_quant_conv));
    }

    #[test]
    fn groups_that_do_not_divide_the_channels_are_refused() {
        let config = VaeConfig {
            norm_num_groups: 5,
            ..VaeConfig::z_image_turbo()
        };
        assert!(
            config
                .check()
                .is_err_and(|error| error.to_string().contains("norm_num_groups"))
        );
    }
}
