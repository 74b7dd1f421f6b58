//! The autoencoder between pixels and latents: that of FLUX.1, an `AutoencoderKL` of the latent diffusion paper
//! (arXiv:2112.10752).

mod decoder;
mod encoder;
mod middle;
mod resnet;

pub use decoder::{Decoder, UpBlock, Upsample};
pub use encoder::{DownBlock, Downsample, Encoder};
pub use middle::{MidBlock, PixelAttention};
pub use resnet::ResnetBlock;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};

use super::ForwardError;
use super::config::VaeConfig;
use super::layers::Conv2d;

/// Bounds of the log variance an encoder may give.
const LOG_VARIANCE: [f64; 2] = [-30.0, 20.0];

/// Encoder and decoder. Paths equal the tensor names of `vae/*.safetensors`.
#[derive(Module, Debug)]
pub struct AutoencoderKl {
    /// Pixels to latents; absent where only pictures are made.
    pub encoder: Option<Encoder>,
    /// Latents to pixels.
    pub decoder: Decoder,
    /// 1×1 convolution behind the encoder, in models that have one.
    pub quant_conv: Option<Conv2d>,
    /// 1×1 convolution before the decoder, in models that have one.
    pub post_quant_conv: Option<Conv2d>,
    #[module(skip)]
    config: VaeConfig,
}

impl VaeConfig {
    /// An autoencoder with lazy weights: convolutions as PyTorch initialises them, U(±1/√fan_in), norms at one,
    /// attention projections Xavier-uniform with biases at zero.
    pub fn init(&self, device: &Device) -> AutoencoderKl {
        let latents = self.latent_channels;
        AutoencoderKl {
            encoder: Some(Encoder::new(self, device)),
            decoder: Decoder::new(self, device),
            quant_conv: self
                .use_quant_conv
                .then(|| Conv2d::new([2 * latents, 2 * latents], 1, device)),
            post_quant_conv: self
                .use_post_quant_conv
                .then(|| Conv2d::new([latents, latents], 1, device)),
            config: self.clone(),
        }
    }
}

impl AutoencoderKl {
    /// The sizes this autoencoder was built with.
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// The type its weights are stored and its convolutions are computed in.
    pub fn dtype(&self) -> DType {
        self.decoder.conv_in.weight.dtype()
    }

    /// The same without its encoder, whose weights are then freed or never loaded.
    pub fn without_encoder(self) -> Self {
        Self {
            encoder: None,
            quant_conv: None,
            ..self
        }
    }

    /// The distribution of latents of pictures: `[B, 3, H, W]` in −1..=1 → mean and log variance, each
    /// `[B, C, H/f, W/f]` in the autoencoder's own scale. `None` without an encoder.
    pub fn encode(&self, images: Tensor<4>) -> Option<(Tensor<4>, Tensor<4>)> {
        let moments = self.encoder.as_ref()?.forward(images.cast(self.dtype()));
        Some(self.distribution(moments))
    }

    /// As [`encode`](Self::encode), unless `interrupted` says so before one of the encoder's layers.
    ///
    /// # Errors
    /// [`ForwardError::Interrupted`].
    pub fn encode_unless(
        &self,
        images: Tensor<4>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<(Tensor<4>, Tensor<4>)>, ForwardError> {
        let Some(encoder) = &self.encoder else {
            return Ok(None);
        };
        let moments = encoder.forward_unless(images.cast(self.dtype()), interrupted)?;
        Ok(Some(self.distribution(moments)))
    }

    /// Mean and log variance of what the encoder gives.
    fn distribution(&self, mut moments: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        if let Some(conv) = &self.quant_conv {
            moments = conv.forward(moments);
        }
        let channels = self.config.latent_channels;
        let mean = moments.clone().narrow(1, 0, channels);
        let log_variance = moments
            .narrow(1, channels, channels)
            .clamp(LOG_VARIANCE[0], LOG_VARIANCE[1]);
        (mean, log_variance)
    }

    /// Pictures of latents in the autoencoder's own scale: `[B, C, h, w]` → `[B, 3, f·h, f·w]`, about −1..=1, in the
    /// weights' type.
    pub fn decode(&self, latents: Tensor<4>) -> Tensor<4> {
        self.decoder.forward(self.before_decoder(latents))
    }

    /// As [`decode`](Self::decode), unless `interrupted` says so before one of the decoder's layers.
    ///
    /// # Errors
    /// [`ForwardError::Interrupted`].
    pub fn decode_unless(
        &self,
        latents: Tensor<4>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Tensor<4>, ForwardError> {
        self.decoder
            .forward_unless(self.before_decoder(latents), interrupted)
    }

    fn before_decoder(&self, latents: Tensor<4>) -> Tensor<4> {
        let latents = latents.cast(self.dtype());
        match &self.post_quant_conv {
            Some(conv) => conv.forward(latents),
            None => latents,
        }
    }

    /// From the transformer's scale to the autoencoder's: z / scaling + shift, in the weights' type.
    pub fn unscale(&self, latents: Tensor<4>) -> Tensor<4> {
        let shift = self.config.shift_factor.unwrap_or(0.0);
        latents.cast(self.dtype()) / self.config.scaling_factor + shift
    }

    /// From the autoencoder's scale to the transformer's: (z − shift) · scaling.
    pub fn scale(&self, latents: Tensor<4>) -> Tensor<4> {
        let shift = self.config.shift_factor.unwrap_or(0.0);
        (latents - shift) * self.config.scaling_factor
    }
}

/// One step from a feature map to the next.
type Layer<'a> = Box<dyn Fn(Tensor<4>) -> Tensor<4> + 'a>;

/// `x` through `layers`, unless `interrupted` says so before one of them.
fn through_unless<'a>(
    mut layers: impl Iterator<Item = Layer<'a>>,
    x: Tensor<4>,
    interrupted: &dyn Fn() -> bool,
) -> Result<Tensor<4>, ForwardError> {
    layers.try_fold(x, |x, layer| {
        if interrupted() {
            return Err(ForwardError::Interrupted);
        }
        Ok(layer(x))
    })
}

/// Channels of each resolution with those of the one before: `[in, out]` pairs along `channels`.
fn channel_steps(channels: &[usize]) -> Vec<[usize; 2]> {
    channels
        .iter()
        .enumerate()
        .map(|(level, &out)| [channels[level.saturating_sub(1)], out])
        .collect()
}
