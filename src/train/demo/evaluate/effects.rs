//! What guidance, negative prompts and the size do to a model's pictures.

use image::imageops::{self, FilterType};
use serde::Serialize;

use super::super::caption::{self, Mention};
use super::super::pictures::NATIVE;
use super::super::reader;
use super::super::scene::{Attribute, Scene};
use super::{Readers, Studio, Wish, language, wording};
use crate::request::Guidance;
use crate::train::TrainError;

/// Off, and the scale that is compared with it.
const SCALES: [f32; 2] = [1.0, 3.0];
/// The attributes that negative prompts name.
const DENIED: [Attribute; 3] = [Attribute::Colour, Attribute::Time, Attribute::Style];
/// From a picture's seed to that of the pictures in which its value is denied.
const OTHER_NOISE: u64 = 1 << 20;
/// Sides in pixels.
const SIDES: [u32; 3] = [128, 384, 512];

/// What guidance does to an attribute that the prompt names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GuidanceEffect {
    /// Which attribute.
    pub attribute: &'static str,
    /// Share of right readings without guidance and at guidance 3.
    pub right: [f64; 2],
    /// By how much the reader prefers the value asked for to the best other one, on average, without and with.
    pub margin: [f64; 2],
}

/// What a negative prompt does to an attribute that the prompt leaves open. A picture painted with guidance 3 gives the
/// value to deny; two more, both from one other noise, are read for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NegativeEffect {
    /// Which attribute.
    pub attribute: &'static str,
    /// Prompts.
    pub prompts: usize,
    /// Share of pictures that show the value when nothing is denied.
    pub shown_when_open: f64,
    /// Share of pictures that show the value when the negative prompt names it.
    pub shown_when_denied: f64,
}

/// Right readings at another size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeScore {
    /// Width and height.
    pub side: u32,
    /// Attribute and share of right readings.
    pub right: Vec<(&'static str, f64)>,
}

fn scale(value: f32) -> Guidance {
    Guidance::new(value).unwrap_or_default()
}

pub(super) fn of_guidance(
    studio: &mut Studio,
    readers: &Readers,
    scenes: &[Scene],
) -> Result<Vec<GuidanceEffect>, TrainError> {
    let mut read = [Vec::new(), Vec::new()];
    for (index, scene) in scenes.iter().enumerate() {
        for (value, read) in SCALES.into_iter().zip(&mut read) {
            let wish = Wish::new(scene, index, scale(value));
            read.push(reader::features(&studio.paint(&wish)?, scene));
        }
    }
    let effect = |&attribute: &Attribute| GuidanceEffect {
        attribute: attribute.name(),
        right: [0, 1].map(|n| readers.tally(attribute, scenes.iter().zip(&read[n])).0),
        margin: [0, 1].map(|n| {
            let margins: Vec<f64> = scenes
                .iter()
                .zip(&read[n])
                .filter_map(|(scene, features)| {
                    Some(readers.of(attribute).margin(features, attribute.of(scene)?))
                })
                .collect();
            margins.iter().sum::<f64>() / margins.len().max(1) as f64
        }),
    };
    Ok(Attribute::ALL.iter().map(effect).collect())
}

pub(super) fn of_negatives(
    studio: &mut Studio,
    readers: &Readers,
    scenes: &[Scene],
) -> Result<Vec<NegativeEffect>, TrainError> {
    let mut effects = Vec::new();
    for attribute in DENIED {
        let (mut asked, mut shown) = (0, [0, 0]);
        for (index, scene) in scenes.iter().enumerate() {
            if attribute.of(scene).is_none() {
                continue;
            }
            let mut wish = Wish::new(scene, index, scale(SCALES[1]));
            wish.prompt = wording(scene, language(index), Mention::without(attribute));
            let mut value = |wish: &Wish| -> Result<usize, TrainError> {
                let features = reader::features(&studio.paint(wish)?, scene);
                Ok(readers.of(attribute).read(&features))
            };
            let denied = value(&wish)?;
            let words = caption::value_words(attribute, denied, language(index));
            wish.seed += OTHER_NOISE;
            asked += 1;
            for (negative, shown) in [None, words].into_iter().zip(&mut shown) {
                wish.negative = negative.unwrap_or_default();
                *shown += usize::from(value(&wish)? == denied);
            }
        }
        let [open, denied] = shown.map(|count| count as f64 / asked.max(1) as f64);
        effects.push(NegativeEffect {
            attribute: attribute.name(),
            prompts: asked,
            shown_when_open: open,
            shown_when_denied: denied,
        });
    }
    Ok(effects)
}

pub(super) fn of_sizes(
    studio: &mut Studio,
    readers: &Readers,
    scenes: &[Scene],
    guidance: Guidance,
) -> Result<Vec<SizeScore>, TrainError> {
    let mut sizes = Vec::new();
    for side in SIDES {
        let mut read = Vec::new();
        for (index, scene) in scenes.iter().enumerate() {
            let wish = Wish {
                side,
                ..Wish::new(scene, index, guidance)
            };
            let picture = studio.paint(&wish)?;
            // The readers were fitted to pictures of the native size.
            let picture = imageops::resize(&picture, NATIVE, NATIVE, FilterType::Triangle);
            read.push(reader::features(&picture, scene));
        }
        let right = |&attribute: &Attribute| {
            let (share, _) = readers.tally(attribute, scenes.iter().zip(&read));
            (attribute.name(), share)
        };
        sizes.push(SizeScore {
            side,
            right: Attribute::ALL.iter().map(right).collect(),
        });
    }
    Ok(sizes)
}
