//! How much memory a request will take, and the nearest size that fits when there is too little.

use crate::checkpoint::{Checkpoint, Part};
use crate::pipeline::Precision;
pub use crate::pipeline::free_memory;
use crate::request::ImageSize;

/// Room for what is not counted: kernels, the allocator's spare pages, a preview.
const SPARE: u64 = 256 << 20;

/// Tokens of the longest prompt, which pass through the transformer beside the picture's.
const PROMPT_TOKENS: u64 = 512;

/// Buffers as wide as the model that a transformer block holds at once: its input, the normed input, query, key,
/// value and the attention's result, and three of the feed-forward part, which is 8/3 as wide.
const BLOCK_WIDTHS: u64 = 14;

/// As many more where the feed-forward part's sums are whole numbers of 32 bits.
const WHOLE_SUMS: u64 = 3;

/// Full-size feature maps that the decoder holds at once in its last stage: input, normed input, the convolution's
/// result and its work space.
const DECODER_MAPS: u64 = 4;

/// Pixels of the tiles in which a picture is decoded that does not fit whole.
const TILE_PIXELS: u64 = 1 << 20;

/// What a model takes on a device, from its headers alone. Estimates lie on the high side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    /// Bytes of all weights.
    pub weights: u64,
    /// Those of them that are the text encoder's, which a card that does not hold them reads layer by layer.
    text_encoder: u64,
    /// Bytes for each token while the transformer runs.
    per_token: u64,
    /// Bytes for each pixel while the decoder runs.
    per_pixel: u64,
    /// Width of the transformer, and how many blocks it has.
    pub(super) transformer: (u64, u64),
    /// Parameters of the transformer.
    pub(super) parameters: u64,
}

/// Whether a request fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// It does not.
    TooLarge {
        /// Bytes that it takes.
        needs: u64,
        /// Bytes that there are.
        free: u64,
        /// The largest size of about the same shape that fits; none when not even the smallest does.
        instead: Option<ImageSize>,
    },
}

impl Demands {
    /// The demands of `checkpoint` when it is loaded in `precision`.
    pub fn of(checkpoint: &Checkpoint, precision: Precision) -> Self {
        let bytes = match precision {
            Precision::F32 => 4,
            Precision::Bf16 | Precision::Fp8 | Precision::Int8 => 2,
        };
        let count = |number: usize| number as u64;
        let configs = checkpoint.configs();
        let parameters: u64 = Part::ALL
            .iter()
            .map(|part| checkpoint.tensors(*part).parameters())
            .sum();
        let transformer = checkpoint.tensors(Part::Transformer).parameters();
        // Nearly all of the transformer's weights take half the room then.
        let narrow = precision.eight_bit().map_or(0, |_| transformer);
        let widths = match precision {
            Precision::Int8 => BLOCK_WIDTHS + WHOLE_SUMS,
            _ => BLOCK_WIDTHS,
        };
        let dim = count(configs.transformer.dim);
        // The widest stage at full size is the last but one, just after it was made larger.
        let channels = &configs.vae.block_out_channels;
        let decoder = channels
            .get(1)
            .or(channels.first())
            .copied()
            .map_or(0, count);
        Self {
            weights: parameters * bytes - narrow,
            text_encoder: checkpoint.tensors(Part::TextEncoder).parameters() * bytes,
            per_token: widths * dim * bytes,
            per_pixel: DECODER_MAPS * decoder * bytes,
            transformer: (
                dim,
                count(configs.transformer.n_layers + configs.transformer.n_refiner_layers),
            ),
            parameters: transformer,
        }
    }

    /// Bytes that one picture of `size` takes on top of the weights. Pictures are made one after the other, so that
    /// their number does not matter, and where memory is short a large one is decoded in tiles.
    pub fn painting(&self, size: ImageSize) -> u64 {
        let pixels = (u64::from(size.width()) * u64::from(size.height())).min(TILE_PIXELS);
        let transformer = (size.tokens() as u64 + PROMPT_TOKENS) * self.per_token;
        transformer.max(pixels * self.per_pixel) + SPARE
    }

    /// Whether a picture of `size` fits into `free` bytes, into which the weights must fit too unless they are loaded:
    /// all that cannot be read when it is needed.
    pub fn fit(&self, size: ImageSize, free: u64, loaded: bool) -> Fit {
        let weights = if loaded {
            0
        } else {
            self.weights - self.text_encoder
        };
        let needs = |size| weights + self.painting(size);
        if needs(size) <= free {
            return Fit::Fits;
        }
        let instead = smaller(size).find(|size| needs(*size) <= free);
        Fit::TooLarge {
            needs: needs(size),
            free,
            instead,
        }
    }
}

/// Smaller sizes of about the same shape, the largest first.
fn smaller(size: ImageSize) -> impl Iterator<Item = ImageSize> {
    let (width, height) = (u64::from(size.width()), u64::from(size.height()));
    let longer = width.max(height);
    let multiple = u64::from(ImageSize::MULTIPLE);
    (1..longer / multiple).rev().filter_map(move |units| {
        let scaled = |side: u64| {
            let side = (side * units * multiple / longer + multiple / 2) / multiple * multiple;
            u32::try_from(side.max(multiple)).ok()
        };
        ImageSize::new(scaled(width)?, scaled(height)?).ok()
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
pub(super) mod tests {
    use super::*;

    /// Z-Image-Turbo in bf16.
    pub(in crate::engine) fn turbo() -> Demands {
        Demands {
            weights: 20_500_000_000,
            text_encoder: 0,
            per_token: BLOCK_WIDTHS * 3840 * 2,
            per_pixel: DECODER_MAPS * 256 * 2,
            transformer: (3840, 32),
            parameters: 6_150_000_000,
        }
    }

    fn size(width: u32, height: u32) -> ImageSize {
        ImageSize::new(width, height).unwrap()
    }

    /// The published figures for this model are 22 to 24 GB at 1024 × 1024.
    #[test]
    fn the_estimate_for_the_published_model_is_near_what_is_reported_of_it() {
        let turbo = turbo();
        let total = turbo.weights + turbo.painting(size(1024, 1024));
        assert!((22_000_000_000..25_000_000_000).contains(&total), "{total}");
        assert_eq!(turbo.fit(size(1024, 1024), 48 << 30, false), Fit::Fits);
    }

    /// Fault row 29.
    #[test]
    fn what_does_not_fit_is_offered_in_the_largest_size_that_does() {
        let turbo = turbo();
        let free = turbo.weights + turbo.painting(size(1024, 576));
        let Fit::TooLarge {
            instead: Some(instead),
            needs,
            ..
        } = turbo.fit(size(2048, 1152), free, false)
        else {
            panic!("it fits")
        };
        assert!(needs > free);
        assert_eq!(instead, size(1024, 576));
        assert_eq!(turbo.fit(instead, free, false), Fit::Fits);
        assert!(matches!(
            turbo.fit(size(512, 512), 1 << 30, false),
            Fit::TooLarge { instead: None, .. }
        ));
        assert_eq!(
            turbo.fit(size(1024, 576), free - turbo.weights, true),
            Fit::Fits
        );
    }

    /// Measured on an H200: 13.4 GiB at 1024 × 1024 with the text encoder streamed.
    #[test]
    fn a_card_of_sixteen_gigabytes_holds_the_published_model_without_its_text_encoder() {
        let turbo = Demands {
            text_encoder: 8_000_000_000,
            ..turbo()
        };
        assert_eq!(turbo.fit(size(1024, 1024), 15 << 30, false), Fit::Fits);
        assert_eq!(turbo.fit(size(2048, 2048), 15 << 30, false), Fit::Fits);
        assert_ne!(turbo.fit(size(1024, 1024), 12 << 30, false), Fit::Fits);
    }

    #[test]
    fn this_machine_says_how_much_memory_is_free() {
        if cfg!(target_os = "linux") {
            assert!(free_memory().is_some_and(|bytes| bytes > 1 << 20));
        }
    }
}
