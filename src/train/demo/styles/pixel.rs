//! Pixel art: a picture of at most 64 × 64 blocks with few shades, enlarged.

use super::super::drawing::{Drawing, Rgb};
use super::canvas::Canvas;
use super::flat;

/// Blocks a side, at most.
const GRID: u32 = 64;
/// Blocks are whole multiples of so many pixels wide, so that a small picture has fewer of them and not finer ones.
const FINEST: u32 = 4;
const SHADES: f32 = 9.0;

/// Renders on the grid without smooth edges, then enlarges.
pub fn render(drawing: &Drawing, size: u32) -> Canvas {
    let width = (size / GRID).next_multiple_of(FINEST).max(FINEST);
    let grid = size.div_ceil(width);
    let small = flat::rasterise(drawing, grid, false);
    let mut canvas = Canvas::new(size, Rgb::WHITE);
    let (grid, width) = (grid as usize, width as usize);
    canvas.map(|x, y, _| {
        let Rgb(colour) = small.pixels[y / width * grid + x / width];
        Rgb(colour.map(|channel| (channel * SHADES).round() / SHADES))
    });
    canvas
}
