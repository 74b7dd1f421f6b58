//! A square of floating-point colours, and the masks that styles paint through.

use tiny_skia::{FillRule, Mask, Path, Transform};

use super::super::drawing::{DESIGN, Fill, Rgb, Shape};

/// A picture in the making.
pub struct Canvas {
    /// Width and height in pixels.
    pub size: usize,
    /// Rows from the top.
    pub pixels: Vec<Rgb>,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn new(size: u32, colour: Rgb) -> Self {
        let size = size as usize;
        Self {
            size,
            pixels: vec![colour; size * size],
        }
    }

    /// Pixels per design unit.
    pub fn scale(&self) -> f32 {
        self.size as f32 / DESIGN
    }

    /// Changes each pixel; `change` gets x, y and the colour.
    pub fn map(&mut self, mut change: impl FnMut(usize, usize, Rgb) -> Rgb) {
        for (y, row) in self.pixels.chunks_exact_mut(self.size).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                *pixel = change(x, y, *pixel);
            }
        }
    }

    /// Mixes `colour(x, y)` in where `coverage` (0..=1, row-major) is positive.
    pub fn blend(&mut self, coverage: &[f32], mut colour: impl FnMut(usize, usize) -> Rgb) {
        for (index, (pixel, &alpha)) in self.pixels.iter_mut().zip(coverage).enumerate() {
            if alpha > 0.0 {
                *pixel = pixel.mix(colour(index % self.size, index / self.size), alpha.min(1.0));
            }
        }
    }

    /// Eight bits a channel.
    pub fn into_image(self) -> image::RgbImage {
        let size = self.size;
        image::RgbImage::from_fn(size as u32, size as u32, |x, y| {
            let Rgb(colour) = self.pixels[y as usize * size + x as usize];
            image::Rgb(colour.map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8))
        })
    }
}

/// The coverage of `path` on a canvas of `size` pixels, moved by (`dx`, `dy`) design units.
pub fn coverage(path: &Path, size: usize, dx: f32, dy: f32) -> Vec<f32> {
    let scale = size as f32 / DESIGN;
    let Some(mut mask) = Mask::new(size as u32, size as u32) else {
        return vec![0.0; size * size];
    };
    let place = Transform::from_row(scale, 0.0, 0.0, scale, dx * scale, dy * scale);
    mask.fill_path(path, FillRule::Winding, true, place);
    mask.data()
        .iter()
        .map(|&value| f32::from(value) / 255.0)
        .collect()
}

/// The coverage of a glow: 1 in the middle of the shape's bounds, 0 at their edge.
pub fn glow(shape: &Shape, size: usize) -> Vec<f32> {
    let scale = size as f32 / DESIGN;
    let bounds = shape.path.bounds();
    let (cx, cy) = (
        (bounds.left() + bounds.right()) / 2.0,
        (bounds.top() + bounds.bottom()) / 2.0,
    );
    let (rx, ry) = (bounds.width() / 2.0, bounds.height() / 2.0);
    (0..size * size)
        .map(|index| {
            let dx = ((index % size) as f32 / scale - cx) / rx;
            let dy = ((index / size) as f32 / scale - cy) / ry;
            let fade = 1.0 - (dx * dx + dy * dy).sqrt();
            if fade <= 0.0 {
                0.0
            } else {
                fade * fade * shape.alpha
            }
        })
        .collect()
}

/// The colour of `shape` at a pixel.
pub fn colour_at(shape: &Shape, size: usize, x: usize, y: usize) -> Rgb {
    let bounds = shape.path.bounds();
    let unit = DESIGN / size as f32;
    match shape.fill {
        Fill::Solid(colour) => colour,
        Fill::Vertical(top, bottom) => top.mix(
            bottom,
            share(y as f32 * unit, bounds.top(), bounds.bottom()),
        ),
        Fill::Horizontal(left, right) => {
            left.mix(right, share(x as f32 * unit, bounds.left(), bounds.right()))
        }
    }
}

fn share(value: f32, low: f32, high: f32) -> f32 {
    // Only the visible part of a shape carries its gradient.
    let (low, high) = (low.max(0.0), high.min(DESIGN));
    ((value - low) / (high - low).max(1e-3)).clamp(0.0, 1.0)
}

/// A box blur of `radius` pixels, twice: close to a Gaussian.
pub fn blur(values: &[f32], size: usize, radius: usize) -> Vec<f32> {
    let mut current = values.to_vec();
    for _ in 0..2 {
        current = transposed_box(&transposed_box(&current, size, radius), size, radius);
    }
    current
}

fn transposed_box(values: &[f32], size: usize, radius: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    let norm = 1.0 / (2 * radius + 1) as f32;
    for (y, row) in values.chunks_exact(size).enumerate() {
        let at = |x: isize| row[x.clamp(0, size as isize - 1) as usize];
        let mut sum: f32 = (-(radius as isize)..=radius as isize).map(at).sum();
        for x in 0..size {
            out[x * size + y] = sum * norm;
            sum += at(x as isize + radius as isize + 1) - at(x as isize - radius as isize);
        }
    }
    out
}
