//! Ink wash (水墨): grey washes that are dark at the crest and fade downwards, on rice paper, with a red seal.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::drawing::{DESIGN, Drawing, Frame, Kind, Rgb, Shape};
use super::super::scene::{Scene, Time};
use super::canvas::{Canvas, blur, colour_at, coverage, glow};
use super::texture::{Noise, edge_distance, smoothstep};

const PAPER: Rgb = Rgb([0.945, 0.922, 0.868]);
const INK: Rgb = Rgb([0.11, 0.115, 0.13]);

/// Renders scenery as ink and the subject as ink with a wash of its colour.
pub fn render(drawing: &Drawing, scene: &Scene, size: u32, rng: &mut ChaCha8Rng) -> Canvas {
    let mut canvas = Canvas::new(size, PAPER);
    let size = canvas.size;
    let (bloom, fibre) = (
        Noise::new(9, rng).field(size),
        Noise::new(60, rng).field(size),
    );
    air(&mut canvas, scene, &bloom);
    for shape in &drawing.shapes {
        match shape.kind {
            Kind::Backdrop => {}
            Kind::Disc => disc(&mut canvas, shape, scene),
            Kind::Layer => wash(&mut canvas, shape, scene, &bloom),
            Kind::Subject => body(&mut canvas, shape, &bloom),
            Kind::Glow => {
                let light: Vec<f32> = glow(shape, size)
                    .iter()
                    .map(|coverage| coverage * 0.55)
                    .collect();
                let colour = shape.fill.mean();
                let pale = Rgb([colour.luma(); 3]).mix(colour, 0.55);
                canvas.blend(&light, |_, _| pale.mix(PAPER, 0.45));
            }
            Kind::Detail | Kind::Shadow | Kind::Weather => touch(&mut canvas, shape),
        }
    }
    canvas.map(|x, y, colour| {
        let vignette = 1.0 - smoothstep(0.0, 0.09, edge_distance(size, x, y));
        colour
            .mix(PAPER, vignette * 0.8)
            .mix(Rgb::BLACK, 0.014 * (1.0 + fibre[y * size + x]))
    });
    seal(&mut canvas, rng);
    canvas
}

/// The hour as a breath of tone on the paper.
fn air(canvas: &mut Canvas, scene: &Scene, bloom: &[f32]) {
    let (tone, strength) = match scene.time {
        Some(Time::Dawn) => (Rgb([0.93, 0.74, 0.70]), 0.5),
        Some(Time::Dusk) => (Rgb([0.86, 0.52, 0.30]), 0.6),
        Some(Time::Night) => (Rgb([0.26, 0.28, 0.34]), 0.86),
        _ => (Rgb([0.80, 0.84, 0.84]), 0.25),
    };
    let (size, night) = (canvas.size, scene.time == Some(Time::Night));
    canvas.map(|x, y, paper| {
        let height = y as f32 / size as f32;
        let band = if night {
            1.0 - 0.75 * height
        } else {
            1.0 - ((height - 0.4) / 0.36).powi(2)
        };
        paper.mix(
            tone,
            (band * strength * (1.0 + 0.2 * bloom[y * size + x])).clamp(0.0, 1.0),
        )
    });
}

/// A vermilion sun at either end of the day, else a disc of bare paper.
fn disc(canvas: &mut Canvas, shape: &Shape, scene: &Scene) {
    let low = matches!(scene.time, Some(Time::Dawn | Time::Dusk));
    let colour = if low {
        Rgb([0.80, 0.28, 0.18])
    } else {
        PAPER.lighter(0.5)
    };
    let mask = coverage(&shape.path, canvas.size, 0.0, 0.0);
    canvas.blend(&mask, |_, _| colour);
}

fn grey(colour: Rgb) -> Rgb {
    INK.mix(PAPER, (0.08 + colour.luma() * 0.9).clamp(0.0, 0.85))
}

/// A layer of scenery: each column is darkest where the layer begins and dries out below.
fn wash(canvas: &mut Canvas, shape: &Shape, scene: &Scene, bloom: &[f32]) {
    let size = canvas.size;
    let mask = coverage(&shape.path, size, 0.0, 0.0);
    let fade = 34.0 * canvas.scale();
    let mut wet = vec![0.0; mask.len()];
    for x in 0..size {
        let mut depth = 0.0;
        for y in 0..size {
            let index = y * size + x;
            depth = if mask[index] > 0.5 { depth + 1.0 } else { 0.0 };
            let strength = 0.1 + 0.78 * (-depth / fade).exp() + 0.1 * bloom[index];
            wet[index] = mask[index] * shape.alpha * strength.clamp(0.0, 1.0);
        }
    }
    // The layer first hides what is behind it, then takes its ink.
    let cover: Vec<f32> = mask
        .iter()
        .map(|coverage| coverage * 0.7 * shape.alpha)
        .collect();
    let base = if scene.time == Some(Time::Night) {
        PAPER.mix(INK, 0.36)
    } else {
        PAPER
    };
    canvas.blend(&cover, |_, _| base.mix(grey(shape.fill.mean()), 0.16));
    canvas.blend(&wet, |x, y| grey(colour_at(shape, size, x, y).darker(0.3)));
}

/// A part of the subject: its colour as a wash, an ink line where the wash ends.
fn body(canvas: &mut Canvas, shape: &Shape, bloom: &[f32]) {
    let size = canvas.size;
    let mask = coverage(&shape.path, size, 0.0, 0.0);
    canvas.blend(&mask, |x, y| {
        let colour = colour_at(shape, size, x, y);
        let muted = Rgb([colour.luma(); 3]).mix(colour, 0.9);
        muted.mix(PAPER, 0.08 + 0.1 * bloom[y * size + x])
    });
    let radius = (1.4 * canvas.scale()).round().max(1.0) as usize;
    let inner = blur(&mask, size, radius);
    let line: Vec<f32> = inner
        .iter()
        .map(|&soft| (1.0 - (2.0 * soft - 1.0).abs()).powi(2) * 0.8)
        .collect();
    canvas.blend(&line, |_, _| INK);
}

fn touch(canvas: &mut Canvas, shape: &Shape) {
    let size = canvas.size;
    let mask: Vec<f32> = coverage(&shape.path, size, 0.0, 0.0)
        .iter()
        .map(|c| c * shape.alpha * 0.8)
        .collect();
    canvas.blend(&mask, |x, y| {
        let colour = colour_at(shape, size, x, y);
        grey(colour).mix(colour, 0.3)
    });
}

/// The painter's seal in a lower corner.
fn seal(canvas: &mut Canvas, rng: &mut ChaCha8Rng) {
    let x = if rng.random_bool(0.5) {
        22.0
    } else {
        DESIGN - 38.0
    };
    let frame = Frame {
        x,
        y: DESIGN - 40.0,
        scale: 16.0,
        mirror: 1.0,
    };
    let red = Rgb([0.72, 0.16, 0.13]);
    let strokes = frame
        .outline()
        .start(0.25, 0.28)
        .line(0.75, 0.28)
        .start(0.5, 0.28)
        .line(0.5, 0.76)
        .start(0.28, 0.54)
        .line(0.72, 0.54);
    for (path, colour) in [
        (frame.rect(0.0, 0.0, 1.0, 1.0), red),
        (strokes.stroked(0.1), PAPER),
    ] {
        if let Some(path) = path {
            canvas.blend(&coverage(&path, canvas.size, 0.0, 0.0), |_, _| colour);
        }
    }
}
