//! The configurations of a checkpoint: read from its JSON files, or told from the shapes of its tensors.

use std::path::{Path, PathBuf};

use crate::model::config::{
    ConfigError, SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig,
};

use super::error::CheckpointError;
use super::family::Family;
use super::folder::read_inside;
use super::keys::Part;
use super::tensor_set::TensorSet;

/// The published configurations have less than 2 kB.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Head width of every published model of the family, for which the rotary axes are known.
const PUBLISHED_HEAD_DIM: usize = 128;

/// Sizes of the three networks, and the schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Configs {
    /// The diffusion transformer's.
    pub transformer: TransformerConfig,
    /// The text encoder's.
    pub text_encoder: TextEncoderConfig,
    /// The autoencoder's.
    pub vae: VaeConfig,
    /// The schedule.
    pub scheduler: SchedulerConfig,
}

impl Configs {
    /// Checks that the three networks fit each other.
    ///
    /// # Errors
    /// [`CheckpointError::PartsDisagree`] naming the two widths.
    pub fn check_fit(&self) -> Result<(), CheckpointError> {
        let pairs = [
            (
                "caption width (cap_feat_dim)",
                self.transformer.cap_feat_dim,
                "text encoder's hidden_size",
                self.text_encoder.hidden_size,
            ),
            (
                "latent channels (in_channels)",
                self.transformer.in_channels,
                "autoencoder's latent_channels",
                self.vae.latent_channels,
            ),
        ];
        for (left, left_size, right, right_size) in pairs {
            if left_size != right_size {
                return Err(CheckpointError::PartsDisagree(format!(
                    "the transformer's {left} is {left_size}, the {right} is {right_size}"
                )));
            }
        }
        Ok(())
    }
}

/// Reads one JSON configuration of the folder `root` with `parse`, refusing files of another class.
///
/// # Errors
/// [`CheckpointError::Config`] naming the field, [`CheckpointError::Foreign`] when it describes another network.
pub fn read<T>(
    root: &Path,
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, ConfigError>,
) -> Result<T, CheckpointError> {
    let bytes = read_inside(root, path, MAX_CONFIG_BYTES)?;
    let broken = |problem: String| CheckpointError::Config {
        path: path.to_path_buf(),
        problem,
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| broken(format!("it is not UTF-8 text ({error})")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match stranger(text) {
        None => {}
        Some(Stranger::Known(family)) => {
            return Err(CheckpointError::Foreign {
                path: path.to_path_buf(),
                family,
            });
        }
        Some(Stranger::Class(class)) => {
            return Err(broken(format!(
                "it describes a {class:?}, which is no part of Z-Image; take the file from a Z-Image model"
            )));
        }
    }
    parse(text).map_err(|error| broken(error.to_string()))
}

/// Whose configuration it is, when it is not one of ours.
enum Stranger {
    /// A family with a name.
    Known(Family),
    /// What it calls itself.
    Class(String),
}

/// What another family's configuration calls itself. `None`: nothing against it.
fn stranger(json: &str) -> Option<Stranger> {
    #[derive(serde::Deserialize)]
    struct Class {
        #[serde(rename = "_class_name")]
        class: Option<String>,
        model_type: Option<String>,
    }
    let class: Class = serde_json::from_str(json).ok()?;
    if class.model_type.is_some_and(|kind| kind != "qwen3") {
        return Some(Stranger::Known(Family::OtherLanguageModel));
    }
    let class = class.class?;
    const OURS: [&str; 3] = [
        "ZImageTransformer2DModel",
        "AutoencoderKL",
        "FlowMatchEulerDiscreteScheduler",
    ];
    let ours = OURS.contains(&class.as_str())
        || (class.starts_with("ZImage") && class.ends_with("Pipeline"));
    if ours {
        return None;
    }
    const OTHERS: [(&str, Family); 8] = [
        ("Flux", Family::Flux),
        ("StableDiffusionXL", Family::Sdxl),
        ("StableDiffusion3", Family::Sd3),
        ("SD3", Family::Sd3),
        ("StableDiffusion", Family::Sd1),
        ("QwenImage", Family::QwenImage),
        ("Lumina2", Family::Lumina2),
        ("Wan", Family::Wan),
    ];
    let other = OTHERS.iter().find(|(start, _)| class.starts_with(start));
    Some(match other {
        Some(&(_, family)) => Stranger::Known(family),
        None => Stranger::Class(class),
    })
}

/// Refuses a folder whose `model_index.json` says that it holds another pipeline.
///
/// # Errors
/// [`CheckpointError::Foreign`], or what is wrong with the file.
pub fn check_model_index(root: &Path, path: &Path) -> Result<(), CheckpointError> {
    read(root, path, |text| {
        let parsed = serde_json::from_str::<serde_json::Value>(text);
        parsed.map(|_| ()).map_err(|error| ConfigError::Json {
            network: "pipeline",
            reason: error.to_string(),
        })
    })
}

/// The file to which a configuration told from shapes is attributed in errors.
fn origin(set: &TensorSet) -> PathBuf {
    set.files()
        .first()
        .map(|file| file.path().to_path_buf())
        .unwrap_or_default()
}

/// Sizes read from the shapes of a set, each failure naming the tensor it needed.
struct Shapes<'a>(&'a TensorSet);

impl Shapes<'_> {
    /// Dimension `axis` of the tensor `name`.
    fn size(&self, name: &str, axis: usize) -> Result<usize, CheckpointError> {
        let size = self
            .0
            .shape(name)
            .and_then(|shape| shape.get(axis))
            .copied();
        size.filter(|&size| size > 0).ok_or_else(|| {
            self.refused(format!(
                "its sizes cannot be told: no usable tensor {name:?}"
            ))
        })
    }

    /// How many consecutive I from 0 have a tensor `PREFIX.I.*`.
    fn count(&self, prefix: &str) -> usize {
        let has = |index: usize| {
            let start = format!("{prefix}.{index}.");
            let mut from = self.0.tensors().range(start.clone()..);
            from.next()
                .is_some_and(|(name, _)| name.starts_with(&start))
        };
        (0..).take_while(|&index| has(index)).count()
    }

    fn refused(&self, problem: String) -> CheckpointError {
        CheckpointError::Config {
            path: origin(self.0),
            problem,
        }
    }

    fn checked<T>(
        &self,
        config: T,
        check: impl FnOnce(&T) -> Result<(), ConfigError>,
    ) -> Result<T, CheckpointError> {
        check(&config).map_err(|error| self.refused(error.to_string()))?;
        Ok(config)
    }
}

/// Tells the transformer's sizes from its tensors.
///
/// # Errors
/// [`CheckpointError::Config`] when a tensor is missing, or when the head width is none of a published model: how
/// such a head is divided among the rotary axes is in no tensor.
pub fn transformer_from_shapes(set: &TensorSet) -> Result<TransformerConfig, CheckpointError> {
    debug_assert_eq!(set.part(), Part::Transformer);
    let shapes = Shapes(set);
    let published = TransformerConfig::z_image_turbo();
    let dim = shapes.size("cap_pad_token", 1)?;
    let head_dim = shapes.size("layers.0.attention.norm_q.weight", 0)?;
    if head_dim != PUBLISHED_HEAD_DIM {
        return Err(shapes.refused(format!(
            "its attention heads are {head_dim} wide; how such heads are divided among the rotary axes is not in the weights, \
             so put the model's config.json beside the file, as transformer/config.json"
        )));
    }
    let patch = published.patch_size() * published.patch_size();
    let config = TransformerConfig {
        in_channels: shapes.size("all_x_embedder.2-1.weight", 1)? / patch,
        dim,
        n_heads: dim / head_dim,
        n_layers: shapes.count("layers"),
        n_refiner_layers: shapes.count("noise_refiner"),
        cap_feat_dim: shapes.size("cap_embedder.0.weight", 0)?,
        ..published
    };
    shapes.checked(config, TransformerConfig::check)
}

/// Tells the text encoder's sizes from its tensors; constants of the Qwen3 family are the published ones.
///
/// # Errors
/// [`CheckpointError::Config`] when a tensor is missing.
pub fn text_encoder_from_shapes(set: &TensorSet) -> Result<TextEncoderConfig, CheckpointError> {
    let shapes = Shapes(set);
    let layer = "model.layers.0";
    let head_dim = shapes.size(&format!("{layer}.self_attn.q_norm.weight"), 0)?;
    let heads = |projection: &str| {
        shapes
            .size(&format!("{layer}.self_attn.{projection}.weight"), 0)
            .map(|rows| rows / head_dim)
    };
    let config = TextEncoderConfig {
        vocab_size: shapes.size("model.embed_tokens.weight", 0)?,
        hidden_size: shapes.size("model.embed_tokens.weight", 1)?,
        intermediate_size: shapes.size(&format!("{layer}.mlp.gate_proj.weight"), 0)?,
        num_hidden_layers: shapes.count("model.layers"),
        num_attention_heads: heads("q_proj")?,
        num_key_value_heads: heads("k_proj")?,
        head_dim,
        ..TextEncoderConfig::z_image_turbo()
    };
    shapes.checked(config, TextEncoderConfig::check)
}

/// Tells the autoencoder's sizes from its tensors; the number of norm groups is the published one.
///
/// # Errors
/// [`CheckpointError::Config`] when a tensor is missing.
pub fn vae_from_shapes(set: &TensorSet) -> Result<VaeConfig, CheckpointError> {
    let shapes = Shapes(set);
    let levels = shapes.count("decoder.up_blocks");
    // The decoder runs from latents to pixels, the configuration from pixels to latents.
    let mut channels = Vec::with_capacity(levels);
    for level in (0..levels).rev() {
        channels.push(shapes.size(
            &format!("decoder.up_blocks.{level}.resnets.0.conv1.weight"),
            0,
        )?);
    }
    let config = VaeConfig {
        block_out_channels: channels,
        layers_per_block: shapes
            .count("decoder.up_blocks.0.resnets")
            .saturating_sub(1),
        out_channels: shapes.size("decoder.conv_out.weight", 0)?,
        latent_channels: shapes.size("decoder.conv_in.weight", 1)?,
        ..VaeConfig::z_image_turbo()
    };
    shapes.checked(config, VaeConfig::check)
}
