//! The sizes of the demo model: small enough for 24 MiB in bf16 and for two seconds a picture on two CPU cores.

use burn::module::Module;
use burn::tensor::Device;

use crate::model::{TextEncoder, TextEncoderConfig, Transformer, TransformerConfig, VaeConfig};

/// Token ids of the demo tokenizer.
pub const VOCABULARY: usize = 1536;

/// What the flow-matching loss trains: the words' network and the picture's, from nothing, together.
#[derive(Module, Debug)]
pub struct Painter {
    /// Words to caption features.
    pub text_encoder: TextEncoder,
    /// Noise and caption features to latents.
    pub transformer: Transformer,
}

impl Painter {
    /// Both networks with lazy random weights.
    pub fn new(sizes: &Sizes, device: &Device) -> Self {
        Self {
            text_encoder: sizes.text_encoder.init(device),
            transformer: sizes.transformer.init(device),
        }
    }
}

/// The sizes of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// The text encoder.
    pub text_encoder: TextEncoderConfig,
    /// The diffusion transformer.
    pub transformer: TransformerConfig,
    /// The autoencoder; its latents' shift and scale are measured after its training.
    pub vae: VaeConfig,
}

impl Sizes {
    /// The model that comes with the program.
    pub fn demo() -> Self {
        Self {
            text_encoder: TextEncoderConfig {
                vocab_size: VOCABULARY,
                hidden_size: 160,
                intermediate_size: 384,
                // The last layer is never run (Z-Image reads the features before it).
                num_hidden_layers: 4,
                num_attention_heads: 4,
                num_key_value_heads: 2,
                head_dim: 32,
                rope_theta: 10_000.0,
                rms_norm_eps: 1e-6,
                attention_bias: false,
            },
            transformer: TransformerConfig {
                dim: 192,
                n_layers: 10,
                n_refiner_layers: 1,
                n_heads: 3,
                cap_feat_dim: 160,
                axes_dims: [16, 24, 24],
                ..TransformerConfig::z_image_turbo()
            },
            vae: VaeConfig {
                block_out_channels: vec![32, 48, 96, 128],
                layers_per_block: 1,
                norm_num_groups: 8,
                scaling_factor: 1.0,
                shift_factor: Some(0.0),
                ..VaeConfig::z_image_turbo()
            },
        }
    }

    /// The same architecture a hundred times smaller: for tests of the training itself.
    pub fn tiny() -> Self {
        let demo = Self::demo();
        Self {
            text_encoder: TextEncoderConfig {
                hidden_size: 32,
                intermediate_size: 64,
                num_hidden_layers: 2,
                num_attention_heads: 2,
                num_key_value_heads: 1,
                head_dim: 16,
                ..demo.text_encoder
            },
            transformer: TransformerConfig {
                dim: 48,
                n_layers: 1,
                n_heads: 2,
                cap_feat_dim: 32,
                axes_dims: [8, 8, 8],
                ..demo.transformer
            },
            vae: VaeConfig {
                block_out_channels: vec![8, 8, 16, 16],
                ..demo.vae
            },
        }
    }
}
