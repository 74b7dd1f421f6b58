//! The Qwen3 text encoder: token ids to caption features.
//!
//! Z-Image reads the residual stream before the last layer and before the final norm (`hidden_states[-2]` in the
//! reference), so neither of them is part of this module.
//! Architecture: Qwen3 Technical Report, arXiv:2505.09388.

use burn::module::{Initializer, Module};
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::config::TextEncoderConfig;
use super::layers::{Embedding, Linear, RmsNorm};
use super::ops::{self, AttentionSpec, Mask, Projections, Rope, RopePairs};
use super::transformer::ForwardError;

/// Qwen3 without its last layer. Paths equal the checkpoint's names without their `model.` prefix.
#[derive(Module, Debug)]
pub struct TextEncoder {
    /// Token embeddings.
    pub embed_tokens: Embedding,
    /// All layers but the last.
    pub layers: Vec<Layer>,
    #[module(skip)]
    config: TextEncoderConfig,
}

/// One pre-norm decoder layer.
#[derive(Module, Debug)]
pub struct Layer {
    /// Norm before attention.
    pub input_layernorm: RmsNorm,
    /// Causal attention.
    pub self_attn: SelfAttention,
    /// Norm before the feed-forward network.
    pub post_attention_layernorm: RmsNorm,
    /// Feed-forward network.
    pub mlp: Mlp,
}

/// Grouped-query attention with per-head norms on queries and keys.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// `[H·D, hidden]`
    pub q_proj: Linear,
    /// `[G·D, hidden]`
    pub k_proj: Linear,
    /// `[G·D, hidden]`
    pub v_proj: Linear,
    /// `[hidden, H·D]`
    pub o_proj: Linear,
    /// `[D]`
    pub q_norm: RmsNorm,
    /// `[D]`
    pub k_norm: RmsNorm,
    #[module(skip)]
    head_dim: usize,
}

/// down(silu(gate)·up).
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[F, hidden]`
    pub gate_proj: Linear,
    /// `[F, hidden]`
    pub up_proj: Linear,
    /// `[hidden, F]`
    pub down_proj: Linear,
}

impl TextEncoderConfig {
    /// A text encoder with lazy random weights: N(0, 0.02²) everywhere, norms at one, biases at zero.
    pub fn init(&self, device: &Device) -> TextEncoder {
        let layers = (0..self.layers_run())
            .map(|_| self.init_layer(device))
            .collect();
        TextEncoder {
            embed_tokens: self.init_embedding(device),
            layers,
            config: self.clone(),
        }
    }

    /// The embeddings alone, with lazy random weights.
    pub fn init_embedding(&self, device: &Device) -> Embedding {
        Embedding::new(self.vocab_size, self.hidden_size, device)
    }

    /// One layer, with lazy random weights.
    pub fn init_layer(&self, device: &Device) -> Layer {
        Layer::new(self, device)
    }

    /// Token ids as `[1, S]`, if there are any and all of them have an embedding.
    ///
    /// # Errors
    /// [`ForwardError::Empty`], [`ForwardError::UnknownToken`].
    pub fn ids(&self, ids: &[u32], device: &Device) -> Result<Tensor<2, Int>, ForwardError> {
        if ids.is_empty() {
            return Err(ForwardError::Empty);
        }
        let vocabulary = self.vocab_size;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(ForwardError::UnknownToken { id, vocabulary });
        }
        let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let length = ids.len();
        Ok(Tensor::from_data(TensorData::new(ids, [1, length]), device))
    }

    /// Positions of the tokens `[B, S, hidden]`: angles p·θ^(−2j/D) in f32. The reference rounds their cosines and
    /// sines to the activations' type.
    pub fn rope(&self, x: &Tensor<3>) -> Rope {
        let (half, length) = (self.head_dim / 2, x.dims()[1]);
        let theta = self.rope_theta as f32;
        let frequencies: Vec<f32> = (0..half)
            .map(|j| 1.0 / theta.powf(2.0 * j as f32 / self.head_dim as f32))
            .collect();
        let angles: Vec<f32> = (0..length)
            .flat_map(|position| frequencies.iter().map(move |f| position as f32 * f))
            .collect();
        let shape = [1, length, half];
        Rope::from_angles(&angles, shape, RopePairs::Halves, &x.device()).rounded_to(x.dtype())
    }
}

impl Layer {
    fn new(config: &TextEncoderConfig, device: &Device) -> Self {
        let normal = Initializer::Normal {
            mean: 0.0,
            std: 0.02,
        };
        let linear = |d_in, d_out, bias| Linear::new([d_in, d_out], bias, &normal, device);
        let norm = |width| RmsNorm::new(width, config.rms_norm_eps, device);
        let hidden = config.hidden_size;
        let queries = config.num_attention_heads * config.head_dim;
        let groups = config.num_key_value_heads * config.head_dim;
        let bias = config.attention_bias;
        Self {
            input_layernorm: norm(hidden),
            self_attn: SelfAttention {
                q_proj: linear(hidden, queries, bias),
                k_proj: linear(hidden, groups, bias),
                v_proj: linear(hidden, groups, bias),
                o_proj: linear(queries, hidden, bias),
                q_norm: norm(config.head_dim),
                k_norm: norm(config.head_dim),
                head_dim: config.head_dim,
            },
            post_attention_layernorm: norm(hidden),
            mlp: Mlp {
                gate_proj: linear(hidden, config.intermediate_size, false),
                up_proj: linear(hidden, config.intermediate_size, false),
                down_proj: linear(config.intermediate_size, hidden, false),
            },
        }
    }

    /// The stream after this layer.
    pub fn forward(&self, stream: Residual, rope: &Rope) -> Residual {
        let [x, normed] = stream.norm(&self.input_layernorm);
        let branch = Some(self.self_attn.forward(normed, rope));
        let [x, normed] = Residual { x, branch }.norm(&self.post_attention_layernorm);
        let branch = Some(self.mlp.forward(normed));
        Residual { x, branch }
    }
}

/// The residual stream between layers `[B, S, hidden]`. The last branch is not yet added, so that its sum and the norm
/// that follows are one pass.
#[derive(Debug, Clone)]
pub struct Residual {
    x: Tensor<3>,
    branch: Option<Tensor<3>>,
}

impl Residual {
    /// The stream at its beginning.
    pub fn new(embeddings: Tensor<3>) -> Self {
        Self {
            x: embeddings,
            branch: None,
        }
    }

    /// `[B, S, hidden]`
    pub fn sum(self) -> Tensor<3> {
        match self.branch {
            Some(branch) => self.x + branch,
            None => self.x,
        }
    }

    /// The sum and its norm.
    fn norm(self, norm: &RmsNorm) -> [Tensor<3>; 2] {
        match self.branch {
            Some(branch) => ops::residual_norm(self.x, branch, norm.weight.val(), norm.eps()),
            None => [self.x.clone(), norm.forward(self.x)],
        }
    }
}

impl SelfAttention {
    /// `[B, S, hidden]` → `[B, S, hidden]`, each position seeing itself and those before.
    pub fn forward(&self, x: Tensor<3>, rope: &Rope) -> Tensor<3> {
        let projections = [&self.q_proj, &self.k_proj, &self.v_proj];
        let heads = |linear: &Linear| linear.weight.dims()[0] / self.head_dim;
        let with = AttentionSpec {
            heads: heads(&self.q_proj),
            groups: heads(&self.k_proj),
            head_dim: self.head_dim,
            norm_q: Some(self.q_norm.weight.val()),
            norm_k: Some(self.k_norm.weight.val()),
            eps: self.q_norm.eps(),
            rope,
            mask: Mask::Causal,
        };
        let projections = Projections::Apart(projections.map(Linear::projection));
        ops::self_attention(x, projections, self.o_proj.projection(), with)
    }
}

impl Mlp {
    /// `[B, S, hidden]` → `[B, S, hidden]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let parts = [self.gate_proj.projection(), self.up_proj.projection()];
        ops::swiglu(x, Projections::Apart(parts), self.down_proj.projection())
    }
}

impl TextEncoder {
    /// The sizes this encoder was built with.
    pub fn config(&self) -> &TextEncoderConfig {
        &self.config
    }

    /// Caption features of one prompt: ids → `[L, hidden]`.
    ///
    /// The reference pads prompts to one length. Padding is on the right and attention is causal, so it changes no
    /// row of a real token and is left out here.
    ///
    /// # Errors
    /// [`ForwardError::Empty`] without ids, [`ForwardError::UnknownToken`] for an id outside the vocabulary,
    /// [`ForwardError::Interrupted`] when `interrupted` says so between two layers.
    pub fn forward(
        &self,
        ids: &[u32],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<2>, ForwardError> {
        let ids = self
            .config
            .ids(ids, &self.embed_tokens.weight.lazy_device())?;
        Ok(self.forward_batch(ids, interrupted)?.squeeze_dim(0))
    }

    /// Several prompts padded on the right to one length: ids `[B, S]` → `[B, S, hidden]`, of which the rows of
    /// padding mean nothing. Ids must lie inside the vocabulary.
    ///
    /// # Errors
    /// [`ForwardError::Interrupted`] when `interrupted` says so between two layers.
    pub fn forward_batch(
        &self,
        ids: Tensor<2, Int>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<3>, ForwardError> {
        let embeddings = self.embed_tokens.forward(ids);
        let rope = self.config.rope(&embeddings);
        let mut stream = Residual::new(embeddings);
        for layer in &self.layers {
            if interrupted() {
                return Err(ForwardError::Interrupted);
            }
            stream = layer.forward(stream, &rope);
        }
        Ok(stream.sum())
    }
}
