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

use super::drawing::{Drawing, Kind};
use super::scene::{Scene, Style};

/// How much of each of `cells` × `cells` squares the subjects' large parts cover.
pub fn subject_cover(drawing: &Drawing, cells: u32) -> Vec<f32> {
    let cells = cells as usize;
    let mut cover = vec![0.0; cells * cells];
    for shape in drawing
        .shapes
        .iter()
        .filter(|shape| shape.kind == Kind::Subject)
    {
        let part = canvas::coverage(&shape.path, cells, 0.0, 0.0);
        cover
            .iter_mut()
            .zip(part)
            .for_each(|(all, part)| *all = f32::max(*all, part));
    }
    cover
}

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
