//! Watercolour: trembling outlines, pigment that pools at its edges, white paper around.

use rand_chacha::ChaCha8Rng;

use super::super::drawing::{Drawing, Kind, Rgb};
use super::canvas::{Canvas, blur, colour_at, coverage, glow};
use super::texture::{Noise, edge_distance, smoothstep};

const PAPER: Rgb = Rgb([0.985, 0.975, 0.955]);

/// Renders every shape as a wash.
pub fn render(drawing: &Drawing, size: u32, rng: &mut ChaCha8Rng) -> Canvas {
    let mut canvas = Canvas::new(size, PAPER);
    let size = canvas.size;
    let (wobble_x, wobble_y) = (
        Noise::new(22, rng).field(size),
        Noise::new(22, rng).field(size),
    );
    let (bloom, granule) = (
        Noise::new(7, rng).field(size),
        Noise::new(40, rng).field(size),
    );
    let reach = 2.4 * canvas.scale();
    for shape in &drawing.shapes {
        let mask = match shape.kind {
            Kind::Glow => glow(shape, size),
            Kind::Detail | Kind::Weather => coverage(&shape.path, size, 0.0, 0.0),
            _ => trembling(
                &coverage(&shape.path, size, 0.0, 0.0),
                size,
                &wobble_x,
                &wobble_y,
                reach,
            ),
        };
        let pools = matches!(shape.kind, Kind::Layer | Kind::Subject);
        let inner = if pools {
            blur(
                &mask,
                size,
                (3.0 * canvas.scale()).round().max(1.0) as usize,
            )
        } else {
            Vec::new()
        };
        let strength = if shape.kind == Kind::Glow {
            1.0
        } else {
            shape.alpha * 0.93
        };
        let wash: Vec<f32> = mask.iter().map(|&coverage| coverage * strength).collect();
        canvas.blend(&wash, |x, y| {
            let index = y * size + x;
            let flow = 0.15 + 0.17 * bloom[index] + 0.05 * granule[index];
            let pigment = colour_at(shape, size, x, y).mix(PAPER, flow.clamp(0.0, 0.45));
            // Where the blurred mask is well below the sharp one, the edge is near.
            let edge = inner
                .get(index)
                .map_or(0.0, |&inner| (mask[index] - inner).max(0.0));
            pigment.darker(edge * 0.55)
        });
    }
    leave_margin(&mut canvas, &bloom, &wobble_x, &granule);
    canvas
}

fn trembling(
    mask: &[f32],
    size: usize,
    wobble_x: &[f32],
    wobble_y: &[f32],
    reach: f32,
) -> Vec<f32> {
    let limit = size as f32 - 1.0;
    (0..mask.len())
        .map(|index| {
            let x = ((index % size) as f32 + wobble_x[index] * reach).clamp(0.0, limit);
            let y = ((index / size) as f32 + wobble_y[index] * reach).clamp(0.0, limit);
            let (x0, y0) = (x as usize, y as usize);
            let (x1, y1) = ((x0 + 1).min(size - 1), (y0 + 1).min(size - 1));
            let (tx, ty) = (x - x0 as f32, y - y0 as f32);
            let top = mask[y0 * size + x0] * (1.0 - tx) + mask[y0 * size + x1] * tx;
            let bottom = mask[y1 * size + x0] * (1.0 - tx) + mask[y1 * size + x1] * tx;
            top * (1.0 - ty) + bottom * ty
        })
        .collect()
}

/// The painting ends before the paper does, along an irregular edge.
fn leave_margin(canvas: &mut Canvas, bloom: &[f32], wobble: &[f32], granule: &[f32]) {
    let size = canvas.size;
    canvas.map(|x, y, colour| {
        let index = y * size + x;
        let edge = edge_distance(size, x, y) + bloom[index] * 0.018 + wobble[index] * 0.006;
        let paper = PAPER.mix(Rgb::BLACK, 0.012 * (1.0 + granule[index]));
        paper.mix(colour, smoothstep(0.03, 0.058, edge))
    });
}
