//! The world of the demo model: small illustrations and what one might say about them.
//!
//! [`Scene::sample`](scene::Scene::sample) draws a picture's attributes from a seed, [`render`] paints them and
//! [`caption`] words them. A scene is a list of shapes ([`drawing`]): its place, then its subjects, then the
//! weather; a style ([`styles`]) turns the shapes into pixels. Everything depends on the seed alone.

pub mod autoencoder;
pub mod caption;
pub mod drawing;
pub mod evaluate;
pub mod export;
pub mod latent_pool;
pub mod networks;
pub mod painter;
mod palette;
pub mod pictures;
mod places;
mod preview;
pub mod reader;
pub mod sampling;
pub mod scene;
pub mod sheet;
mod styles;
mod subjects;
pub mod tokenizer;
mod weather;
pub mod wordings;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use drawing::Drawing;
use palette::Light;
use scene::Scene;

/// Paints `scene` as a square of `size` pixels.
pub fn render(scene: &Scene, size: u32) -> image::RgbImage {
    let (drawing, mut rng) = compose(scene);
    styles::render(&drawing, scene, size, &mut rng)
}

/// How much of each of `cells` × `cells` squares of the picture the subjects cover, 0..=1, row by row.
pub fn subject_cover(scene: &Scene, cells: u32) -> Vec<f32> {
    let (drawing, _) = compose(scene);
    styles::subject_cover(&drawing, cells)
}

/// The shapes of `scene`, and the generator that goes on to its style.
fn compose(scene: &Scene) -> (Drawing, ChaCha8Rng) {
    let mut generator = ChaCha8Rng::seed_from_u64(scene.seed ^ 0xda9_0176);
    let rng = &mut generator;
    let light = Light::new(scene.time, scene.weather);
    let mut drawing = Drawing::default();
    places::paint(&mut drawing, scene, &light, rng);
    subjects::paint(&mut drawing, scene, &light, rng);
    weather::paint(&mut drawing, scene.weather, &light, rng);
    (drawing, generator)
}
