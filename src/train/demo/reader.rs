//! Readers of attributes: from a picture's pixels back to what it shows.
//!
//! A reader is a linear classifier (one-against-the-rest ridge regression) over plain statistics of the pixels, fitted to
//! pictures of the renderer. How often it reads true pictures right is part of every result that it takes part in.

use image::RgbImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

use super::drawing::DESIGN;
use super::scene::Scene;
use super::subjects;

/// Cells a side of the coarse picture.
const GRID: u32 = 12;
/// Pixels of a block of pixel art.
const LATTICE: usize = 4;
/// Levels a channel of the subject's colour histogram.
const LEVELS: usize = 6;
/// Penalty on the weights, relative to the number of pictures.
const RIDGE: f64 = 1e-4;

/// Statistics of one picture. `scene` only says where the subject stands, which the prompt asked for.
pub fn features(picture: &RgbImage, scene: &Scene) -> Vec<f64> {
    let coarse = imageops::resize(picture, GRID, GRID, FilterType::Triangle);
    let mut values: Vec<f64> = coarse
        .pixels()
        .flat_map(|pixel| pixel.0)
        .map(|level| f64::from(level) / 255.0)
        .collect();
    values.extend(frame(picture));
    values.extend(roughness(picture));
    values.extend(lattice(picture));
    values.extend(subject_colours(picture, scene));
    values.push(1.0);
    values
}

/// Mean and spread of colours in two rings along the edge, where some styles put a frame.
fn frame(picture: &RgbImage) -> Vec<f64> {
    let size = picture.width();
    let rings = [(0, size / 40), (size / 40, size / 14)];
    rings
        .iter()
        .flat_map(|&(outer, inner)| {
            let (mut sums, mut squares, mut count) = ([0.0; 3], [0.0; 3], 0.0);
            for (x, y, pixel) in picture.enumerate_pixels() {
                let distance = x.min(size - 1 - x).min(y).min(picture.height() - 1 - y);
                if (outer..inner).contains(&distance) {
                    for channel in 0..3 {
                        let level = f64::from(pixel.0[channel]) / 255.0;
                        sums[channel] += level;
                        squares[channel] += level * level;
                    }
                    count += 1.0;
                }
            }
            (0..3).flat_map(move |channel| {
                let mean = sums[channel] / count;
                [
                    mean,
                    mean * mean,
                    (squares[channel] / count - mean * mean).max(0.0).sqrt(),
                ]
            })
        })
        .collect()
}

/// How much neighbours differ in each of 4 × 4 regions, and how often they differ by less than some limits.
fn roughness(picture: &RgbImage) -> Vec<f64> {
    let (width, height) = picture.dimensions();
    let (mut sums, mut counts, mut shares, mut all) = ([0.0; 16], [0.0; 16], [0.0; 4], 0.0);
    for y in 0..height - 1 {
        for x in 0..width - 1 {
            let here = picture.get_pixel(x, y).0;
            let neighbours = [picture.get_pixel(x + 1, y).0, picture.get_pixel(x, y + 1).0];
            let difference: f64 = neighbours
                .iter()
                .flat_map(|other| here.iter().zip(other))
                .map(|(&a, &b)| f64::from(a.abs_diff(b)) / 255.0)
                .sum();
            let region = (y * 4 / height * 4 + x * 4 / width) as usize;
            sums[region] += difference;
            counts[region] += 1.0;
            for (share, limit) in shares.iter_mut().zip([0.003, 0.02, 0.06, 0.3]) {
                *share += f64::from(difference < limit);
            }
            all += 1.0;
        }
    }
    let mut values: Vec<f64> = sums
        .iter()
        .zip(counts)
        .map(|(sum, count)| 4.0 * sum / count)
        .collect();
    values.extend(shares.map(|share| share / all));
    values
}

/// How the differences of neighbours are shared among the columns, and among the rows, of a lattice four pixels wide: a
/// quarter each, but where a picture is made of blocks, however soft their edges are.
fn lattice(picture: &RgbImage) -> Vec<f64> {
    let (width, height) = picture.dimensions();
    let mut shares = [0.0; 2 * LATTICE];
    for y in 0..height - 1 {
        for x in 0..width - 1 {
            let here = picture.get_pixel(x, y).0;
            let difference = |other: &image::Rgb<u8>| -> f64 {
                let levels = here.iter().zip(other.0);
                levels.map(|(&a, b)| f64::from(a.abs_diff(b))).sum()
            };
            shares[x as usize % LATTICE] += difference(picture.get_pixel(x + 1, y));
            shares[LATTICE + y as usize % LATTICE] += difference(picture.get_pixel(x, y + 1));
        }
    }
    for axis in shares.chunks_exact_mut(LATTICE) {
        let sum: f64 = axis.iter().sum();
        axis.iter_mut().for_each(|share| *share /= sum.max(1.0));
    }
    shares.to_vec()
}

/// The histogram of colours where the (first) subject is.
fn subject_colours(picture: &RgbImage, scene: &Scene) -> Vec<f64> {
    let centre = subjects::columns(scene)[0];
    let scale = picture.width() as f32 / DESIGN;
    let range = |low: f32, high: f32| (low * scale) as u32..(high * scale) as u32;
    let mut histogram = vec![0.0; LEVELS.pow(3)];
    let (columns, rows) = (range(centre - 26.0, centre + 26.0), range(60.0, 226.0));
    let pixels = (columns.len() * rows.len()) as f64;
    for y in rows {
        for x in columns.clone() {
            let bin = picture.get_pixel(x, y).0.iter().fold(0, |bin, &level| {
                bin * LEVELS + usize::from(level) * LEVELS / 256
            });
            histogram[bin] += 4.0 / pixels;
        }
    }
    histogram
}

/// Weights of all classes of one attribute, `[features][classes]`.
pub struct Reader {
    weights: Vec<Vec<f64>>,
}

impl Reader {
    /// The class that fits best.
    pub fn read(&self, features: &[f64]) -> usize {
        let scores = self.scores(features);
        (0..scores.len())
            .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
            .unwrap_or(0)
    }

    /// By how much `class` scores more than the best other one; negative where another one is read.
    pub fn margin(&self, features: &[f64], class: usize) -> f64 {
        let scores = self.scores(features);
        let others = scores
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != class);
        let best = others.map(|(_, &score)| score).fold(f64::MIN, f64::max);
        scores.get(class).map_or(0.0, |score| score - best)
    }

    fn scores(&self, features: &[f64]) -> Vec<f64> {
        let classes = self.weights.first().map_or(0, Vec::len);
        let score = |class: usize| -> f64 {
            features
                .iter()
                .zip(&self.weights)
                .map(|(value, row)| value * row[class])
                .sum()
        };
        (0..classes).map(score).collect()
    }
}

/// Fits one reader for each attribute to the same pictures: `labels[attribute][picture]`, a missing label taking the
/// picture out for that attribute.
pub fn fit(features: &[Vec<f64>], labels: &[Vec<Option<usize>>], classes: &[usize]) -> Vec<Reader> {
    labels
        .par_iter()
        .zip(classes)
        .map(|(labels, &classes)| {
            let width = features.first().map_or(0, Vec::len);
            let (mut normal, mut right) = (
                vec![vec![0.0; width]; width],
                vec![vec![0.0; classes]; width],
            );
            let mut pictures = 0.0;
            for (values, label) in features.iter().zip(labels) {
                let Some(label) = *label else { continue };
                pictures += 1.0;
                for (i, &value) in values
                    .iter()
                    .enumerate()
                    .filter(|(_, value)| **value != 0.0)
                {
                    normal[i]
                        .iter_mut()
                        .zip(values)
                        .for_each(|(sum, other)| *sum += value * other);
                    right[i][label] += value;
                }
            }
            for (i, row) in normal.iter_mut().enumerate() {
                row[i] += RIDGE * pictures;
            }
            Reader {
                weights: solve(normal, right),
            }
        })
        .collect()
}

/// Solves A·X = B for a positive definite A.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = a.len();
    for pivot in 0..n {
        let (pivot_row, pivot_right) = (a[pivot].clone(), b[pivot].clone());
        for row in pivot + 1..n {
            let factor = a[row][pivot] / pivot_row[pivot];
            if factor != 0.0 {
                a[row][pivot..]
                    .iter_mut()
                    .zip(&pivot_row[pivot..])
                    .for_each(|(value, above)| *value -= factor * above);
                b[row]
                    .iter_mut()
                    .zip(&pivot_right)
                    .for_each(|(value, above)| *value -= factor * above);
            }
        }
    }
    for row in (0..n).rev() {
        for below in row + 1..n {
            let (factor, solved) = (a[row][below], b[below].clone());
            b[row]
                .iter_mut()
                .zip(solved)
                .for_each(|(value, known)| *value -= factor * known);
        }
        let diagonal = a[row][row];
        b[row].iter_mut().for_each(|value| *value /= diagonal);
    }
    b
}
