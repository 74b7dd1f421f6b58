//! Lake and sea.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::drawing::{DESIGN, Drawing, Fill, Kind, Rgb};
use super::super::palette::Light;
use super::super::scene::{Scene, Weather};
use super::{PICTURE, fir, ridge, sky};

/// Mountains over a lake that mirrors them.
pub fn lake(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    const SHORE: f32 = 150.0;
    sky(drawing, scene, light, rng, SHORE);
    let misty = if scene.weather == Weather::Mist {
        0.18
    } else {
        0.0
    };
    let ranges = [(58.0, 62.0, 0.62, 7), (98.0, 38.0, 0.34, 7)];
    let mut mirrored = Vec::new();
    for (top, relief, distance, points) in ranges {
        let colour = light.far(Rgb::hex(0x4f6690), distance + misty);
        let outline = ridge(rng, top, relief, points, false);
        mirrored.push((outline.clone(), colour));
        drawing.add(
            Kind::Layer,
            outline,
            Fill::Vertical(colour, colour.mix(light.haze, 0.3)),
        );
    }
    let shore = light.ground(Rgb::hex(0x3f6f58)).mix(light.haze, 0.15);
    for _ in 0..9 {
        let (x, height) = (rng.random_range(2.0..254.0), rng.random_range(12.0..22.0));
        drawing.add(
            Kind::Detail,
            fir(x, SHORE - 1.0, height),
            Fill::Solid(shore.darker(0.15)),
        );
    }
    drawing.add(
        Kind::Detail,
        PICTURE.rect(0.0, SHORE - 4.0, DESIGN, 6.0),
        Fill::Solid(shore),
    );
    let surface = Fill::Vertical(
        light.horizon.darker(0.06),
        light.zenith.mix(light.on(Rgb::hex(0x2c5f86)), 0.45),
    );
    drawing.add(
        Kind::Layer,
        PICTURE.rect(-4.0, SHORE, DESIGN + 8.0, DESIGN - SHORE + 4.0),
        surface,
    );
    for (outline, colour) in mirrored {
        // Flipped about the shore and squashed, as still water shows it.
        let flip = tiny_skia::Transform::from_row(1.0, 0.0, 0.0, -0.55, 0.0, SHORE * 1.55);
        let below = outline.and_then(|path| path.transform(flip));
        drawing.add_alpha(Kind::Detail, below, Fill::Solid(colour), 0.34);
    }
    ripples(drawing, light, rng, SHORE + 16.0);
}

/// Open water with a bright path under the sun, waves and a strip of beach.
pub fn sea(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    const HORIZON: f32 = 132.0;
    sky(drawing, scene, light, rng, HORIZON);
    if rng.random_bool(0.5) {
        let x = rng.random_range(20.0..200.0);
        let island = PICTURE.blob(&[
            (x, 138.0),
            (x + 12.0, 124.0),
            (x + 28.0, 118.0),
            (x + 44.0, 127.0),
            (x + 58.0, 138.0),
        ]);
        drawing.add(
            Kind::Layer,
            island,
            Fill::Solid(light.far(Rgb::hex(0x4a6f74), 0.5)),
        );
    }
    let deep = light.on(Rgb::hex(0x1f6f9c));
    let bands = [
        (HORIZON, 0.55, 0.0),
        (158.0, 0.3, 2.2),
        (182.0, 0.14, 3.4),
        (208.0, 0.0, 4.4),
    ];
    for (top, pale, swell) in bands {
        let top_colour = deep
            .mix(light.horizon, pale)
            .mix(light.on(Rgb::hex(0x3fa3b8)), 0.25);
        drawing.add(
            Kind::Layer,
            swells(rng, top, swell),
            Fill::Vertical(top_colour, top_colour.mix(deep, 0.6)),
        );
    }
    ripples(drawing, light, rng, HORIZON + 10.0);
}

fn swells(rng: &mut ChaCha8Rng, top: f32, height: f32) -> Option<tiny_skia::Path> {
    let phase = rng.random_range(-30.0..0.0);
    let mut outline = PICTURE
        .outline()
        .start(-40.0, DESIGN + 10.0)
        .line(-40.0, top);
    let mut x: f32 = -40.0 + phase;
    while x < DESIGN + 40.0 {
        outline = outline.curve(x + 9.0, top + height, x + 18.0, top).curve(
            x + 27.0,
            top - height,
            x + 36.0,
            top,
        );
        x += 36.0;
    }
    outline.line(DESIGN + 40.0, DESIGN + 10.0).close().done()
}

fn ripples(drawing: &mut Drawing, light: &Light, rng: &mut ChaCha8Rng, top: f32) {
    let mut lines = PICTURE.outline();
    for i in 0..12 {
        let y = top + (DESIGN - top) * (i as f32 + 0.5) / 12.0;
        let (x, width) = (rng.random_range(0.0..236.0), rng.random_range(10.0..34.0));
        lines = lines.start(x, y).line(x + width, y);
    }
    let colour = light.disc.mix(light.horizon, 0.5);
    drawing.add_alpha(Kind::Detail, lines.stroked(1.8), Fill::Solid(colour), 0.5);
}
