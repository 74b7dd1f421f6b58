//! How well a model follows prompts about combinations that it was never trained on, what guidance and negative prompts
//! do to its pictures, and how much its seeds differ.

mod diversity;
mod effects;

use image::RgbImage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::caption::{self, Language, Mention};
use super::pictures::{self, NATIVE};
use super::reader::{self, Reader};
use super::render;
use super::scene::{Attribute, Scene};
use super::sheet;
use crate::pipeline::{CancelToken, Pipeline, Silent};
use crate::request::{Guidance, ImageSize, Prompt, Request, RequestError, Seed};
use crate::train::TrainError;

pub use diversity::Diversity;
pub use effects::{GuidanceEffect, NegativeEffect, SizeScore};

/// Renders the readers are fitted to, and renders they are tried on.
const FITTED: u64 = 6000;
const TRIED: u64 = 600;

/// Blurs, in pixels, of the renders the readers are fitted to, in turn. Sharp ones alone taught them to tell styles by
/// the roughness of single pixels: true renders that had passed the autoencoder at 30.7 dB, and whose style nobody would
/// mistake, were read right in 69 % of the cases.
const SOFTNESS: [f32; 4] = [0.0, 0.5, 0.9, 1.3];
/// Most that the levels of a softened render are off by: no decoder gives two neighbours exactly the same level, which
/// is how a reader of spotless pictures knows pixel art.
const NOISE: i16 = 3;

/// One attribute's share of right readings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Which attribute.
    pub attribute: &'static str,
    /// Of true renders of held-out combinations: what the reader itself is worth.
    pub of_renders: f64,
    /// Of the same renders sent through the autoencoder: what a perfect painter could reach with it.
    pub of_reconstructions: f64,
    /// Of the model's pictures for Chinese prompts.
    pub chinese: f64,
    /// Of the model's pictures for English prompts.
    pub english: f64,
    /// Pictures with that attribute.
    pub pictures: usize,
    /// Of the model's pictures, by the value that was asked for.
    pub by_value: Vec<(String, f64)>,
}

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Prompts of the scores.
    pub prompts: u64,
    /// Guidance of the scores.
    pub guidance: f32,
    /// Attribute by attribute.
    pub scores: Vec<Score>,
    /// What guidance does, on a fifth of the prompts.
    pub guidance_effect: Vec<GuidanceEffect>,
    /// What a negative prompt does, on a fifth of the prompts.
    pub negative_effect: Vec<NegativeEffect>,
    /// Other sizes than the native one, on a fifteenth of the prompts.
    pub sizes: Vec<SizeScore>,
    /// How much the seeds of one prompt differ.
    pub diversity: Diversity,
}

/// Reads `prompts` pictures of the model at `guidance`, half of them asked for in Chinese, and measures everything else
/// on shares of them: about 3.5 × `prompts` pictures in all.
///
/// # Errors
/// When a picture cannot be made.
pub fn evaluate(
    pipeline: &mut Pipeline,
    prompts: u64,
    guidance: Guidance,
    progress: &mut dyn FnMut(u64),
) -> Result<Evaluation, TrainError> {
    let readers = Readers::fit();
    let truth = scenes(1 << 40, TRIED);
    let rendered: Vec<Vec<f64>> = truth
        .par_iter()
        .map(|scene| reader::features(&render(scene, NATIVE), scene))
        .collect();
    let reconstructed = reconstruct(pipeline, &truth)?;
    let asked = scenes(2 << 40, prompts);
    let mut studio = Studio {
        pipeline,
        progress,
        painted: 0,
    };
    let mut read = Vec::with_capacity(asked.len());
    for (index, scene) in asked.iter().enumerate() {
        let wish = Wish::new(scene, index, guidance);
        read.push(reader::features(&studio.paint(&wish)?, scene));
    }
    let part = |share: usize| &asked[..(asked.len() / share).max(1).min(asked.len())];
    Ok(Evaluation {
        prompts,
        guidance: guidance.get(),
        scores: scores(
            &readers,
            &truth,
            [&rendered, &reconstructed],
            (&asked, &read),
        ),
        guidance_effect: effects::of_guidance(&mut studio, &readers, part(5))?,
        negative_effect: effects::of_negatives(&mut studio, &readers, part(5))?,
        sizes: effects::of_sizes(&mut studio, &readers, part(15), guidance)?,
        diversity: diversity::measure(&mut studio, guidance)?,
    })
}

/// The reader of each attribute.
struct Readers(Vec<Reader>);

impl Readers {
    fn fit() -> Self {
        let scenes: Vec<Scene> = (0..FITTED)
            .map(|index| Scene::sample_split(index, false))
            .collect();
        let features: Vec<Vec<f64>> = scenes
            .par_iter()
            .zip(0..scenes.len())
            .map(|(scene, index)| reader::features(&worn(render(scene, NATIVE), index), scene))
            .collect();
        let labels: Vec<Vec<Option<usize>>> = Attribute::ALL
            .iter()
            .map(|attribute| scenes.iter().map(|scene| attribute.of(scene)).collect())
            .collect();
        let classes: Vec<usize> = Attribute::ALL.iter().map(|it| it.values()).collect();
        Self(reader::fit(&features, &labels, &classes))
    }

    fn of(&self, attribute: Attribute) -> &Reader {
        &self.0[attribute as usize]
    }

    /// Share read right, and number of pictures that have the attribute.
    fn tally<'a>(
        &self,
        attribute: Attribute,
        pictures: impl Iterator<Item = (&'a Scene, &'a Vec<f64>)>,
    ) -> (f64, usize) {
        let (mut right, mut all) = (0, 0);
        for (scene, features) in pictures {
            if let Some(label) = attribute.of(scene) {
                right += usize::from(self.of(attribute).read(features) == label);
                all += 1;
            }
        }
        (right as f64 / all.max(1) as f64, all)
    }
}

/// The `index`-th picture as readers learn it: every fourth as it is, the others soft and not quite clean.
fn worn(picture: RgbImage, index: usize) -> RgbImage {
    let sigma = SOFTNESS[index % SOFTNESS.len()];
    if sigma == 0.0 {
        return picture;
    }
    let mut soft = image::imageops::blur(&picture, sigma);
    let rng = &mut ChaCha8Rng::seed_from_u64(index as u64);
    for level in soft.iter_mut() {
        let noisy = i16::from(*level) + rng.random_range(-NOISE..=NOISE);
        *level = noisy.clamp(0, 255) as u8;
    }
    soft
}

type Read<'a> = (&'a [Scene], &'a [Vec<f64>]);

/// Scores of `truth`, read as rendered and as reconstructed, and of paintings.
fn scores(
    readers: &Readers,
    truth: &[Scene],
    [rendered, reconstructed]: [&[Vec<f64>]; 2],
    paintings: Read,
) -> Vec<Score> {
    let score = |&attribute: &Attribute| {
        let painted = || paintings.0.iter().zip(paintings.1);
        let half = |first: usize| readers.tally(attribute, painted().skip(first).step_by(2));
        let of_value = |value: usize| {
            let asked = painted().filter(|(scene, _)| attribute.of(scene) == Some(value));
            let word = caption::value_words(attribute, value, Language::English);
            (word.unwrap_or_default(), readers.tally(attribute, asked).0)
        };
        let (chinese, english) = (half(0), half(1));
        Score {
            attribute: attribute.name(),
            of_renders: readers.tally(attribute, truth.iter().zip(rendered)).0,
            of_reconstructions: readers.tally(attribute, truth.iter().zip(reconstructed)).0,
            chinese: chinese.0,
            english: english.0,
            pictures: chinese.1 + english.1,
            by_value: (0..attribute.values()).map(of_value).collect(),
        }
    };
    Attribute::ALL.iter().map(score).collect()
}

/// What the readers see of true renders that went through the autoencoder and back.
fn reconstruct(pipeline: &Pipeline, scenes: &[Scene]) -> Result<Vec<Vec<f64>>, TrainError> {
    let (vae, device) = (pipeline.autoencoder(), &pipeline.placement().device);
    let mut read = Vec::with_capacity(scenes.len());
    for scenes in scenes.chunks(pictures::AT_A_TIME) {
        let planes: Vec<Vec<f32>> = scenes
            .par_iter()
            .map(|scene| pictures::planes(&render(scene, NATIVE)))
            .collect();
        let tensor = pictures::tensor(planes.concat(), scenes.len(), NATIVE, device);
        let tensor = tensor.cast(pipeline.autoencoder().dtype());
        let (mean, _) = vae
            .encode(tensor)
            .ok_or_else(|| TrainError::device("evaluating", "this autoencoder has no encoder"))?;
        let back = sheet::pictures(vae.decode(mean))?;
        let features = scenes.par_iter().zip(&back);
        read.extend(
            features
                .map(|(scene, picture)| reader::features(picture, scene))
                .collect::<Vec<_>>(),
        );
    }
    Ok(read)
}

/// Scenes of held-out combinations.
fn scenes(seed: u64, count: u64) -> Vec<Scene> {
    (0..count)
        .map(|index| Scene::sample_split(seed + index, true))
        .collect()
}

/// The language of a prompt: every other one is Chinese.
fn language(index: usize) -> Language {
    if index.is_multiple_of(2) {
        Language::Chinese
    } else {
        Language::English
    }
}

fn wording(scene: &Scene, language: Language, mention: Mention) -> String {
    let rng = &mut ChaCha8Rng::seed_from_u64(scene.seed);
    caption::word(scene, language, mention, rng)
}

/// One picture to be painted.
struct Wish {
    prompt: String,
    negative: String,
    seed: u64,
    guidance: Guidance,
    side: u32,
}

impl Wish {
    /// The picture of `scene`, all of whose attributes are said; `index` gives language and seed.
    fn new(scene: &Scene, index: usize, guidance: Guidance) -> Self {
        Self {
            prompt: wording(scene, language(index), Mention::ALL),
            negative: String::new(),
            seed: index as u64,
            guidance,
            side: NATIVE,
        }
    }
}

/// Where pictures are painted and counted.
struct Studio<'a> {
    pipeline: &'a mut Pipeline,
    progress: &'a mut dyn FnMut(u64),
    painted: u64,
}

impl Studio<'_> {
    fn paint(&mut self, wish: &Wish) -> Result<RgbImage, TrainError> {
        let refused = |error: RequestError| TrainError::Tokenizer(error.to_string());
        let prompt = Prompt::new(wish.prompt.as_str()).map_err(refused)?;
        let mut request = Request::new(prompt, Seed(wish.seed));
        request.negative = Prompt::optional(wish.negative.clone()).map_err(refused)?;
        request.guidance = wish.guidance;
        request.size = ImageSize::new(wish.side, wish.side).map_err(refused)?;
        let pictures = self
            .pipeline
            .generate(&request, &mut Silent, &CancelToken::new())?;
        self.painted += 1;
        (self.progress)(self.painted);
        let picture = pictures.into_iter().next();
        picture
            .map(|picture| picture.pixels)
            .ok_or_else(|| TrainError::device("painting", "no picture came out"))
    }
}
