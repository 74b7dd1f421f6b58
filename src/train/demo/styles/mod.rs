//! How a drawing becomes pixels: one file a style.

mod canvas;
mod film;
mod flat;
mod ink;
mod paper_cut;
mod pixel;
mod texture;
mod watercolour;

use rand_chacha::ChaCha8Rng;

use super::drawing::Drawing;
use super::scene::{Scene, Style};

/// Renders `drawing` as a square of `size` pixels in the scene's style.
pub fn render(
    drawing: &Drawing,
    scene: &Scene,
    size: u32,
    rng: &mut ChaCha8Rng,
) -> image::RgbImage {
    let canvas = match scene.style {
        Style::Flat => flat::render(drawing, size),
        Style::Watercolour => watercolour::render(drawing, size, rng),
        Style::Ink => ink::render(drawing, scene, size, rng),
        Style::PaperCut => paper_cut::render(drawing, size, rng),
        Style::Pixel => pixel::render(drawing, size),
        Style::Film => film::render(drawing, size, rng),
    };
    canvas.into_image()
}
