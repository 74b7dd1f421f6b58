//! The backgrounds of the demo pictures, one function a place.

mod indoors;
mod nature;
mod town;
mod water;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Path;

use super::drawing::{DESIGN, Drawing, Fill, Frame, Kind, Rgb};
use super::palette::Light;
use super::scene::{Place, Scene, Time};

const PICTURE: Frame = Frame::PICTURE;

/// Paints the background of `scene`.
pub fn paint(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    match scene.place {
        Place::Mountains => nature::mountains(drawing, scene, light, rng),
        Place::Desert => nature::desert(drawing, scene, light, rng),
        Place::Forest => nature::forest(drawing, scene, light, rng),
        Place::Meadow => nature::meadow(drawing, scene, light, rng),
        Place::Lake => water::lake(drawing, scene, light, rng),
        Place::Sea => water::sea(drawing, scene, light, rng),
        Place::City => town::city(drawing, scene, light, rng),
        Place::Street => town::street(drawing, light, rng),
        Place::Table => indoors::table(drawing, scene, light, rng),
        Place::Studio => indoors::studio(drawing, rng),
    }
}

/// The height on which a subject stands, in design units from the top.
pub fn baseline(place: Place) -> f32 {
    match place {
        Place::Mountains | Place::Meadow | Place::Forest => 226.0,
        Place::Desert => 224.0,
        Place::Lake => 212.0,
        Place::Sea => 206.0,
        Place::City => 234.0,
        Place::Street => 230.0,
        Place::Table | Place::Studio => 218.0,
    }
}

/// Sky down to `horizon`, with sun or moon, clouds and stars as hour and weather have them.
fn sky(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng, horizon: f32) {
    let gradient = Fill::Vertical(light.zenith, light.horizon);
    drawing.add(
        Kind::Backdrop,
        PICTURE.rect(0.0, 0.0, DESIGN, horizon + 12.0),
        gradient,
    );
    let clear = matches!(scene.weather, super::scene::Weather::Clear);
    if scene.time == Some(Time::Night) && clear {
        let mut stars = PICTURE.outline();
        for _ in 0..26 {
            let (x, y) = (
                rng.random_range(4.0..252.0),
                rng.random_range(4.0..horizon * 0.75),
            );
            let radius = rng.random_range(0.5..1.3);
            stars = stars.ellipse(x, y, radius, radius);
        }
        drawing.add_alpha(
            Kind::Detail,
            stars.done(),
            Fill::Solid(Rgb::hex(0xfffbe8)),
            0.9,
        );
    }
    if clear || matches!(scene.weather, super::scene::Weather::Mist) {
        disc(drawing, scene, light, rng, horizon);
    }
    let clouds = if clear { rng.random_range(1..4) } else { 4 };
    for _ in 0..clouds {
        let (x, y) = (
            rng.random_range(10.0..246.0),
            rng.random_range(18.0..horizon * 0.55),
        );
        let colour = light.horizon.mix(light.on(Rgb::WHITE), 0.6);
        drawing.add_alpha(
            Kind::Detail,
            cloud(x, y, rng.random_range(16.0..30.0)),
            Fill::Solid(colour),
            0.72,
        );
    }
}

/// The sun (low at dawn and dusk, high at noon) or the moon, with its glow.
fn disc(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng, horizon: f32) {
    let x = rng.random_range(40.0..216.0);
    let (y, radius) = match scene.time {
        Some(Time::Dawn) => (horizon * 0.72, 15.0),
        Some(Time::Noon) => (horizon * 0.24, 14.0),
        Some(Time::Dusk) => (horizon * 0.74, 21.0),
        _ => (horizon * 0.26, 13.0),
    };
    drawing.add_alpha(
        Kind::Glow,
        PICTURE.ellipse(x, y, radius * 3.4, radius * 3.4),
        Fill::Solid(light.disc),
        0.6,
    );
    drawing.add(
        Kind::Disc,
        PICTURE.ellipse(x, y, radius, radius),
        Fill::Solid(light.disc),
    );
    if scene.time == Some(Time::Night) {
        let mut craters = PICTURE.outline();
        for (dx, dy, r) in [(-4.0, -3.0, 2.6), (3.5, 2.0, 3.4), (-2.0, 5.5, 1.8)] {
            craters = craters.ellipse(x + dx, y + dy, r, r);
        }
        drawing.add_alpha(
            Kind::Detail,
            craters.done(),
            Fill::Solid(Rgb::hex(0xd8d0b8)),
            0.55,
        );
    }
}

fn cloud(x: f32, y: f32, size: f32) -> Option<Path> {
    let frame = Frame {
        x,
        y,
        scale: size,
        mirror: 1.0,
    };
    frame.blob(&[
        (-1.3, 0.18),
        (-1.15, -0.08),
        (-0.7, -0.16),
        (-0.4, -0.42),
        (0.05, -0.44),
        (0.4, -0.2),
        (0.8, -0.22),
        (1.2, 0.02),
        (1.3, 0.2),
        (0.0, 0.26),
    ])
}

/// Land whose upper edge runs through `points` random heights between `top` and `top + relief`.
fn ridge(rng: &mut ChaCha8Rng, top: f32, relief: f32, points: usize, smooth: bool) -> Option<Path> {
    let step = (DESIGN + 40.0) / (points - 1) as f32;
    let crest: Vec<(f32, f32)> = (0..points)
        .map(|i| {
            // Peaks and saddles alternate, so that a ridge never comes out flat.
            let share = if i % 2 == 0 {
                rng.random_range(0.55..1.0)
            } else {
                rng.random_range(0.0..0.4)
            };
            (
                -20.0 + i as f32 * step + rng.random_range(-0.22..0.22) * step,
                top + relief * share,
            )
        })
        .collect();
    let mut outline = PICTURE
        .outline()
        .start(-20.0, DESIGN + 20.0)
        .line(-20.0, crest[0].1);
    for pair in crest.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        outline = if smooth {
            let middle = (x0 + x1) / 2.0;
            outline
                .curve((x0 + middle) / 2.0, y0, middle, (y0 + y1) / 2.0)
                .curve((middle + x1) / 2.0, y1, x1, y1)
        } else {
            let bend = rng.random_range(-3.0..3.0);
            outline
                .line((x0 + x1) / 2.0 + bend, (y0 + y1) / 2.0 - bend)
                .line(x1, y1)
        };
    }
    outline.line(DESIGN + 20.0, DESIGN + 20.0).close().done()
}

/// A fir of three tiers standing at (`x`, `y`).
fn fir(x: f32, y: f32, height: f32) -> Option<Path> {
    let frame = Frame {
        x,
        y,
        scale: height,
        mirror: 1.0,
    };
    let tiers = [(-0.34, -0.16), (-0.28, -0.42), (-0.2, -0.66)];
    let mut outline =
        frame
            .outline()
            .polygon(&[(-0.04, 0.0), (0.04, 0.0), (0.04, -0.2), (-0.04, -0.2)]);
    for (half, base) in tiers {
        outline = outline.polygon(&[(half, base), (-half, base), (0.0, base - 0.38)]);
    }
    outline.done()
}
