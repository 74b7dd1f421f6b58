//! Paper cut (剪纸): stacked sheets of coloured paper with shadows between, seen through a cut frame.

use rand_chacha::ChaCha8Rng;

use super::super::drawing::{DESIGN, Drawing, Frame, Kind, Rgb};
use super::canvas::{Canvas, blur, colour_at, coverage, glow};
use super::texture::Noise;

/// Renders layers and subjects as sheets.
pub fn render(drawing: &Drawing, size: u32, rng: &mut ChaCha8Rng) -> Canvas {
    let mut canvas = Canvas::new(size, Rgb::WHITE);
    let size = canvas.size;
    for shape in &drawing.shapes {
        let mask = coverage(&shape.path, size, 0.0, 0.0);
        match shape.kind {
            Kind::Backdrop => canvas.blend(&mask, |_, y| {
                // Four sheets of sky instead of a gradient.
                let step = ((y * 5 / size) as f32 / 4.0).min(1.0);
                colour_at(shape, size, 0, (step * 0.72 * size as f32) as usize)
            }),
            Kind::Disc | Kind::Layer | Kind::Subject => {
                let depth = if shape.kind == Kind::Layer { 4.0 } else { 2.6 };
                drop_shadow(&mut canvas, &shape.path, depth, 0.5);
                let colour = vivid(shape.fill.mean());
                canvas.blend(&mask, |_, _| colour);
                lit_edge(&mut canvas, &mask);
            }
            Kind::Glow => {
                let soft: Vec<f32> = glow(shape, size)
                    .iter()
                    .map(|coverage| coverage * 0.5)
                    .collect();
                canvas.blend(&soft, |x, y| colour_at(shape, size, x, y));
            }
            Kind::Shadow => {}
            Kind::Detail | Kind::Weather => {
                let mask: Vec<f32> = mask
                    .iter()
                    .map(|coverage| coverage * shape.alpha.max(0.5))
                    .collect();
                canvas.blend(&mask, |_, _| vivid(shape.fill.mean()));
            }
        }
    }
    frame(&mut canvas);
    let fibre = Noise::new(64, rng).field(size);
    canvas.map(|x, y, colour| colour.mix(Rgb::BLACK, 0.018 * (1.0 + fibre[y * size + x])));
    canvas
}

fn vivid(colour: Rgb) -> Rgb {
    let luma = colour.luma();
    Rgb(colour
        .0
        .map(|channel| (luma + (channel - luma) * 1.25).clamp(0.0, 1.0)))
}

fn drop_shadow(canvas: &mut Canvas, path: &tiny_skia::Path, depth: f32, strength: f32) {
    let radius = (depth * 0.8 * canvas.scale()).round().max(1.0) as usize;
    let shadow = blur(
        &coverage(path, canvas.size, depth * 0.35, depth * 0.2 - depth * 0.6),
        canvas.size,
        radius,
    );
    let shadow: Vec<f32> = shadow.iter().map(|coverage| coverage * strength).collect();
    canvas.blend(&shadow, |_, _| Rgb([0.07, 0.06, 0.13]));
}

/// A sheet's upper edge catches the light.
fn lit_edge(canvas: &mut Canvas, mask: &[f32]) {
    let size = canvas.size;
    let edge: Vec<f32> = (0..mask.len())
        .map(|index| {
            if index < size {
                0.0
            } else {
                (mask[index] - mask[index - size]).max(0.0) * 0.4
            }
        })
        .collect();
    canvas.blend(&edge, |_, _| Rgb::WHITE);
}

/// A sheet of cream paper with a scalloped window, over everything.
fn frame(canvas: &mut Canvas) {
    let picture = Frame::PICTURE;
    let mut window = Vec::new();
    let (near, far, bumps) = (13.0, DESIGN - 13.0, 8);
    let step = (far - near) / bumps as f32;
    let along = |i: usize| near + i as f32 * step;
    let bump = |i: usize| if i.is_multiple_of(2) { 0.0 } else { 4.5 };
    for i in 0..bumps {
        window.push((along(i), near - bump(i)));
    }
    for i in 0..bumps {
        window.push((far + bump(i), along(i)));
    }
    for i in 0..bumps {
        window.push((along(bumps - i), far + bump(i)));
    }
    for i in 0..bumps {
        window.push((near - bump(i), along(bumps - i)));
    }
    let Some(window) = picture.blob(&window) else {
        return;
    };
    let inside = coverage(&window, canvas.size, 0.0, 0.0);
    let sheet: Vec<f32> = inside.iter().map(|coverage| 1.0 - coverage).collect();
    let radius = (4.0 * canvas.scale()).round().max(1.0) as usize;
    let shadow: Vec<f32> = blur(&sheet, canvas.size, radius)
        .iter()
        .map(|coverage| coverage * 0.6)
        .collect();
    canvas.blend(&shadow, |_, _| Rgb([0.07, 0.06, 0.13]));
    canvas.blend(&sheet, |_, _| Rgb([0.965, 0.935, 0.875]));
}
