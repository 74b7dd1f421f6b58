//! Pixel art: a 64 × 64 picture with few shades, enlarged.

use super::super::drawing::{Drawing, Rgb};
use super::canvas::Canvas;
use super::flat;

const GRID: u32 = 64;
const SHADES: f32 = 9.0;

/// Renders on the grid without smooth edges, then enlarges.
pub fn render(drawing: &Drawing, size: u32) -> Canvas {
    let small = flat::rasterise(drawing, GRID, false);
    let mut canvas = Canvas::new(size, Rgb::WHITE);
    let block = |v: usize| (v * GRID as usize) / size as usize;
    canvas.map(|x, y, _| {
        let Rgb(colour) = small.pixels[block(y) * GRID as usize + block(x)];
        Rgb(colour.map(|channel| (channel * SHADES).round() / SHADES))
    });
    canvas
}
