//! The diffusion transformer of Z-Image (S3-DiT, arXiv:2511.22699): one stream of image and caption tokens.
//!
//! A call reads: embed the time → embed the latents as tokens → refine them alone → join the refined captions →
//! modulated blocks over all tokens → project the image tokens back. The captions' part depends on neither time nor
//! noise; it is computed once a prompt, as a [`Context`].

mod attention;
mod block;
mod context;
mod embed;
mod feed_forward;
mod rope;

pub use attention::{Attention, EightBitAttention, MergedAttention, SplitAttention};
pub use block::Block;
pub use context::Context;
pub use embed::{FinalLayer, TimestepEmbedder};
pub use feed_forward::{EightBitFeedForward, FeedForward, MergedFeedForward, SplitFeedForward};

use burn::module::{Initializer, Module, Param};
use burn::tensor::{DType, Device, Tensor};

use super::config::TransformerConfig;
use super::layers::{Keyed, Linear, RmsNorm};
use super::ops::eight_bit::Format;

/// Captions and images are filled up to a multiple of this many tokens, each on its own.
pub const TOKENS_MULTIPLE: usize = 32;

/// `tokens` filled up to a multiple of [`TOKENS_MULTIPLE`].
pub fn padded_tokens(tokens: usize) -> usize {
    tokens.next_multiple_of(TOKENS_MULTIPLE)
}

/// How the weights of a block are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As checkpoints name them: for training and saving.
    Stored,
    /// q|k|v and w1|w3 joined into one weight each, for fewer and larger products: for inference.
    Merged,
    /// Merged, and all products in 8 bits (with a scale for each row of weights and activations): half the memory, on a
    /// chip that multiplies the format up to twice the speed, and other pictures. Attention itself, norms, modulation,
    /// embedders and the final layer keep their numbers.
    EightBit(Format),
}

/// Why a network did not finish.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// The caller asked to stop, between two blocks.
    #[error("interrupted")]
    Interrupted,
    /// A prompt without a single token.
    #[error("a prompt needs at least one token")]
    Empty,
    /// A token that the text encoder has no embedding for.
    #[error(
        "token {id} lies outside the text encoder's vocabulary of {vocabulary}; tokenizer and text encoder \
         belong to different models"
    )]
    UnknownToken {
        /// The token.
        id: u32,
        /// How many the encoder knows.
        vocabulary: usize,
    },
    /// Caption features of another text encoder.
    #[error("captions are {found} wide, this transformer reads {expected}")]
    CaptionWidth {
        /// Width of the given captions.
        found: usize,
        /// `cap_feat_dim` of the transformer.
        expected: usize,
    },
    /// Latents that cannot be cut into patches, or that the context was not made for.
    #[error("latents of shape {found:?} do not fit; this call needs {expected:?}")]
    LatentShape {
        /// `[B, C, h, w]` as given.
        found: [usize; 4],
        /// `[B, C, h, w]` of the context.
        expected: [usize; 4],
    },
}

/// The transformer. Paths equal the tensor names of `transformer/*.safetensors`.
#[derive(Module, Debug)]
pub struct Transformer {
    /// Patch features to tokens, under the key `patch-frames`.
    pub all_x_embedder: Keyed<Linear>,
    /// Tokens to patch features, under the same key.
    pub all_final_layer: Keyed<FinalLayer>,
    /// Modulated blocks over image tokens alone.
    pub noise_refiner: Vec<Block>,
    /// Blocks over caption tokens alone.
    pub context_refiner: Vec<Block>,
    /// Time to the vector that modulates the blocks.
    pub t_embedder: TimestepEmbedder,
    /// Caption features to tokens.
    pub cap_embedder: (RmsNorm, Linear),
    /// `[1, dim]`, what fills image tokens up to a multiple of 32.
    pub x_pad_token: Param<Tensor<2>>,
    /// `[1, dim]`, what fills caption tokens up to a multiple of 32.
    pub cap_pad_token: Param<Tensor<2>>,
    /// Modulated blocks over image and caption tokens.
    pub layers: Vec<Block>,
    #[module(skip)]
    config: TransformerConfig,
}

impl TransformerConfig {
    /// A transformer with lazy weights, ready to be loaded into or trained.
    ///
    /// Random weights follow DiT (arXiv:2212.09748): Xavier-uniform projections, N(0, 0.02²) time embedding and pad
    /// tokens, and zero for all modulation and for the final projection, so that training starts from gates that are
    /// shut and an output of zero.
    pub fn init(&self, device: &Device) -> Transformer {
        let key = format!("{}-1", self.patch_size());
        let xavier = Initializer::XavierUniform { gain: 1.0 };
        let normal = Initializer::Normal {
            mean: 0.0,
            std: 0.02,
        };
        let blocks = |count: usize, modulated: bool| {
            (0..count)
                .map(|_| Block::new(self, modulated, device))
                .collect()
        };
        Transformer {
            all_x_embedder: Keyed::new(
                &key,
                Linear::new([self.patch_dim(), self.dim], true, &xavier, device),
            ),
            all_final_layer: Keyed::new(&key, FinalLayer::new(self, device)),
            noise_refiner: blocks(self.n_refiner_layers, true),
            context_refiner: blocks(self.n_refiner_layers, false),
            t_embedder: TimestepEmbedder::new(self, device),
            cap_embedder: (
                RmsNorm::new(self.cap_feat_dim, self.norm_eps, device),
                Linear::new([self.cap_feat_dim, self.dim], true, &xavier, device),
            ),
            x_pad_token: normal.init([1, self.dim], device),
            cap_pad_token: normal.init([1, self.dim], device),
            layers: blocks(self.n_layers, true),
            config: self.clone(),
        }
    }
}

impl Transformer {
    /// The sizes this transformer was built with.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// The type its weights are stored and its blocks are computed in.
    pub fn dtype(&self) -> DType {
        self.all_x_embedder.inner.weight.dtype()
    }

    /// Joins q|k|v and w1|w3 of every block into one weight each, for fewer and larger matrix products.
    ///
    /// The result computes the same, but its parameters have no names in a diffusers checkpoint (`attention.qkv`,
    /// `feed_forward.w13`): merge after loading, and neither train nor save the merged module.
    pub fn merge_projections(self) -> Self {
        let merge = |blocks: Vec<Block>| blocks.into_iter().map(Block::merge_projections).collect();
        Self {
            noise_refiner: merge(self.noise_refiner),
            context_refiner: merge(self.context_refiner),
            layers: merge(self.layers),
            ..self
        }
    }

    /// Has each block take `form` as soon as its weights are there, so that loading holds one block twice and no more.
    /// Of [`Form::EightBit`] the refiners take only the merging: they are few, and their inputs many kinds of numbers.
    pub fn load_as(self, form: Form) -> Self {
        let refiner = match form {
            Form::EightBit(_) => Form::Merged,
            other => other,
        };
        let become_form = |blocks: Vec<Block>, form| {
            let blocks = blocks.into_iter();
            blocks.map(|block| block.load_as(form)).collect()
        };
        Self {
            noise_refiner: become_form(self.noise_refiner, refiner),
            context_refiner: become_form(self.context_refiner, refiner),
            layers: become_form(self.layers, form),
            ..self
        }
    }

    /// The vector that modulates all blocks: `t` `[B]` in 0..=1 (0 noise, 1 picture) → `[B, min(dim, 256)]`.
    pub fn embed_time(&self, t: Tensor<1>) -> Tensor<2> {
        self.t_embedder
            .forward(t * self.config.t_scale)
            .cast(self.dtype())
    }

    /// Patches as tokens, filled up to a multiple of 32: `[B, C, h, w]` → `[B, S, dim]`.
    pub fn embed_latents(&self, latents: Tensor<4>) -> Tensor<3> {
        let patches = embed::patchify(latents.cast(self.dtype()), self.config.patch_size());
        let tokens = self.all_x_embedder.inner.forward(patches);
        let [batch, length, dim] = tokens.dims();
        let padding = padded_tokens(length) - length;
        if padding == 0 {
            return tokens;
        }
        let pad = self
            .x_pad_token
            .val()
            .unsqueeze::<3>()
            .expand([batch, padding, dim]);
        Tensor::cat(vec![tokens, pad], 1)
    }

    /// Image tokens back to latents: `[B, S + captions, dim]` → `[B, C, h, w]`, dropping all tokens but the patches.
    pub fn project(
        &self,
        tokens: Tensor<3>,
        modulation: Tensor<2>,
        latent_size: [usize; 2],
    ) -> Tensor<4> {
        let patch = self.config.patch_size();
        let patches = latent_size[0] / patch * (latent_size[1] / patch);
        let features = self
            .all_final_layer
            .inner
            .forward(tokens.narrow(1, 0, patches), modulation);
        embed::unpatchify(features, patch, latent_size)
    }

    /// One call: the direction from noise to picture at `latents`.
    ///
    /// `latents` `[B, C, h, w]`, `t` `[B]` = 1 − σ, `context` of the same B captions → `[B, C, h, w]` in the type of
    /// `latents`. The result approximates picture − noise, the negative of the derivative by σ. `interrupted` is asked
    /// between blocks.
    ///
    /// # Errors
    /// [`ForwardError::Interrupted`], or [`ForwardError::LatentShape`] if `context` was made for another size.
    pub fn forward(
        &self,
        latents: Tensor<4>,
        t: Tensor<1>,
        context: &Context,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<4>, ForwardError> {
        let dtype = latents.dtype();
        let [height, width] = context.latent_size();
        let expected = [context.batch(), self.config.in_channels, height, width];
        if latents.dims() != expected {
            return Err(ForwardError::LatentShape {
                found: latents.dims(),
                expected,
            });
        }

        let modulation = self.embed_time(t);
        let mut x = self.embed_latents(latents);
        let image_tokens = x.dims()[1];
        let image_rope = context.image_rope(image_tokens);
        for block in &self.noise_refiner {
            if interrupted() {
                return Err(ForwardError::Interrupted);
            }
            x = block.forward(x, Some(modulation.clone()), &image_rope, None);
        }

        let mut x = Tensor::cat(vec![x, context.tokens()], 1);
        for block in &self.layers {
            if interrupted() {
                return Err(ForwardError::Interrupted);
            }
            x = block.forward(x, Some(modulation.clone()), context.rope(), context.mask());
        }
        Ok(self.project(x, modulation, [height, width]).cast(dtype))
    }
}
