//! How well a model follows prompts about combinations that it was never trained on, and how much its seeds differ.

use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::caption::{self, Language, Mention};
use super::pictures::NATIVE;
use super::reader::{self, Reader};
use super::render;
use super::scene::{Colour, Place, Scene, Style, Time};
use crate::pipeline::{CancelToken, Pipeline, Silent};
use crate::request::{Guidance, ImageSize, Prompt, Request, RequestError, Seed};
use crate::train::TrainError;

/// Renders the readers are fitted to, and renders they are tried on.
const FITTED: u64 = 4000;
const TRIED: u64 = 600;
/// Seeds of one prompt whose pictures are compared.
const SEEDS: u64 = 8;
const ATTRIBUTES: [&str; 4] = ["subject colour", "place", "time of day", "style"];

/// One attribute's share of right readings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Which attribute.
    pub attribute: &'static str,
    /// Of true renders of held-out combinations: what the reader itself is worth.
    pub of_renders: f64,
    /// Of the model's pictures for Chinese prompts.
    pub chinese: f64,
    /// Of the model's pictures for English prompts.
    pub english: f64,
    /// Pictures with that attribute.
    pub pictures: usize,
}

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Attribute by attribute.
    pub scores: Vec<Score>,
    /// Mean distance (root mean square of 32 × 32 pixels, 0..=1) between the model's pictures of one prompt.
    pub diversity: f64,
    /// The same between renders of the same attributes.
    pub diversity_of_renders: f64,
}

/// Reads `prompts` pictures of the model, half of them asked for in Chinese, and compares seeds.
///
/// # Errors
/// When a picture cannot be made.
pub fn evaluate(
    pipeline: &mut Pipeline,
    prompts: u64,
    guidance: Guidance,
    progress: &mut dyn FnMut(u64),
) -> Result<Evaluation, TrainError> {
    let readers = fitted_readers();
    let truth = scenes(1 << 40, TRIED, true);
    let rendered: Vec<Vec<f64>> = truth
        .par_iter()
        .map(|scene| reader::features(&render(scene, NATIVE), scene))
        .collect();
    let of_renders = tally(&readers, &truth, &rendered);

    let asked = scenes(2 << 40, prompts, true);
    let mut read = Vec::with_capacity(asked.len());
    for (index, scene) in asked.iter().enumerate() {
        let language = if index % 2 == 0 {
            Language::Chinese
        } else {
            Language::English
        };
        let picture = paint(pipeline, &wording(scene, language), index as u64, guidance)?;
        read.push(reader::features(&picture, scene));
        progress(index as u64 + 1);
    }
    let half = |first: usize| {
        let of = |n: usize| n % 2 == first;
        let scenes: Vec<Scene> = asked
            .iter()
            .enumerate()
            .filter(|(n, _)| of(*n))
            .map(|(_, scene)| scene.clone())
            .collect();
        let read: Vec<Vec<f64>> = read
            .iter()
            .enumerate()
            .filter(|(n, _)| of(*n))
            .map(|(_, values)| values.clone())
            .collect();
        tally(&readers, &scenes, &read)
    };
    let (chinese, english) = (half(0), half(1));
    let scores = (0..ATTRIBUTES.len())
        .map(|attribute| Score {
            attribute: ATTRIBUTES[attribute],
            of_renders: of_renders[attribute].0,
            chinese: chinese[attribute].0,
            english: english[attribute].0,
            pictures: chinese[attribute].1 + english[attribute].1,
        })
        .collect();
    let (diversity, diversity_of_renders) = diversity(pipeline, guidance)?;
    Ok(Evaluation {
        scores,
        diversity,
        diversity_of_renders,
    })
}

fn scenes(seed: u64, count: u64, held_out: bool) -> Vec<Scene> {
    (0..count)
        .map(|index| Scene::sample_split(seed + index, held_out))
        .collect()
}

fn fitted_readers() -> Vec<Reader> {
    let scenes = scenes(0, FITTED, false);
    let features: Vec<Vec<f64>> = scenes
        .par_iter()
        .map(|scene| reader::features(&render(scene, NATIVE), scene))
        .collect();
    let labels: Vec<Vec<Option<usize>>> = (0..ATTRIBUTES.len())
        .map(|attribute| scenes.iter().map(|scene| label(scene, attribute)).collect())
        .collect();
    reader::fit(
        &features,
        &labels,
        &[
            Colour::ALL.len(),
            Place::ALL.len(),
            Time::ALL.len(),
            Style::ALL.len(),
        ],
    )
}

/// The class of an attribute, where the scene has it.
fn label(scene: &Scene, attribute: usize) -> Option<usize> {
    match attribute {
        0 => scene.subject.map(|_| scene.colour as usize),
        1 => Some(scene.place as usize),
        2 => scene.time.map(|time| time as usize),
        _ => Some(scene.style as usize),
    }
}

/// Share read right, and number of pictures, of each attribute.
fn tally(readers: &[Reader], scenes: &[Scene], features: &[Vec<f64>]) -> Vec<(f64, usize)> {
    let count = |(attribute, reader): (usize, &Reader)| {
        let labelled: Vec<(usize, &Vec<f64>)> = scenes
            .iter()
            .zip(features)
            .filter_map(|(scene, values)| Some((label(scene, attribute)?, values)))
            .collect();
        let right = labelled
            .iter()
            .filter(|(label, values)| reader.read(values) == *label)
            .count();
        (right as f64 / labelled.len().max(1) as f64, labelled.len())
    };
    readers.iter().enumerate().map(count).collect()
}

fn wording(scene: &Scene, language: Language) -> String {
    caption::word(
        scene,
        language,
        Mention::ALL,
        &mut ChaCha8Rng::seed_from_u64(scene.seed),
    )
}

fn paint(
    pipeline: &mut Pipeline,
    prompt: &str,
    seed: u64,
    guidance: Guidance,
) -> Result<RgbImage, TrainError> {
    let refused = |error: RequestError| TrainError::Tokenizer(error.to_string());
    let mut request = Request::new(Prompt::new(prompt).map_err(refused)?, Seed(seed));
    request.guidance = guidance;
    request.size = ImageSize::new(NATIVE, NATIVE).map_err(refused)?;
    let pictures = pipeline.generate(&request, &mut Silent, &CancelToken::new())?;
    let picture = pictures.into_iter().next();
    picture
        .map(|picture| picture.pixels)
        .ok_or_else(|| TrainError::device("painting", "no picture came out"))
}

fn diversity(pipeline: &mut Pipeline, guidance: Guidance) -> Result<(f64, f64), TrainError> {
    let scene = Scene::sample_split(3 << 40, true);
    let prompt = wording(&scene, Language::English);
    let painted = (0..SEEDS)
        .map(|seed| paint(pipeline, &prompt, seed, guidance))
        .collect::<Result<Vec<_>, _>>()?;
    let rendered: Vec<RgbImage> = (0..SEEDS)
        .map(|seed| {
            render(
                &Scene {
                    seed,
                    ..scene.clone()
                },
                NATIVE,
            )
        })
        .collect();
    Ok((mean_distance(&painted), mean_distance(&rendered)))
}

fn mean_distance(pictures: &[RgbImage]) -> f64 {
    let small: Vec<RgbImage> = pictures
        .iter()
        .map(|picture| imageops::resize(picture, 32, 32, FilterType::Triangle))
        .collect();
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (index, a) in small.iter().enumerate() {
        for b in &small[index + 1..] {
            let squares: f64 = a
                .as_raw()
                .iter()
                .zip(b.as_raw())
                .map(|(&a, &b)| (f64::from(a.abs_diff(b)) / 255.0).powi(2))
                .sum();
            sum += (squares / a.as_raw().len() as f64).sqrt();
            pairs += 1.0;
        }
    }
    if pairs > 0.0 { sum / pairs } else { 0.0 }
}
