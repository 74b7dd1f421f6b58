//! Cup, vase and lantern. One local unit is the subject's height; the origin is the middle of its foot.

use super::super::drawing::{Drawing, Fill, Frame, Kind, Rgb};
use super::Shades;

/// A plain ceramic cup with coffee and steam.
pub fn cup(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    let handle = frame
        .outline()
        .ellipse(0.36, -0.32, 0.15, 0.16)
        .stroked(0.075);
    drawing.add(Kind::Subject, handle, Fill::Solid(shades.dark));
    let body = frame
        .outline()
        .start(-0.38, -0.58)
        .line(0.38, -0.58)
        .curve(0.37, -0.1, 0.24, -0.02)
        .curve(0.0, 0.03, -0.24, -0.02)
        .curve(-0.37, -0.1, -0.38, -0.58)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        body,
        Fill::Horizontal(shades.light, shades.dark),
    );
    let shine = frame
        .outline()
        .start(-0.25, -0.44)
        .curve(-0.25, -0.2, -0.18, -0.12)
        .stroked(0.05);
    drawing.add_alpha(Kind::Detail, shine, Fill::Solid(Rgb::WHITE), 0.45);
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.58, 0.38, 0.085),
        Fill::Solid(shades.light),
    );
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.572, 0.33, 0.06),
        Fill::Solid(Rgb::hex(0x4d2c1c)),
    );
    drawing.add(
        Kind::Detail,
        frame.ellipse(-0.06, -0.58, 0.18, 0.026),
        Fill::Solid(Rgb::hex(0xa8744a)),
    );
    for x in [-0.12, 0.1] {
        let steam = frame
            .outline()
            .start(x, -0.7)
            .curve(x + 0.09, -0.78, x, -0.86)
            .curve(x - 0.09, -0.94, x + 0.02, -1.04)
            .stroked(0.045);
        drawing.add_alpha(Kind::Detail, steam, Fill::Solid(Rgb::WHITE), 0.55);
    }
}

/// A slender vase with blossoming twigs.
pub fn vase(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    let twigs = frame
        .outline()
        .start(0.0, -0.72)
        .curve(-0.05, -1.0, -0.26, -1.26)
        .start(0.0, -0.72)
        .curve(0.05, -1.0, 0.28, -1.2)
        .start(-0.09, -1.02)
        .line(0.04, -1.24)
        .stroked(0.03);
    drawing.add(Kind::Detail, twigs, Fill::Solid(shades.wood));
    let spots = [
        (-0.26, -1.26),
        (-0.15, -1.12),
        (0.04, -1.25),
        (0.28, -1.2),
        (0.16, -1.07),
        (0.06, -0.93),
    ];
    let mut blossoms = frame.outline();
    for (x, y) in spots {
        blossoms = blossoms.ellipse(x, y, 0.065, 0.06);
    }
    drawing.add(
        Kind::Detail,
        blossoms.done(),
        Fill::Solid(shades.white.mix(Rgb::hex(0xf6b6c6), 0.45)),
    );
    let mut hearts = frame.outline();
    for (x, y) in spots {
        hearts = hearts.ellipse(x, y, 0.02, 0.02);
    }
    drawing.add(Kind::Detail, hearts.done(), Fill::Solid(Rgb::hex(0xd9566d)));
    let body = frame
        .outline()
        .start(-0.14, -0.8)
        .line(0.14, -0.8)
        .curve(0.07, -0.68, 0.12, -0.6)
        .curve(0.36, -0.48, 0.3, -0.26)
        .curve(0.26, -0.08, 0.15, 0.0)
        .line(-0.15, 0.0)
        .curve(-0.26, -0.08, -0.3, -0.26)
        .curve(-0.36, -0.48, -0.12, -0.6)
        .curve(-0.07, -0.68, -0.14, -0.8)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        body,
        Fill::Horizontal(shades.light, shades.dark),
    );
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.8, 0.14, 0.03),
        Fill::Solid(shades.dark),
    );
    let band = frame
        .outline()
        .start(-0.28, -0.36)
        .curve(0.0, -0.3, 0.28, -0.36)
        .stroked(0.03);
    drawing.add_alpha(Kind::Detail, band, Fill::Solid(shades.white), 0.7);
    let shine = frame
        .outline()
        .start(-0.19, -0.44)
        .curve(-0.22, -0.3, -0.17, -0.16)
        .stroked(0.045);
    drawing.add_alpha(Kind::Detail, shine, Fill::Solid(Rgb::WHITE), 0.45);
}

/// A round paper lantern on its string, alight in the evening.
pub fn lantern(drawing: &mut Drawing, frame: Frame, shades: &Shades, lit: bool) {
    let glow = if lit { 0.75 } else { 0.2 };
    let halo = Fill::Solid(shades.base.mix(Rgb::hex(0xffd27a), 0.55));
    drawing.add_alpha(
        Kind::Glow,
        frame.ellipse(0.0, -0.36, 0.78, 0.74),
        halo,
        glow,
    );
    let top = -frame.y / frame.scale;
    drawing.add(
        Kind::Detail,
        frame
            .outline()
            .start(0.0, top)
            .line(0.0, -0.7)
            .stroked(0.02),
        Fill::Solid(shades.ink),
    );
    let warm = shades
        .base
        .mix(Rgb::hex(0xffe7b0), if lit { 0.14 } else { 0.06 });
    drawing.add(
        Kind::Subject,
        frame.ellipse(0.0, -0.36, 0.42, 0.31),
        Fill::Vertical(warm, shades.base),
    );
    let mut ribs = frame.outline();
    for half in [0.14, 0.29] {
        ribs = ribs.ellipse(0.0, -0.36, half, 0.31);
    }
    drawing.add_alpha(
        Kind::Detail,
        ribs.stroked(0.018),
        Fill::Solid(shades.dark),
        0.8,
    );
    let gold = Fill::Solid(Rgb::hex(0xe3b04b));
    drawing.add(Kind::Detail, frame.rect(-0.16, -0.72, 0.32, 0.075), gold);
    drawing.add(Kind::Detail, frame.rect(-0.16, -0.08, 0.32, 0.075), gold);
    let tassel = frame
        .outline()
        .start(-0.05, 0.0)
        .line(-0.05, 0.2)
        .start(0.0, 0.0)
        .line(0.0, 0.26)
        .start(0.05, 0.0)
        .line(0.05, 0.2);
    drawing.add(
        Kind::Detail,
        tassel.stroked(0.03),
        Fill::Solid(shades.dark.mix(Rgb::hex(0xe3b04b), 0.3)),
    );
}
