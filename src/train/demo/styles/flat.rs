//! Flat illustration: clean shapes, soft gradients.

use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Pixmap, Point, RadialGradient, Shader,
    SpreadMode, Transform,
};

use super::super::drawing::{DESIGN, Drawing, Fill, Kind, Rgb, Shape};
use super::canvas::Canvas;

/// Renders every shape as it is.
pub fn render(drawing: &Drawing, size: u32) -> Canvas {
    rasterise(drawing, size, true)
}

/// Renders every shape as it is, with or without smooth edges.
pub fn rasterise(drawing: &Drawing, size: u32, smooth: bool) -> Canvas {
    let mut canvas = Canvas::new(size, Rgb::WHITE);
    let Some(mut pixmap) = Pixmap::new(size, size) else {
        return canvas;
    };
    pixmap.fill(Color::WHITE);
    let scale = size as f32 / DESIGN;
    for shape in &drawing.shapes {
        let paint = Paint {
            shader: shader(shape),
            anti_alias: smooth,
            ..Paint::default()
        };
        pixmap.fill_path(
            &shape.path,
            &paint,
            FillRule::Winding,
            Transform::from_scale(scale, scale),
            None,
        );
    }
    for (pixel, source) in canvas.pixels.iter_mut().zip(pixmap.pixels()) {
        *pixel =
            Rgb([source.red(), source.green(), source.blue()]
                .map(|channel| f32::from(channel) / 255.0));
    }
    canvas
}

fn shader(shape: &Shape) -> Shader<'static> {
    let bounds = shape.path.bounds();
    let solid = Shader::SolidColor(colour(shape.fill.mean(), shape.alpha));
    if shape.kind == Kind::Glow {
        let stops = [(0.0, 1.0), (0.35, 0.42), (0.7, 0.09), (1.0, 0.0)].map(|(at, alpha)| {
            GradientStop::new(at, colour(shape.fill.mean(), shape.alpha * alpha))
        });
        let (cx, cy) = (
            (bounds.left() + bounds.right()) / 2.0,
            (bounds.top() + bounds.bottom()) / 2.0,
        );
        let squash = bounds.height() / bounds.width().max(1e-3);
        let place = Transform::from_row(1.0, 0.0, 0.0, squash, cx, cy);
        let origin = Point::zero();
        return RadialGradient::new(
            origin,
            origin,
            bounds.width() / 2.0,
            stops.to_vec(),
            SpreadMode::Pad,
            place,
        )
        .unwrap_or(solid);
    }
    let (start, end, from, to) = match shape.fill {
        Fill::Solid(_) => return solid,
        Fill::Vertical(top, bottom) => (
            Point::from_xy(0.0, bounds.top().max(0.0)),
            Point::from_xy(0.0, bounds.bottom().min(DESIGN)),
            top,
            bottom,
        ),
        Fill::Horizontal(left, right) => (
            Point::from_xy(bounds.left().max(0.0), 0.0),
            Point::from_xy(bounds.right().min(DESIGN), 0.0),
            left,
            right,
        ),
    };
    let stops = vec![
        GradientStop::new(0.0, colour(from, shape.alpha)),
        GradientStop::new(1.0, colour(to, shape.alpha)),
    ];
    LinearGradient::new(start, end, stops, SpreadMode::Pad, Transform::identity()).unwrap_or(solid)
}

fn colour(Rgb(channels): Rgb, alpha: f32) -> Color {
    let [red, green, blue] = channels.map(|channel| channel.clamp(0.0, 1.0));
    Color::from_rgba(red, green, blue, alpha.clamp(0.0, 1.0)).unwrap_or(Color::BLACK)
}
