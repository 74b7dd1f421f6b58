//! Flower, boat, house, tree and balloon.

use super::super::drawing::{Drawing, Fill, Frame, Kind, Rgb};
use super::Shades;

/// One big blossom on a stem, in a clay pot where there is no soil.
pub fn flower(drawing: &mut Drawing, frame: Frame, shades: &Shades, potted: bool) {
    let stem = frame
        .outline()
        .start(0.0, 0.0)
        .curve(-0.06, -0.36, 0.0, -0.68)
        .stroked(0.05);
    drawing.add(Kind::Detail, stem, Fill::Solid(shades.leaf));
    for (side, y) in [(1.0, -0.24), (-1.0, -0.36)] {
        let leaf = frame
            .outline()
            .start(-0.02, y)
            .curve(side * 0.16, y - 0.2, side * 0.34, y - 0.13)
            .curve(side * 0.2, y + 0.05, -0.02, y);
        drawing.add(Kind::Subject, leaf.close().done(), Fill::Solid(shades.leaf));
    }
    let petals = |reach: f32, size: f32, turn: f32| {
        let mut outline = frame.outline();
        for i in 0..7 {
            let angle = turn + i as f32 * std::f32::consts::TAU / 7.0;
            outline = outline.ellipse(angle.cos() * reach, -0.78 + angle.sin() * reach, size, size);
        }
        outline.done()
    };
    drawing.add(Kind::Subject, petals(0.25, 0.15, 0.2), shades.round());
    drawing.add(
        Kind::Detail,
        petals(0.14, 0.09, 0.65),
        Fill::Solid(shades.light),
    );
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.78, 0.1, 0.1),
        Fill::Solid(Rgb::hex(0xf2b632)),
    );
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.77, 0.055, 0.055),
        Fill::Solid(Rgb::hex(0xb8742a)),
    );
    if potted {
        let clay = Rgb::hex(0xc4754a);
        let pot = frame.polygon(&[(-0.26, -0.26), (0.26, -0.26), (0.19, 0.02), (-0.19, 0.02)]);
        drawing.add(
            Kind::Subject,
            pot,
            Fill::Horizontal(clay.lighter(0.2), clay.darker(0.25)),
        );
        drawing.add(
            Kind::Detail,
            frame.rect(-0.29, -0.31, 0.58, 0.08),
            Fill::Horizontal(clay.lighter(0.25), clay.darker(0.2)),
        );
    }
}

/// A sailing boat with its reflection.
pub fn boat(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    drawing.add_alpha(
        Kind::Shadow,
        frame.ellipse(0.0, 0.06, 0.55, 0.075),
        Fill::Solid(shades.dark.darker(0.3)),
        0.4,
    );
    let mast = frame
        .outline()
        .start(0.0, -0.14)
        .line(0.0, -1.0)
        .stroked(0.032);
    drawing.add(Kind::Detail, mast, Fill::Solid(shades.wood));
    let main = frame
        .outline()
        .start(0.04, -0.96)
        .curve(0.42, -0.6, 0.46, -0.26)
        .line(0.04, -0.24)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        main,
        Fill::Horizontal(shades.base.lighter(0.12), shades.base),
    );
    let fore = frame
        .outline()
        .start(-0.04, -0.88)
        .curve(-0.2, -0.5, -0.38, -0.26)
        .line(-0.04, -0.24)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        fore,
        Fill::Horizontal(shades.white, shades.light),
    );
    let hull = frame
        .outline()
        .start(-0.52, -0.18)
        .line(0.52, -0.18)
        .curve(0.44, 0.05, 0.3, 0.06)
        .line(-0.3, 0.06)
        .curve(-0.46, 0.04, -0.52, -0.18)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        hull,
        Fill::Vertical(shades.base, shades.dark),
    );
    drawing.add(
        Kind::Detail,
        frame.rect(-0.52, -0.2, 1.04, 0.05),
        Fill::Solid(shades.white),
    );
    let wake = frame
        .outline()
        .start(-0.6, 0.09)
        .line(-0.34, 0.09)
        .start(-0.2, 0.12)
        .line(0.3, 0.12)
        .start(0.4, 0.08)
        .line(0.62, 0.08);
    drawing.add_alpha(
        Kind::Detail,
        wake.stroked(0.025),
        Fill::Solid(Rgb::WHITE),
        0.6,
    );
}

/// A cottage with chimney, door and window.
pub fn house(drawing: &mut Drawing, frame: Frame, shades: &Shades, lit: bool) {
    let brick = Fill::Solid(shades.wood.mix(Rgb::hex(0xa4584a), 0.5));
    drawing.add(Kind::Detail, frame.rect(0.18, -0.94, 0.13, 0.3), brick);
    drawing.add(
        Kind::Subject,
        frame.rect(-0.42, -0.52, 0.84, 0.53),
        Fill::Horizontal(shades.base.lighter(0.14), shades.base.darker(0.12)),
    );
    let roof = frame.polygon(&[(-0.54, -0.5), (-0.3, -0.86), (0.3, -0.86), (0.54, -0.5)]);
    let tiles = Rgb::hex(0x6b4038).mix(shades.dark, 0.3);
    drawing.add(
        Kind::Subject,
        roof,
        Fill::Vertical(tiles.lighter(0.18), tiles.darker(0.15)),
    );
    drawing.add(
        Kind::Detail,
        frame.rect(-0.09, -0.34, 0.19, 0.35),
        Fill::Solid(shades.wood.darker(0.2)),
    );
    let pane = if lit {
        Rgb::hex(0xffdc84)
    } else {
        Rgb::hex(0xcfe6f2)
    };
    for x in [-0.33, 0.18] {
        drawing.add(
            Kind::Detail,
            frame.rect(x - 0.02, -0.4, 0.2, 0.2),
            Fill::Solid(shades.white),
        );
        drawing.add(
            Kind::Detail,
            frame.rect(x, -0.38, 0.16, 0.16),
            Fill::Solid(pane),
        );
    }
}

/// A round-crowned tree.
pub fn tree(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    let trunk = frame
        .outline()
        .start(-0.09, 0.02)
        .curve(-0.03, -0.2, -0.05, -0.5)
        .line(0.06, -0.5)
        .curve(0.03, -0.2, 0.11, 0.02)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        trunk,
        Fill::Horizontal(shades.wood.lighter(0.12), shades.wood.darker(0.2)),
    );
    let crown = frame.blob(&[
        (-0.46, -0.52),
        (-0.5, -0.76),
        (-0.34, -0.96),
        (-0.14, -1.14),
        (0.14, -1.14),
        (0.36, -0.98),
        (0.5, -0.76),
        (0.44, -0.52),
        (0.2, -0.42),
        (-0.2, -0.42),
    ]);
    drawing.add(Kind::Subject, crown, shades.round());
    let mut lights = frame.outline();
    for (x, y, r) in [
        (-0.2, -0.92, 0.15),
        (0.12, -0.98, 0.11),
        (-0.04, -0.72, 0.1),
        (0.26, -0.78, 0.09),
    ] {
        lights = lights.ellipse(x, y, r, r * 0.8);
    }
    drawing.add_alpha(Kind::Detail, lights.done(), Fill::Solid(shades.light), 0.55);
}

/// A striped hot-air balloon with its basket.
pub fn balloon(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    let ropes = frame
        .outline()
        .start(-0.2, -0.34)
        .line(-0.08, -0.02)
        .start(0.2, -0.34)
        .line(0.08, -0.02);
    drawing.add(
        Kind::Detail,
        ropes.stroked(0.018),
        Fill::Solid(shades.wood.darker(0.2)),
    );
    let envelope = |half: f32| {
        frame
            .outline()
            .start(-half * 0.34, -0.28)
            .curve(-half * 1.06, -0.56, -half, -0.84)
            .curve(-half * 0.86, -1.26, 0.0, -1.26)
            .curve(half * 0.86, -1.26, half, -0.84)
            .curve(half * 1.06, -0.56, half * 0.34, -0.28)
            .close()
            .done()
    };
    drawing.add(
        Kind::Subject,
        envelope(0.46),
        Fill::Horizontal(shades.base.lighter(0.14), shades.base.darker(0.14)),
    );
    drawing.add(Kind::Detail, envelope(0.24), Fill::Solid(shades.white));
    drawing.add(Kind::Detail, envelope(0.12), Fill::Solid(shades.base));
    drawing.add(
        Kind::Subject,
        frame.rect(-0.11, -0.04, 0.22, 0.16),
        Fill::Solid(shades.wood),
    );
    drawing.add(
        Kind::Detail,
        frame.rect(-0.13, -0.06, 0.26, 0.045),
        Fill::Solid(shades.wood.lighter(0.25)),
    );
}
