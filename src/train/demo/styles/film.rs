//! Retro film: faded blacks, warm lights and teal shadows, grain, dark corners, a light leak.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::drawing::{Drawing, Rgb};
use super::canvas::{Canvas, blur};
use super::flat;
use super::texture::{Noise, edge_distance, smoothstep};

/// Renders as flat shapes, then develops them as an old photograph.
pub fn render(drawing: &Drawing, size: u32, rng: &mut ChaCha8Rng) -> Canvas {
    let mut canvas = flat::render(drawing, size);
    let size = canvas.size;
    soften(&mut canvas);
    let leak_left = rng.random_bool(0.5);
    let grain = Noise::new(128, rng).field(size);
    canvas.map(|x, y, colour| {
        let (u, v) = (
            (x as f32 + 0.5) / size as f32,
            (y as f32 + 0.5) / size as f32,
        );
        let mut toned = tone(colour);
        let from_side = if leak_left { u } else { 1.0 - u };
        let leak = (1.0 - smoothstep(0.0, 0.42, from_side)) * (0.35 + 0.5 * (1.0 - v));
        toned = toned.mix(Rgb([0.98, 0.46, 0.2]), leak * 0.22);
        let corner = ((u - 0.5).powi(2) + (v - 0.5).powi(2)) * 2.0;
        toned = toned.mix(Rgb([0.1, 0.06, 0.05]), smoothstep(0.45, 1.1, corner) * 0.7);
        let speck = grain[y * size + x] * 0.03;
        let exposed = Rgb(toned.0.map(|channel| channel + speck));
        border(size, x, y, exposed)
    });
    canvas
}

fn tone(colour: Rgb) -> Rgb {
    let luma = colour.luma();
    let faded = Rgb([luma; 3]).mix(colour, 0.94);
    let shadows = Rgb([0.13, 0.19, 0.2]);
    let lights = Rgb([1.0, 0.93, 0.78]);
    let graded = faded.under(lights);
    Rgb(std::array::from_fn(|i| {
        shadows.0[i] * 0.7 + graded.0[i] * (1.0 - shadows.0[i] * 0.7)
    }))
}

fn soften(canvas: &mut Canvas) {
    let (size, radius) = (canvas.size, (0.8 * canvas.scale()).round() as usize);
    if radius == 0 {
        return;
    }
    for channel in 0..3 {
        let plane: Vec<f32> = canvas.pixels.iter().map(|pixel| pixel.0[channel]).collect();
        for ((pixel, soft), sharp) in canvas
            .pixels
            .iter_mut()
            .zip(blur(&plane, size, radius))
            .zip(&plane)
        {
            pixel.0[channel] = 0.5 * sharp + 0.5 * soft;
        }
    }
}

/// The black edge of the frame, with rounded corners.
fn border(size: usize, x: usize, y: usize, colour: Rgb) -> Rgb {
    let unit = 1.0 / size as f32;
    let (u, v) = ((x as f32 + 0.5) * unit, (y as f32 + 0.5) * unit);
    let (margin, radius) = (0.028, 0.05);
    let inset = |w: f32| (margin + radius - w.min(1.0 - w)).max(0.0);
    let corner = (inset(u).powi(2) + inset(v).powi(2)).sqrt();
    let inside = edge_distance(size, x, y) > margin;
    let rounded = radius - corner;
    if inside {
        Rgb([0.07, 0.055, 0.05]).mix(colour, smoothstep(-0.004, 0.004, rounded))
    } else {
        Rgb([0.07, 0.055, 0.05])
    }
}
