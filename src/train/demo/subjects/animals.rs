//! Fox, cat and fish.

use super::super::drawing::{Drawing, Fill, Frame, Kind, Rgb, turned};
use super::Shades;

/// A sitting fox with a white bib and a bushy tail.
pub fn fox(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    let tail = frame.blob(&[
        (0.1, -0.06),
        (0.34, -0.04),
        (0.56, -0.2),
        (0.6, -0.46),
        (0.48, -0.6),
        (0.44, -0.4),
        (0.3, -0.24),
    ]);
    drawing.add(Kind::Subject, tail, Fill::Solid(shades.base.darker(0.1)));
    let tip = frame.blob(&[(0.6, -0.46), (0.48, -0.62), (0.43, -0.44), (0.52, -0.36)]);
    drawing.add(Kind::Detail, tip, Fill::Solid(shades.white));
    let body = frame.blob(&[
        (-0.26, 0.0),
        (-0.28, -0.24),
        (-0.18, -0.5),
        (0.14, -0.5),
        (0.3, -0.24),
        (0.28, 0.0),
        (0.0, 0.03),
    ]);
    drawing.add(Kind::Subject, body, shades.round());
    let bib = frame.blob(&[
        (-0.14, -0.5),
        (-0.13, -0.26),
        (0.0, -0.1),
        (0.11, -0.26),
        (0.1, -0.5),
    ]);
    drawing.add(Kind::Detail, bib, Fill::Solid(shades.white));
    let ears = frame
        .outline()
        .polygon(&[(-0.34, -0.74), (-0.32, -1.04), (-0.1, -0.88)])
        .polygon(&[(0.3, -0.74), (0.28, -1.04), (0.06, -0.88)]);
    drawing.add(Kind::Subject, ears.done(), Fill::Solid(shades.dark));
    let head = frame
        .outline()
        .start(-0.02, -0.4)
        .curve(-0.3, -0.5, -0.4, -0.66)
        .curve(-0.32, -0.92, -0.02, -0.92)
        .curve(0.28, -0.92, 0.36, -0.66)
        .curve(0.26, -0.5, -0.02, -0.4)
        .close()
        .done();
    drawing.add(Kind::Subject, head, shades.round());
    let cheeks = frame
        .outline()
        .start(-0.02, -0.4)
        .curve(-0.3, -0.5, -0.4, -0.66)
        .curve(-0.14, -0.68, -0.02, -0.54)
        .curve(0.1, -0.68, 0.36, -0.66)
        .curve(0.26, -0.5, -0.02, -0.4)
        .close()
        .done();
    drawing.add(Kind::Detail, cheeks, Fill::Solid(shades.white));
    face(
        drawing,
        frame,
        shades,
        [(-0.17, -0.7), (0.13, -0.7)],
        (-0.02, -0.44),
    );
}

fn face(
    drawing: &mut Drawing,
    frame: Frame,
    shades: &Shades,
    eyes: [(f32, f32); 2],
    nose: (f32, f32),
) {
    let mut dark = frame.outline().ellipse(nose.0, nose.1, 0.045, 0.032);
    for (x, y) in eyes {
        dark = dark.ellipse(x, y, 0.034, 0.044);
    }
    drawing.add(Kind::Detail, dark.done(), Fill::Solid(shades.ink));
}

/// A sitting cat with its tail curled aside.
pub fn cat(drawing: &mut Drawing, frame: Frame, shades: &Shades) {
    let tail = frame
        .outline()
        .start(0.2, -0.06)
        .curve(0.5, -0.02, 0.46, -0.28)
        .curve(0.42, -0.44, 0.54, -0.5)
        .stroked(0.1);
    drawing.add(Kind::Subject, tail, Fill::Solid(shades.dark));
    let body = frame.blob(&[
        (-0.28, 0.0),
        (-0.29, -0.22),
        (-0.17, -0.48),
        (0.17, -0.48),
        (0.29, -0.22),
        (0.28, 0.0),
        (0.0, 0.03),
    ]);
    drawing.add(Kind::Subject, body, shades.round());
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.2, 0.13, 0.17),
        Fill::Solid(shades.light),
    );
    let ears = frame
        .outline()
        .polygon(&[(-0.31, -0.7), (-0.29, -0.99), (-0.06, -0.86)])
        .polygon(&[(0.31, -0.7), (0.29, -0.99), (0.06, -0.86)]);
    drawing.add(Kind::Subject, ears.done(), Fill::Solid(shades.base));
    let inner = frame
        .outline()
        .polygon(&[(-0.26, -0.77), (-0.25, -0.91), (-0.14, -0.84)])
        .polygon(&[(0.26, -0.77), (0.25, -0.91), (0.14, -0.84)]);
    drawing.add(Kind::Detail, inner.done(), Fill::Solid(Rgb::hex(0xeeb0a8)));
    drawing.add(
        Kind::Subject,
        frame.ellipse(0.0, -0.64, 0.33, 0.26),
        shades.round(),
    );
    drawing.add(
        Kind::Detail,
        frame.ellipse(0.0, -0.54, 0.14, 0.09),
        Fill::Solid(shades.light),
    );
    face(
        drawing,
        frame,
        shades,
        [(-0.14, -0.67), (0.14, -0.67)],
        (0.0, -0.57),
    );
    let stripes = frame
        .outline()
        .start(0.0, -0.88)
        .line(0.0, -0.8)
        .start(-0.09, -0.87)
        .line(-0.08, -0.8)
        .start(0.09, -0.87)
        .line(0.08, -0.8);
    drawing.add_alpha(
        Kind::Detail,
        stripes.stroked(0.03),
        Fill::Solid(shades.dark),
        0.8,
    );
    let feet = frame
        .outline()
        .ellipse(-0.12, -0.01, 0.1, 0.055)
        .ellipse(0.12, -0.01, 0.1, 0.055);
    drawing.add(Kind::Detail, feet.done(), Fill::Solid(shades.light));
}

/// A plump fish, leaping where there is water.
pub fn fish(drawing: &mut Drawing, frame: Frame, shades: &Shades, leaping: bool) {
    if leaping {
        splash(drawing, frame);
    }
    let tilt = if leaping { -24.0 * frame.mirror } else { 0.0 };
    let turn = |path| turned(path, tilt, frame.x, frame.y - 0.36 * frame.scale);
    let tail = frame.blob(&[
        (-0.34, -0.36),
        (-0.6, -0.6),
        (-0.68, -0.54),
        (-0.58, -0.36),
        (-0.68, -0.16),
        (-0.6, -0.12),
    ]);
    drawing.add(Kind::Subject, turn(tail), Fill::Solid(shades.dark));
    let fins = frame
        .outline()
        .blob(&[(-0.12, -0.56), (0.02, -0.78), (0.2, -0.66), (0.2, -0.54)])
        .blob(&[(0.0, -0.18), (-0.1, 0.0), (0.06, -0.02), (0.16, -0.18)]);
    drawing.add(Kind::Subject, turn(fins.done()), Fill::Solid(shades.dark));
    let body = frame
        .outline()
        .start(-0.42, -0.36)
        .curve(-0.1, -0.74, 0.3, -0.58)
        .curve(0.52, -0.46, 0.54, -0.36)
        .curve(0.5, -0.22, 0.3, -0.14)
        .curve(-0.1, 0.0, -0.42, -0.36)
        .close()
        .done();
    drawing.add(
        Kind::Subject,
        turn(body),
        Fill::Vertical(shades.base, shades.base.lighter(0.3)),
    );
    let bands = frame
        .outline()
        .start(-0.04, -0.58)
        .curve(0.06, -0.36, -0.04, -0.14)
        .start(-0.2, -0.5)
        .curve(-0.12, -0.36, -0.2, -0.22)
        .stroked(0.05);
    drawing.add_alpha(Kind::Detail, turn(bands), Fill::Solid(shades.white), 0.75);
    drawing.add(
        Kind::Detail,
        turn(frame.ellipse(0.34, -0.42, 0.06, 0.06)),
        Fill::Solid(shades.white),
    );
    drawing.add(
        Kind::Detail,
        turn(frame.ellipse(0.355, -0.42, 0.032, 0.036)),
        Fill::Solid(shades.ink),
    );
}

fn splash(drawing: &mut Drawing, frame: Frame) {
    let ring = frame.outline().ellipse(-0.3, 0.16, 0.4, 0.07).stroked(0.03);
    drawing.add_alpha(Kind::Detail, ring, Fill::Solid(Rgb::WHITE), 0.6);
    let mut drops = frame.outline();
    for (x, y, r) in [
        (-0.62, -0.06, 0.035),
        (-0.5, 0.04, 0.045),
        (-0.2, 0.08, 0.03),
        (-0.08, 0.0, 0.035),
        (-0.36, 0.1, 0.04),
    ] {
        drops = drops.ellipse(x, y, r, r * 1.3);
    }
    drawing.add_alpha(
        Kind::Detail,
        drops.done(),
        Fill::Solid(Rgb::hex(0xf4fbff)),
        0.9,
    );
}
