//! Mountains, desert, forest and meadow.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::drawing::{DESIGN, Drawing, Fill, Frame, Kind, Rgb};
use super::super::palette::Light;
use super::super::scene::{Scene, Weather};
use super::{PICTURE, fir, ridge, sky};

/// Three ranges fading into the haze, snow on the middle one, a grassy hill in front.
pub fn mountains(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    sky(drawing, scene, light, rng, 176.0);
    let rock = Rgb::hex(0x4c5f86);
    let misty = if scene.weather == Weather::Mist {
        0.16
    } else {
        0.0
    };
    layer(
        drawing,
        ridge(rng, 84.0, 62.0, 7, false),
        light.far(rock, 0.68 + misty),
        light.horizon,
        0.35,
    );
    let (x, peak) = (rng.random_range(80.0..176.0), rng.random_range(46.0..66.0));
    summit(drawing, light, x, peak, misty);
    layer(
        drawing,
        ridge(rng, 132.0, 44.0, 7, false),
        light.far(rock, 0.3 + misty),
        light.haze,
        0.35,
    );
    let hill = light.ground(Rgb::hex(0x6fa05a));
    layer(
        drawing,
        ridge(rng, 178.0, 16.0, 5, true),
        light.ground(Rgb::hex(0x53865a)),
        hill,
        0.3,
    );
    for _ in 0..7 {
        let (x, height) = (rng.random_range(4.0..252.0), rng.random_range(18.0..30.0));
        drawing.add(
            Kind::Detail,
            fir(x, 196.0 + rng.random_range(0.0..6.0), height),
            Fill::Solid(firs(light)),
        );
    }
    layer(
        drawing,
        ridge(rng, 198.0, 10.0, 5, true),
        hill,
        light.ground(Rgb::hex(0x4c7f4a)),
        1.0,
    );
}

fn summit(drawing: &mut Drawing, light: &Light, x: f32, peak: f32, misty: f32) {
    let frame = Frame {
        x,
        y: peak,
        scale: 1.0,
        mirror: 1.0,
    };
    let body = frame.polygon(&[
        (0.0, 0.0),
        (34.0, 42.0),
        (52.0, 58.0),
        (110.0, 130.0),
        (-112.0, 130.0),
        (-58.0, 66.0),
        (-38.0, 40.0),
    ]);
    let rock = Rgb::hex(0x55678f);
    layer(
        drawing,
        body,
        light.far(rock, 0.42 + misty),
        light.haze,
        0.5,
    );
    let shade = frame.polygon(&[
        (0.0, 0.0),
        (34.0, 42.0),
        (52.0, 58.0),
        (110.0, 130.0),
        (24.0, 130.0),
        (8.0, 60.0),
    ]);
    drawing.add_alpha(
        Kind::Detail,
        shade,
        Fill::Solid(light.on(rock).darker(0.25)),
        0.28,
    );
    let cap = frame.polygon(&[
        (0.0, 0.0),
        (34.0, 42.0),
        (22.0, 38.0),
        (13.0, 50.0),
        (3.0, 36.0),
        (-10.0, 52.0),
        (-20.0, 36.0),
        (-34.0, 37.0),
    ]);
    drawing.add(
        Kind::Detail,
        cap,
        Fill::Solid(light.far(Rgb::hex(0xfbfcff), 0.12)),
    );
}

fn firs(light: &Light) -> Rgb {
    let green = light.on(Rgb::hex(0x2f5d4a));
    if light.snow {
        green.mix(light.on(Rgb::WHITE), 0.45)
    } else {
        green
    }
}

fn layer(
    drawing: &mut Drawing,
    outline: Option<tiny_skia::Path>,
    top: Rgb,
    bottom: Rgb,
    fade: f32,
) {
    drawing.add(
        Kind::Layer,
        outline,
        Fill::Vertical(top, top.mix(bottom, fade)),
    );
}

/// Dunes with a lit and a shaded side, a mesa far off, cacti.
pub fn desert(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    sky(drawing, scene, light, rng, 150.0);
    let sand = Rgb::hex(0xeebd74);
    let x = rng.random_range(30.0..170.0);
    let mesa = PICTURE.polygon(&[
        (x - 14.0, 160.0),
        (x, 118.0),
        (x + 16.0, 116.0),
        (x + 20.0, 126.0),
        (x + 44.0, 124.0),
        (x + 62.0, 160.0),
    ]);
    layer(
        drawing,
        mesa,
        light.far(Rgb::hex(0xc06a48), 0.4),
        light.haze,
        0.3,
    );
    layer(
        drawing,
        ridge(rng, 140.0, 20.0, 4, true),
        light.far(sand, 0.35),
        light.far(Rgb::hex(0xd89a58), 0.3),
        0.8,
    );
    layer(
        drawing,
        ridge(rng, 162.0, 24.0, 4, true),
        light.ground(Rgb::hex(0xe0a660)),
        light.ground(Rgb::hex(0xc98a4a)),
        0.8,
    );
    for _ in 0..2 {
        let (x, size) = (rng.random_range(16.0..240.0), rng.random_range(24.0..36.0));
        cactus(drawing, light, x, 200.0, size);
    }
    layer(
        drawing,
        ridge(rng, 190.0, 16.0, 4, true),
        light.ground(sand),
        light.ground(Rgb::hex(0xcf9350)),
        1.0,
    );
}

fn cactus(drawing: &mut Drawing, light: &Light, x: f32, y: f32, size: f32) {
    let frame = Frame {
        x,
        y,
        scale: size,
        mirror: 1.0,
    };
    let green = Fill::Solid(light.on(Rgb::hex(0x4f8a55)));
    drawing.add(
        Kind::Detail,
        frame
            .outline()
            .start(0.0, 0.0)
            .line(0.0, -0.9)
            .stroked(0.24),
        green,
    );
    let left = frame
        .outline()
        .start(0.0, -0.35)
        .line(-0.34, -0.35)
        .line(-0.34, -0.62)
        .stroked(0.16);
    let right = frame
        .outline()
        .start(0.0, -0.5)
        .line(0.34, -0.5)
        .line(0.34, -0.8)
        .stroked(0.16);
    drawing.add(Kind::Detail, left, green);
    drawing.add(Kind::Detail, right, green);
}

/// Rows of trees, paler with distance, and a clearing in front.
pub fn forest(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    sky(drawing, scene, light, rng, 170.0);
    let misty = if scene.weather == Weather::Mist {
        0.18
    } else {
        0.0
    };
    for (row, base, low, high, distance) in [
        (8, 160.0, 66.0, 100.0, 0.62),
        (7, 182.0, 92.0, 132.0, 0.36),
        (6, 204.0, 110.0, 160.0, 0.08),
    ] {
        let colour = light.far(Rgb::hex(0x2c6a50), distance + misty);
        let colour = if light.snow {
            colour.mix(light.on(Rgb::WHITE), 0.35)
        } else {
            colour
        };
        let mut trees = PICTURE.outline();
        for i in 0..row {
            let x = (i as f32 + rng.random_range(0.2..0.8)) * DESIGN / row as f32;
            // The nearest row leaves the middle free: the subject stands there.
            if row == 6 && (60.0..196.0).contains(&x) {
                continue;
            }
            let height = rng.random_range(low..high);
            let half = height * 0.24;
            for tier in 0..4 {
                let bottom = base - height * (0.08 + 0.21 * tier as f32);
                let reach = half * (1.0 - 0.2 * tier as f32);
                trees = trees.polygon(&[
                    (x - reach, bottom),
                    (x + reach, bottom),
                    (x, bottom - height * 0.33),
                ]);
            }
            trees = trees.polygon(&[
                (x - 2.5, base + 8.0),
                (x + 2.5, base + 8.0),
                (x + 2.5, base - height * 0.1),
                (x - 2.5, base - height * 0.1),
            ]);
        }
        layer(drawing, trees.done(), colour, light.haze, 0.28);
        let floor = light.ground(Rgb::hex(0x4a7a4c)).mix(light.haze, distance);
        layer(
            drawing,
            ridge(rng, base - 2.0, 8.0, 5, true),
            floor,
            light.on(Rgb::hex(0x3b6a44)),
            0.2,
        );
    }
    let front = light.ground(Rgb::hex(0x6b9a54));
    layer(
        drawing,
        ridge(rng, 206.0, 8.0, 5, true),
        front,
        light.ground(Rgb::hex(0x42713f)),
        0.9,
    );
}

/// Rolling green hills full of small flowers.
pub fn meadow(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    sky(drawing, scene, light, rng, 150.0);
    layer(
        drawing,
        ridge(rng, 126.0, 26.0, 5, true),
        light.far(Rgb::hex(0x7fb08a), 0.5),
        light.haze,
        0.3,
    );
    layer(
        drawing,
        ridge(rng, 150.0, 26.0, 4, true),
        light.ground(Rgb::hex(0x8fc06a)),
        light.ground(Rgb::hex(0x6aa457)),
        0.8,
    );
    layer(
        drawing,
        ridge(rng, 180.0, 18.0, 4, true),
        light.ground(Rgb::hex(0xa5cf6b)),
        light.ground(Rgb::hex(0x5f9c4b)),
        1.0,
    );
    if light.snow {
        return;
    }
    for petal in [0xfdf6e3, 0xf7d35c, 0xee7f8d] {
        let mut flowers = PICTURE.outline();
        for _ in 0..9 {
            let (x, y) = (rng.random_range(4.0..252.0), rng.random_range(206.0..252.0));
            flowers = flowers.ellipse(x, y, 2.2, 2.0);
        }
        drawing.add(
            Kind::Detail,
            flowers.done(),
            Fill::Solid(light.on(Rgb::hex(petal))),
        );
    }
}
