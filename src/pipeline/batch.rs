use super::{Latents, PipelineError, noise::Noise};
use crate::model::{TransformerConfig, VaeConfig};
use crate::request::{Prompt, Request};

/// Pictures made in one go: one request, several prompts, and perhaps noise that was drawn elsewhere.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// What is asked for; its own prompt is the first.
    pub request: &'a Request,
    /// Further prompts, each painted [`Request::count`] times. Seeds run on through all of them.
    pub more_prompts: &'a [Prompt],
    /// Replaces the noise of the seeds.
    pub noise: Option<&'a GivenNoise>,
}

/// Noise for every picture of a batch, in their order: prompt by prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenNoise {
    /// `[pictures, C, h, w]`: what the first step begins with, or what is put over a start image.
    pub initial: Latents,
    /// `[pictures, C, h, w]`: for a start image, the noise of the autoencoder's posterior. Drawn from the seed where
    /// absent.
    pub posterior: Option<Latents>,
}

impl<'a> Batch<'a> {
    /// The batch of one request and nothing else.
    pub fn of(request: &'a Request) -> Self {
        Self {
            request,
            more_prompts: &[],
            noise: None,
        }
    }

    /// Pictures in all.
    pub fn len(&self) -> usize {
        (1 + self.more_prompts.len()) * self.request.count.get() as usize
    }

    /// Never: a request has a prompt and a count of at least 1.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The prompts in order.
    pub fn prompts(&self) -> impl Iterator<Item = &'a Prompt> {
        std::iter::once(&self.request.prompt).chain(self.more_prompts)
    }

    /// Channels, height and width of one picture's latents with these networks. Needs no weights, so that what does
    /// not fit is found before a model is loaded.
    ///
    /// # Errors
    /// [`PipelineError::Unsupported`] for a size that the networks cannot paint, [`PipelineError::NoiseShape`] for
    /// given noise that does not fit.
    pub fn latent_shape(
        &self,
        transformer: &TransformerConfig,
        vae: &VaeConfig,
    ) -> Result<[usize; 3], PipelineError> {
        let factor = vae.spatial_factor();
        let multiple = factor * transformer.patch_size();
        let size = self.request.size;
        let sides = [size.height() as usize, size.width() as usize];
        if sides.iter().any(|side| side % multiple != 0) {
            return Err(PipelineError::Unsupported(format!(
                "its pictures' sides are multiples of {multiple}, and {size} is asked for"
            )));
        }
        let shape = [
            transformer.in_channels,
            sides[0] / factor,
            sides[1] / factor,
        ];
        self.check_noise(shape)?;
        Ok(shape)
    }

    /// Refuses given noise of another shape than `[pictures, C, h, w]`, where `shape` is `[C, h, w]`.
    fn check_noise(&self, shape: [usize; 3]) -> Result<(), PipelineError> {
        let expected = [self.len(), shape[0], shape[1], shape[2]];
        let given = self
            .noise
            .into_iter()
            .flat_map(|noise| [Some(&noise.initial), noise.posterior.as_ref()]);
        match given.flatten().find(|latents| latents.shape() != expected) {
            Some(wrong) => Err(PipelineError::NoiseShape {
                got: wrong.shape().to_vec(),
                expected: expected.to_vec(),
            }),
            None => Ok(()),
        }
    }

    /// The draws of picture `index`, whose latents are `shape` = `[C, h, w]`.
    pub(super) fn draws(&self, index: usize, shape: [usize; 3]) -> Draws<'a> {
        Draws {
            given: self.noise,
            index,
            count: shape.iter().product(),
            stream: Noise::new(self.request.seed.nth(index as u32)),
        }
    }
}

/// One picture's noise: given, or else drawn from its seed in the order asked for.
pub(super) struct Draws<'a> {
    given: Option<&'a GivenNoise>,
    index: usize,
    count: usize,
    stream: Noise,
}

impl Draws<'_> {
    /// The noise of the autoencoder's posterior. Ask for it before [`initial`](Self::initial).
    pub(super) fn posterior(&mut self) -> Vec<f32> {
        self.take(self.given.and_then(|noise| noise.posterior.as_ref()))
    }

    /// The noise the picture begins with.
    pub(super) fn initial(&mut self) -> Vec<f32> {
        self.take(self.given.map(|noise| &noise.initial))
    }

    fn take(&mut self, given: Option<&Latents>) -> Vec<f32> {
        match given.and_then(|latents| latents.picture(self.index)) {
            Some(values) => values.to_vec(),
            None => self.stream.draw(self.count),
        }
    }
}
