//! A city skyline and a neon street.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::drawing::{DESIGN, Drawing, Fill, Frame, Kind, Rgb};
use super::super::palette::Light;
use super::super::scene::Scene;
use super::{PICTURE, sky};

/// Two rows of towers before the sky, a quay in front.
pub fn city(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    sky(drawing, scene, light, rng, 190.0);
    for (count, base, low, high, distance) in
        [(9, 204.0, 70.0, 140.0, 0.6), (7, 206.0, 40.0, 112.0, 0.18)]
    {
        let colour = light.far(Rgb::hex(0x5a6488), distance);
        let (towers, windows) = towers(rng, count, base, low, high);
        drawing.add(
            Kind::Layer,
            towers,
            Fill::Vertical(colour, colour.mix(light.haze, 0.35)),
        );
        let (pane, alpha) = if light.lamps {
            (Rgb::hex(0xffd98a), 0.95 - distance)
        } else {
            (light.zenith.lighter(0.45), 0.75 - distance)
        };
        drawing.add_alpha(Kind::Detail, windows, Fill::Solid(pane), alpha);
    }
    let quay = light.ground(Rgb::hex(0x9a97a2));
    drawing.add(
        Kind::Layer,
        PICTURE.rect(-4.0, 204.0, DESIGN + 8.0, 60.0),
        Fill::Vertical(quay, quay.darker(0.28)),
    );
    drawing.add_alpha(
        Kind::Detail,
        PICTURE.rect(0.0, 209.0, DESIGN, 2.0),
        Fill::Solid(quay.lighter(0.5)),
        0.7,
    );
}

type Outline = Option<tiny_skia::Path>;

fn towers(
    rng: &mut ChaCha8Rng,
    count: usize,
    base: f32,
    low: f32,
    high: f32,
) -> (Outline, Outline) {
    let (mut towers, mut windows) = (PICTURE.outline(), PICTURE.outline());
    let pitch = DESIGN / count as f32;
    for i in 0..count {
        let x = i as f32 * pitch + rng.random_range(-4.0..2.0);
        let (width, height) = (
            pitch * rng.random_range(0.74..0.98),
            rng.random_range(low..high),
        );
        let top = base - height;
        let roof = match rng.random_range(0..3) {
            0 => [(x, top), (x + width, top)],
            1 => [(x, top + 8.0), (x + width, top)],
            _ => [(x + width * 0.22, top - 7.0), (x + width * 0.78, top - 7.0)],
        };
        towers = towers.polygon(&[
            (x, base),
            (x, top),
            roof[0],
            roof[1],
            (x + width, top),
            (x + width, base),
        ]);
        let mut y = top + 9.0;
        while y < base - 6.0 {
            for column in 0..3 {
                if rng.random_bool(0.55) {
                    let left = x + width * (0.16 + 0.26 * column as f32);
                    let right = left + width * 0.16;
                    windows = windows.polygon(&[
                        (left, y),
                        (right, y),
                        (right, y + 5.0),
                        (left, y + 5.0),
                    ]);
                }
            }
            y += 10.0;
        }
    }
    (towers.done(), windows.done())
}

const NEON: [u32; 5] = [0xff4f8b, 0x35d6f2, 0xffc23d, 0xa86bff, 0x4dffb0];

/// A street in one-point perspective between glowing signs, mirrored in the wet road.
pub fn street(drawing: &mut Drawing, light: &Light, rng: &mut ChaCha8Rng) {
    const VANISH: (f32, f32) = (128.0, 150.0);
    let far = light.horizon.mix(Rgb::hex(0x7a3f9a), 0.4);
    drawing.add(
        Kind::Backdrop,
        PICTURE.rect(0.0, 0.0, DESIGN, DESIGN),
        Fill::Vertical(light.zenith.mix(Rgb::hex(0x1a1440), 0.5), far),
    );
    drawing.add_alpha(
        Kind::Glow,
        PICTURE.ellipse(VANISH.0, VANISH.1, 70.0, 60.0),
        Fill::Solid(Rgb::hex(0xff9ad0)),
        0.7,
    );
    let road = PICTURE.polygon(&[
        (114.0, 158.0),
        (142.0, 158.0),
        (290.0, 260.0),
        (-34.0, 260.0),
    ]);
    drawing.add(
        Kind::Layer,
        PICTURE.rect(-4.0, 157.0, DESIGN + 8.0, 110.0),
        Fill::Vertical(Rgb::hex(0x3a3360), Rgb::hex(0x1d1a38)),
    );
    drawing.add(
        Kind::Detail,
        road,
        Fill::Vertical(Rgb::hex(0x4a3f78), Rgb::hex(0x221e44)),
    );
    for mirror in [1.0, -1.0] {
        let frame = Frame {
            x: VANISH.0,
            y: VANISH.1,
            scale: 1.0,
            mirror,
        };
        // Three houses a side, from far to near; a depth of 1 is the picture's edge.
        for (near, away, height) in [(0.32, 0.16, 70.0), (0.58, 0.32, 118.0), (1.06, 0.58, 190.0)] {
            house(drawing, light, rng, frame, near, away, height);
        }
    }
}

fn house(
    drawing: &mut Drawing,
    light: &Light,
    rng: &mut ChaCha8Rng,
    frame: Frame,
    near: f32,
    away: f32,
    height: f32,
) {
    let wall = Rgb::hex(0x2a2450)
        .mix(Rgb::hex(0x4a3a78), 1.0 - near)
        .mix(light.horizon, 0.12);
    let height = height * rng.random_range(0.85..1.1);
    let reach = |depth: f32| depth * 124.0;
    let ground = |depth: f32| 8.0 + depth * 78.0;
    let top = |depth: f32| -height * (0.55 + 0.45 * depth / near);
    let wall_path = frame.polygon(&[
        (reach(away), ground(away)),
        (reach(near), ground(near)),
        (reach(near), top(near)),
        (reach(away), top(away)),
    ]);
    drawing.add(
        Kind::Layer,
        wall_path,
        Fill::Vertical(wall, wall.lighter(0.12)),
    );
    let mut windows = frame.outline();
    for row in 1..5 {
        let (low, high) = (row as f32 / 6.0, row as f32 / 6.0 + 0.07);
        for (left, right) in [(0.2, 0.38), (0.58, 0.76)] {
            if rng.random_bool(0.6) {
                let depth = |share: f32| away + (near - away) * share;
                let point = |share: f32, up: f32| {
                    (reach(depth(share)), top(depth(share)) * (1.0 - up) * 0.95)
                };
                windows = windows.polygon(&[
                    point(left, low),
                    point(right, low),
                    point(right, high),
                    point(left, high),
                ]);
            }
        }
    }
    drawing.add_alpha(
        Kind::Detail,
        windows.done(),
        Fill::Solid(Rgb::hex(0xffd48a)),
        0.8,
    );
    let neon = Fill::Solid(Rgb::hex(NEON[rng.random_range(0..NEON.len())]));
    let (x, y) = (
        reach(away + (near - away) * 0.2),
        top(near) * rng.random_range(0.2..0.4),
    );
    let (width, tall) = (7.0 + 12.0 * near, 22.0 + 40.0 * near);
    let middle = (x - width * 0.4, y + tall * 0.5);
    drawing.add_alpha(
        Kind::Glow,
        frame.ellipse(middle.0, middle.1, width * 2.2, tall * 1.1),
        neon,
        0.75,
    );
    drawing.add(
        Kind::Detail,
        frame.rect(x - width, y, width * 1.2, tall),
        Fill::Solid(neon.mean().darker(0.55)),
    );
    drawing.add(
        Kind::Detail,
        frame
            .outline()
            .polygon(&[
                (x - width, y),
                (x + width * 0.2, y),
                (x + width * 0.2, y + tall),
                (x - width, y + tall),
            ])
            .stroked(2.0),
        neon,
    );
    let mut signs = frame.outline();
    for i in 0..3 {
        let row = y + tall * (0.2 + 0.3 * i as f32);
        signs = signs
            .start(x - width * 0.75, row)
            .line(x - width * 0.05, row);
    }
    drawing.add(
        Kind::Detail,
        signs.stroked(2.6),
        Fill::Solid(neon.mean().lighter(0.55)),
    );
    let puddle = frame.ellipse(
        middle.0 * 0.86,
        ground(near) + 12.0,
        width * 1.8,
        4.0 + 8.0 * near,
    );
    drawing.add_alpha(Kind::Glow, puddle, neon, 0.6);
}
