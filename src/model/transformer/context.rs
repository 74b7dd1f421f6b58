//! What the transformer knows of its captions: computed once a prompt, used in every step.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::rope::{token_positions, turns};
use super::{ForwardError, Transformer, padded_tokens};
use crate::model::ops::{self, KeyMask, Rope, RopePairs};

/// Refined caption tokens of a batch, and the positions of all tokens for pictures of one size.
#[derive(Debug, Clone)]
pub struct Context {
    tokens: Tensor<3>,
    rope: Rope,
    mask: Option<KeyMask>,
    latent_size: [usize; 2],
}

impl Context {
    /// Items in the batch.
    pub fn batch(&self) -> usize {
        self.tokens.dims()[0]
    }

    /// `[h, w]` of the latents this context was made for.
    pub fn latent_size(&self) -> [usize; 2] {
        self.latent_size
    }

    /// The batch made of the given items of this one, in that order; an item may come more than once.
    ///
    /// This is how several pictures of a prompt, or the positive half of a guided batch, are had without refining the
    /// captions again.
    pub fn select(&self, items: &[usize]) -> Self {
        let index: Vec<i32> = items.iter().map(|&item| item as i32).collect();
        let index = Tensor::<1, Int>::from_data(
            TensorData::new(index, [items.len()]),
            &self.tokens.device(),
        );
        Self {
            tokens: self.tokens.clone().select(0, index.clone()),
            rope: self.rope.select(&index),
            mask: self.mask.as_ref().and_then(|mask| mask.select(items)),
            latent_size: self.latent_size,
        }
    }

    /// `[B, C, dim]`
    pub fn tokens(&self) -> Tensor<3> {
        self.tokens.clone()
    }

    /// Positions of image tokens, then caption tokens.
    pub fn rope(&self) -> &Rope {
        &self.rope
    }

    /// Positions of the image tokens alone.
    pub fn image_rope(&self, image_tokens: usize) -> Rope {
        self.rope.narrow(0, image_tokens)
    }

    /// Which of all tokens are real, if items differ in length.
    pub fn mask(&self) -> Option<&KeyMask> {
        self.mask.as_ref()
    }
}

/// Lengths of a batch of captions and the size of its pictures, in tokens.
struct Layout {
    /// Tokens of each caption, filled up to a multiple of 32.
    padded: Vec<usize>,
    /// The longest of them: rows of the batch.
    rows: usize,
    /// Image tokens, filled up to a multiple of 32.
    image: usize,
    patches: [usize; 2],
}

impl Transformer {
    /// Embeds and refines captions for pictures whose latents are `latent_size` = `[h, w]`.
    ///
    /// Each caption `[L, cap_feat_dim]` keeps its own length; items shorter than the longest are masked, so an item of
    /// a batch equals the item alone.
    ///
    /// # Errors
    /// [`ForwardError::Empty`] without captions or with an empty one, [`ForwardError::CaptionWidth`],
    /// [`ForwardError::LatentShape`] for a size that is no multiple of the patch, [`ForwardError::Interrupted`].
    pub fn encode_context(
        &self,
        captions: &[Tensor<2>],
        latent_size: [usize; 2],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Context, ForwardError> {
        let lengths: Vec<usize> = captions.iter().map(|caption| caption.dims()[0]).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let expected = self.config().cap_feat_dim;
        let mut rows = Vec::with_capacity(captions.len());
        for caption in captions {
            let [length, found] = caption.dims();
            if found != expected {
                return Err(ForwardError::CaptionWidth { found, expected });
            }
            let missing = longest - length;
            let row = if missing == 0 {
                caption.clone()
            } else {
                let fill = Tensor::zeros([missing, found], (&caption.device(), caption.dtype()));
                Tensor::cat(vec![caption.clone(), fill], 0)
            };
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(ForwardError::Empty);
        }
        self.encode_context_batch(Tensor::stack(rows, 0), &lengths, latent_size, interrupted)
    }

    /// [`Transformer::encode_context`] of captions that are one tensor already: `[B, L, cap_feat_dim]`, of which item
    /// b has `lengths[b]` real rows and the rest is ignored.
    ///
    /// # Errors
    /// As [`Transformer::encode_context`].
    pub fn encode_context_batch(
        &self,
        captions: Tensor<3>,
        lengths: &[usize],
        latent_size: [usize; 2],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Context, ForwardError> {
        let layout = self.layout(&captions, lengths, latent_size)?;
        let device = captions.device();
        let rope = self.token_rope(&layout, &device);
        let caption_rope = rope.narrow(layout.image, layout.rows);
        let caption_mask = KeyMask::new(layout.padded.clone(), layout.rows, &device);
        let mut tokens = self.embed_captions(captions, lengths, &layout);
        for block in &self.context_refiner {
            if interrupted() {
                return Err(ForwardError::Interrupted);
            }
            tokens = block.forward(tokens, None, &caption_rope, caption_mask.as_ref());
        }
        let real = layout.padded.iter().map(|padded| layout.image + padded);
        Ok(Context {
            tokens,
            rope,
            mask: KeyMask::new(real.collect(), layout.image + layout.rows, &device),
            latent_size,
        })
    }

    fn layout(
        &self,
        captions: &Tensor<3>,
        lengths: &[usize],
        [height, width]: [usize; 2],
    ) -> Result<Layout, ForwardError> {
        let [batch, rows, found] = captions.dims();
        let config = self.config();
        if found != config.cap_feat_dim {
            let expected = config.cap_feat_dim;
            return Err(ForwardError::CaptionWidth { found, expected });
        }
        if lengths.len() != batch || lengths.iter().any(|&length| length == 0 || length > rows) {
            return Err(ForwardError::Empty);
        }
        let patch = config.patch_size();
        let patches = [height / patch, width / patch];
        if patches.contains(&0) || [height % patch, width % patch] != [0, 0] {
            let up = |size: usize| size.max(1).next_multiple_of(patch);
            return Err(ForwardError::LatentShape {
                found: [batch, config.in_channels, height, width],
                expected: [batch, config.in_channels, up(height), up(width)],
            });
        }
        let padded: Vec<usize> = lengths.iter().copied().map(padded_tokens).collect();
        Ok(Layout {
            rows: padded.iter().copied().max().unwrap_or(0),
            padded,
            image: padded_tokens(patches[0] * patches[1]),
            patches,
        })
    }

    /// Positions of image tokens, then caption tokens; one table if all captions are equally long.
    fn token_rope(&self, layout: &Layout, device: &Device) -> Rope {
        let config = self.config();
        let shared = layout.padded.iter().all(|&padded| padded == layout.rows);
        let items = if shared {
            &layout.padded[..1]
        } else {
            &layout.padded[..]
        };
        let positions: Vec<[usize; 3]> = items
            .iter()
            .flat_map(|&padded| token_positions(layout.patches, layout.image, padded, layout.rows))
            .collect();
        let tables = turns(&positions, config.axes_dims, config.rope_theta);
        let shape = [
            items.len(),
            layout.image + layout.rows,
            config.head_dim() / 2,
        ];
        Rope::from_tables(tables, shape, RopePairs::Adjacent, device)
    }

    /// `[B, L, cap_feat_dim]` → `[B, rows, dim]`: real rows embedded, then the pad token up to the item's own multiple
    /// of 32, then zeros up to the longest item.
    fn embed_captions(&self, captions: Tensor<3>, lengths: &[usize], layout: &Layout) -> Tensor<3> {
        let (norm, linear) = &self.cap_embedder;
        let embedded = linear.forward(norm.forward(captions.cast(self.dtype())));
        let [batch, given, dim] = embedded.dims();
        let embedded = if given < layout.rows {
            let fill = Tensor::zeros(
                [batch, layout.rows - given, dim],
                (&embedded.device(), embedded.dtype()),
            );
            Tensor::cat(vec![embedded, fill], 1)
        } else {
            embedded.narrow(1, 0, layout.rows)
        };
        if lengths.iter().all(|&length| length == layout.rows) {
            return embedded;
        }
        let column = |keep: &dyn Fn(usize, usize) -> bool| {
            let values: Vec<f32> = (0..batch)
                .flat_map(|item| {
                    (0..layout.rows).map(move |row| if keep(item, row) { 1.0 } else { 0.0 })
                })
                .collect();
            Tensor::<3>::from_data(
                TensorData::new(values, [batch, layout.rows, 1]),
                (&embedded.device(), embedded.dtype()),
            )
        };
        let real = column(&|item, row| row < lengths[item]);
        let fill = column(&|item, row| row >= lengths[item] && row < layout.padded[item]);
        embedded * real + ops::marked_row(self.cap_pad_token.val(), fill)
    }
}
