//! How much the pictures of one prompt differ from seed to seed.

use image::RgbImage;
use image::imageops::{self, FilterType};
use serde::Serialize;

use super::super::caption::Mention;
use super::super::pictures::NATIVE;
use super::super::render;
use super::super::scene::Scene;
use super::{Studio, Wish, language, scenes, wording};
use crate::request::Guidance;
use crate::train::TrainError;

/// Prompts, and seeds of each whose pictures are compared.
const PROMPTS: u64 = 3;
const SEEDS: u64 = 8;

/// Mean distances between pictures of one prompt: root mean square of 32 × 32 pixels, 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Diversity {
    /// Between the model's pictures.
    pub of_pictures: f64,
    /// Between renders of the same attributes.
    pub of_renders: f64,
}

pub(super) fn measure(studio: &mut Studio, guidance: Guidance) -> Result<Diversity, TrainError> {
    let (mut of_pictures, mut of_renders) = (0.0, 0.0);
    for (index, scene) in scenes(3 << 40, PROMPTS).iter().enumerate() {
        let prompt = wording(scene, language(index), Mention::ALL);
        let painted = (0..SEEDS)
            .map(|seed| {
                studio.paint(&Wish {
                    prompt: prompt.clone(),
                    negative: String::new(),
                    seed,
                    guidance,
                    side: NATIVE,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let rendered: Vec<RgbImage> = (0..SEEDS)
            .map(|seed| Scene {
                seed,
                ..scene.clone()
            })
            .map(|scene| render(&scene, NATIVE))
            .collect();
        of_pictures += mean_distance(&painted) / PROMPTS as f64;
        of_renders += mean_distance(&rendered) / PROMPTS as f64;
    }
    Ok(Diversity {
        of_pictures,
        of_renders,
    })
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
