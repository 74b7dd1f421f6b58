//! A picture as an ordered list of filled shapes, in a design space of 256 × 256 units with y pointing down.
//!
//! Places, subjects and weather add shapes; a style decides how a shape becomes pixels.

use tiny_skia::{Path, PathBuilder, Stroke, Transform};

/// Width and height of the design space.
pub const DESIGN: f32 = 256.0;

/// A colour with channels in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rgb(pub [f32; 3]);

impl Rgb {
    /// Black and white.
    pub const BLACK: Rgb = Rgb([0.0; 3]);
    /// White.
    pub const WHITE: Rgb = Rgb([1.0; 3]);

    /// From `0xRRGGBB`.
    pub const fn hex(code: u32) -> Self {
        Self([
            ((code >> 16) & 0xff) as f32 / 255.0,
            ((code >> 8) & 0xff) as f32 / 255.0,
            (code & 0xff) as f32 / 255.0,
        ])
    }

    /// The colour `amount` of the way to `other`.
    pub fn mix(self, other: Rgb, amount: f32) -> Self {
        Self(std::array::from_fn(|i| {
            self.0[i] + (other.0[i] - self.0[i]) * amount
        }))
    }

    /// Channelwise product: this surface under that light.
    pub fn under(self, light: Rgb) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * light.0[i]))
    }

    /// A lighter shade.
    pub fn lighter(self, amount: f32) -> Self {
        self.mix(Self::WHITE, amount)
    }

    /// A darker shade, leaning to blue as shadows do.
    pub fn darker(self, amount: f32) -> Self {
        self.mix(Self([0.07, 0.06, 0.16]), amount)
    }

    /// Rec. 601 luma.
    pub fn luma(self) -> f32 {
        0.299 * self.0[0] + 0.587 * self.0[1] + 0.114 * self.0[2]
    }
}

/// How a shape is coloured.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    /// One colour.
    Solid(Rgb),
    /// From the top of the shape to its bottom.
    Vertical(Rgb, Rgb),
    /// From the left of the shape to its right.
    Horizontal(Rgb, Rgb),
}

impl Fill {
    /// The fill as one colour.
    pub fn mean(self) -> Rgb {
        match self {
            Fill::Solid(colour) => colour,
            Fill::Vertical(a, b) | Fill::Horizontal(a, b) => a.mix(b, 0.5),
        }
    }
}

/// What a shape is, as far as styles care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The sky, or the wall behind an interior.
    Backdrop,
    /// The sun or the moon.
    Disc,
    /// Scenery: a layer of paper, a wash of ink.
    Layer,
    /// The subject's large parts.
    Subject,
    /// Small things on a layer or subject.
    Detail,
    /// A cast shadow.
    Shadow,
    /// Light that fades from the middle of its bounds outwards.
    Glow,
    /// Snowflakes, rain and mist, over everything.
    Weather,
}

/// One filled path.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The outline, in design units.
    pub path: Path,
    /// Its colour.
    pub fill: Fill,
    /// Opacity, 0..=1.
    pub alpha: f32,
    /// What it is.
    pub kind: Kind,
}

/// Shapes from back to front.
#[derive(Default)]
pub struct Drawing {
    /// The shapes.
    pub shapes: Vec<Shape>,
}

impl Drawing {
    /// Adds an opaque shape; an empty outline adds nothing.
    pub fn add(&mut self, kind: Kind, outline: Option<Path>, fill: Fill) {
        self.add_alpha(kind, outline, fill, 1.0);
    }

    /// Adds a shape with opacity `alpha`.
    pub fn add_alpha(&mut self, kind: Kind, outline: Option<Path>, fill: Fill, alpha: f32) {
        self.shapes.extend(outline.map(|path| Shape {
            path,
            fill,
            alpha,
            kind,
        }));
    }
}

/// Where local coordinates lie in the picture: the origin stands at (`x`, `y`), one local unit is `scale` long.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Design units from the left.
    pub x: f32,
    /// Design units from the top.
    pub y: f32,
    /// Design units of one local unit.
    pub scale: f32,
    /// −1 mirrors left and right.
    pub mirror: f32,
}

impl Frame {
    /// The whole picture in design units.
    pub const PICTURE: Frame = Frame {
        x: 0.0,
        y: 0.0,
        scale: 1.0,
        mirror: 1.0,
    };

    /// Starts an outline in this frame.
    pub fn outline(self) -> Outline {
        Outline {
            frame: self,
            builder: PathBuilder::new(),
            last: (0.0, 0.0),
        }
    }

    /// An ellipse around (`x`, `y`).
    pub fn ellipse(self, x: f32, y: f32, rx: f32, ry: f32) -> Option<Path> {
        self.outline().ellipse(x, y, rx, ry).done()
    }

    /// A polygon.
    pub fn polygon(self, points: &[(f32, f32)]) -> Option<Path> {
        self.outline().polygon(points).done()
    }

    /// An axis-parallel rectangle.
    pub fn rect(self, x: f32, y: f32, width: f32, height: f32) -> Option<Path> {
        self.polygon(&[
            (x, y),
            (x + width, y),
            (x + width, y + height),
            (x, y + height),
        ])
    }

    /// A closed smooth curve through `points`.
    pub fn blob(self, points: &[(f32, f32)]) -> Option<Path> {
        self.outline().blob(points).done()
    }
}

/// Builds a path of one or more contours in a frame.
pub struct Outline {
    frame: Frame,
    builder: PathBuilder,
    last: (f32, f32),
}

impl Outline {
    fn place(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (
            self.frame.x + x * self.frame.scale * self.frame.mirror,
            self.frame.y + y * self.frame.scale,
        )
    }

    /// Moves to a point.
    pub fn start(mut self, x: f32, y: f32) -> Self {
        let (px, py) = self.place((x, y));
        self.builder.move_to(px, py);
        self.last = (x, y);
        self
    }

    /// A straight line.
    pub fn line(mut self, x: f32, y: f32) -> Self {
        let (px, py) = self.place((x, y));
        self.builder.line_to(px, py);
        self.last = (x, y);
        self
    }

    /// A quadratic curve bent toward (`cx`, `cy`).
    pub fn curve(mut self, cx: f32, cy: f32, x: f32, y: f32) -> Self {
        let ((pcx, pcy), (px, py)) = (self.place((cx, cy)), self.place((x, y)));
        self.builder.quad_to(pcx, pcy, px, py);
        self.last = (x, y);
        self
    }

    /// Adds an ellipse as a contour of its own.
    pub fn ellipse(mut self, x: f32, y: f32, rx: f32, ry: f32) -> Self {
        let (px, py) = self.place((x, y));
        let (rx, ry) = (rx * self.frame.scale, ry * self.frame.scale);
        if let Some(bounds) = tiny_skia::Rect::from_xywh(px - rx, py - ry, 2.0 * rx, 2.0 * ry) {
            self.builder.push_oval(bounds);
        }
        self
    }

    /// Adds a polygon as a contour of its own.
    pub fn polygon(mut self, points: &[(f32, f32)]) -> Self {
        for (index, &point) in points.iter().enumerate() {
            let (x, y) = self.place(point);
            if index == 0 {
                self.builder.move_to(x, y);
            } else {
                self.builder.line_to(x, y);
            }
        }
        self.builder.close();
        self
    }

    /// Adds a closed smooth curve through `points` (Catmull-Rom, as cubic Béziers).
    pub fn blob(mut self, points: &[(f32, f32)]) -> Self {
        let n = points.len();
        let at = |i: usize| points[i % n];
        for i in 0..n {
            let (p0, p1, p2, p3) = (at(i + n - 1), at(i), at(i + 1), at(i + 2));
            let c1 = self.place((p1.0 + (p2.0 - p0.0) / 6.0, p1.1 + (p2.1 - p0.1) / 6.0));
            let c2 = self.place((p2.0 - (p3.0 - p1.0) / 6.0, p2.1 - (p3.1 - p1.1) / 6.0));
            let (start, end) = (self.place(p1), self.place(p2));
            if i == 0 {
                self.builder.move_to(start.0, start.1);
            }
            self.builder.cubic_to(c1.0, c1.1, c2.0, c2.1, end.0, end.1);
        }
        self.builder.close();
        self
    }

    /// Closes the current contour.
    pub fn close(mut self) -> Self {
        self.builder.close();
        self
    }

    /// The path, or nothing where it is empty.
    pub fn done(self) -> Option<Path> {
        self.builder.finish()
    }

    /// The outline of a round-ended stroke `width` local units wide along this path.
    pub fn stroked(self, width: f32) -> Option<Path> {
        let stroke = Stroke {
            width: width * self.frame.scale,
            line_cap: tiny_skia::LineCap::Round,
            line_join: tiny_skia::LineJoin::Round,
            ..Stroke::default()
        };
        self.builder.finish()?.stroke(&stroke, 4.0)
    }
}

/// Turns a path around a point of the picture, by `degrees` clockwise.
pub fn turned(path: Option<Path>, degrees: f32, x: f32, y: f32) -> Option<Path> {
    path?.transform(Transform::from_rotate_at(degrees, x, y))
}
