//! A wooden table before a window, and a plain studio backdrop.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::drawing::{DESIGN, Drawing, Fill, Kind, Rgb};
use super::super::palette::Light;
use super::super::scene::{Scene, Time};
use super::PICTURE;

/// A wall with a window that shows the hour, and a wooden table top.
pub fn table(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    const EDGE: f32 = 176.0;
    let wall = light.on(Rgb::hex(0xe8ddca));
    drawing.add(
        Kind::Backdrop,
        PICTURE.rect(0.0, 0.0, DESIGN, EDGE + 6.0),
        Fill::Vertical(wall, wall.darker(0.1)),
    );
    let x = rng.random_range(24.0..124.0);
    let (y, width, height) = (22.0, 108.0, 104.0);
    let frame_colour = light.on(Rgb::hex(0xfbf7ee));
    drawing.add(
        Kind::Layer,
        PICTURE.rect(x - 6.0, y - 6.0, width + 12.0, height + 12.0),
        Fill::Solid(frame_colour),
    );
    drawing.add(
        Kind::Detail,
        PICTURE.rect(x, y, width, height),
        Fill::Vertical(light.zenith, light.horizon),
    );
    let disc_y = y + height
        * if matches!(scene.time, Some(Time::Dawn | Time::Dusk)) {
            0.62
        } else {
            0.28
        };
    let disc_x = x + width * rng.random_range(0.2..0.8);
    drawing.add(
        Kind::Detail,
        PICTURE.ellipse(disc_x, disc_y, 9.0, 9.0),
        Fill::Solid(light.disc),
    );
    let hill = PICTURE.polygon(&[
        (x, y + height),
        (x, y + height * 0.82),
        (x + width * 0.3, y + height * 0.7),
        (x + width * 0.62, y + height * 0.84),
        (x + width, y + height * 0.74),
        (x + width, y + height),
    ]);
    drawing.add(
        Kind::Detail,
        hill,
        Fill::Solid(light.far(Rgb::hex(0x5f8a68), 0.35)),
    );
    for bar in [
        PICTURE.rect(x + width / 2.0 - 2.0, y, 4.0, height),
        PICTURE.rect(x, y + height * 0.46, width, 4.0),
    ] {
        drawing.add(Kind::Detail, bar, Fill::Solid(frame_colour));
    }
    drawing.add(
        Kind::Layer,
        PICTURE.rect(x - 11.0, y + height + 6.0, width + 22.0, 7.0),
        Fill::Solid(frame_colour.darker(0.08)),
    );
    boards(drawing, light, rng, EDGE);
    if !light.lamps {
        let spot = PICTURE.polygon(&[
            (x + 10.0, EDGE + 8.0),
            (x + 96.0, EDGE + 8.0),
            (x + 70.0, 252.0),
            (x - 40.0, 252.0),
        ]);
        drawing.add_alpha(
            Kind::Detail,
            spot,
            Fill::Solid(light.horizon.lighter(0.5)),
            0.2,
        );
    }
}

fn boards(drawing: &mut Drawing, light: &Light, rng: &mut ChaCha8Rng, edge: f32) {
    let wood = light.on(Rgb::hex(0xb9783f));
    drawing.add(
        Kind::Layer,
        PICTURE.rect(-4.0, edge, DESIGN + 8.0, DESIGN - edge + 4.0),
        Fill::Vertical(wood.lighter(0.12), wood.darker(0.14)),
    );
    drawing.add_alpha(
        Kind::Detail,
        PICTURE.rect(0.0, edge, DESIGN, 3.0),
        Fill::Solid(wood.lighter(0.4)),
        0.8,
    );
    let mut seams = PICTURE.outline();
    for y in [196.0, 220.0] {
        seams = seams.polygon(&[(0.0, y), (DESIGN, y), (DESIGN, y + 1.4), (0.0, y + 1.4)]);
    }
    drawing.add_alpha(
        Kind::Detail,
        seams.done(),
        Fill::Solid(wood.darker(0.5)),
        0.6,
    );
    let mut grain = PICTURE.outline();
    for _ in 0..9 {
        let (x, y) = (
            rng.random_range(0.0..210.0),
            rng.random_range(edge + 6.0..250.0),
        );
        grain = grain
            .start(x, y)
            .curve(x + 20.0, y + 2.0, x + rng.random_range(30.0..70.0), y);
    }
    drawing.add_alpha(
        Kind::Detail,
        grain.stroked(1.2),
        Fill::Solid(wood.darker(0.4)),
        0.4,
    );
}

/// Backdrops of a studio, pale enough for every subject.
const BACKDROPS: [u32; 4] = [0xcadbd6, 0xe3cfb6, 0xb9cfe4, 0xe0c2c8];

/// A seamless backdrop with a soft light on it.
pub fn studio(drawing: &mut Drawing, rng: &mut ChaCha8Rng) {
    let backdrop = Rgb::hex(BACKDROPS[rng.random_range(0..BACKDROPS.len())]);
    drawing.add(
        Kind::Backdrop,
        PICTURE.rect(0.0, 0.0, DESIGN, DESIGN),
        Fill::Vertical(backdrop, backdrop.darker(0.06)),
    );
    drawing.add_alpha(
        Kind::Glow,
        PICTURE.ellipse(128.0, 110.0, 130.0, 120.0),
        Fill::Solid(backdrop.lighter(0.85)),
        0.9,
    );
    let floor = backdrop.darker(0.14);
    drawing.add(
        Kind::Layer,
        PICTURE.rect(-4.0, 188.0, DESIGN + 8.0, 76.0),
        Fill::Vertical(floor.lighter(0.22), floor),
    );
}
