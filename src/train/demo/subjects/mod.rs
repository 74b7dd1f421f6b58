//! The subjects of the demo pictures, and where they stand.

mod animals;
mod outdoors;
mod things;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::drawing::{Drawing, Fill, Frame, Kind, Rgb};
use super::palette::Light;
use super::places;
use super::scene::{Place, Position, Scene, Subject};

/// Shades of a subject's colour in the light of its scene.
struct Shades {
    base: Rgb,
    light: Rgb,
    dark: Rgb,
    white: Rgb,
    wood: Rgb,
    ink: Rgb,
    leaf: Rgb,
}

impl Shades {
    fn new(colour: Rgb, light: &Light) -> Self {
        let base = light.subject(colour);
        Self {
            base,
            light: base.lighter(0.38),
            dark: base.darker(0.3),
            white: light.subject(Rgb::hex(0xfbf7ef)),
            wood: light.subject(Rgb::hex(0x7d5233)),
            ink: Rgb::hex(0x2b2433),
            leaf: light.subject(Rgb::hex(0x4c8f4f)),
        }
    }

    /// From light above to dark below.
    fn round(&self) -> Fill {
        Fill::Vertical(self.base.lighter(0.2), self.base.darker(0.16))
    }
}

/// Paints the subjects of `scene`, if it has any.
pub fn paint(drawing: &mut Drawing, scene: &Scene, light: &Light, rng: &mut ChaCha8Rng) {
    let Some(subject) = scene.subject else { return };
    let shades = Shades::new(scene.colour.rgb(), light);
    for mut frame in stands(scene, subject, rng) {
        frame.mirror = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        if casts_shadow(scene.place, subject) {
            let shadow = frame.ellipse(0.06, 0.0, 0.42, 0.07);
            drawing.add_alpha(Kind::Shadow, shadow, Fill::Solid(Rgb::hex(0x1c1830)), 0.3);
        }
        match subject {
            Subject::Cup => things::cup(drawing, frame, &shades),
            Subject::Vase => things::vase(drawing, frame, &shades),
            Subject::Lantern => things::lantern(drawing, frame, &shades, light.lamps),
            Subject::Flower => outdoors::flower(drawing, frame, &shades, !scene.place.outdoors()),
            Subject::Boat => outdoors::boat(drawing, frame, &shades),
            Subject::House => outdoors::house(drawing, frame, &shades, light.lamps),
            Subject::Tree => outdoors::tree(drawing, frame, &shades),
            Subject::Balloon => outdoors::balloon(drawing, frame, &shades),
            Subject::Fox => animals::fox(drawing, frame, &shades),
            Subject::Cat => animals::cat(drawing, frame, &shades),
            Subject::Fish => animals::fish(drawing, frame, &shades, scene.place != Place::Studio),
        }
    }
}

fn casts_shadow(place: Place, subject: Subject) -> bool {
    let floats = matches!(
        subject,
        Subject::Balloon | Subject::Boat | Subject::Lantern | Subject::Fish
    );
    !floats || (subject == Subject::Fish && place == Place::Studio)
}

/// Columns on which the subjects of `scene` stand, in design units from the left.
pub(super) fn columns(scene: &Scene) -> &'static [f32] {
    match (scene.count, scene.position) {
        (1, Position::Left) => &[82.0],
        (1, Position::Centre) => &[128.0],
        (1, Position::Right) => &[174.0],
        (2, _) => &[74.0, 182.0],
        _ => &[50.0, 128.0, 206.0],
    }
}

/// What brings subjects of different build to a like height: one local unit is not the whole height of each.
fn stature(subject: Subject) -> f32 {
    match subject {
        Subject::Cup => 1.2,
        Subject::Balloon | Subject::Vase => 0.86,
        Subject::Tree | Subject::House => 0.96,
        Subject::Boat | Subject::Fox | Subject::Cat | Subject::Fish => 1.0,
        Subject::Flower | Subject::Lantern => 1.04,
    }
}

/// The frames of one, two or three subjects: large, since their kind and colour have to be told at a glance.
fn stands(scene: &Scene, subject: Subject, rng: &mut ChaCha8Rng) -> Vec<Frame> {
    let size = match scene.count {
        1 => rng.random_range(126.0..148.0),
        2 => rng.random_range(88.0..98.0),
        _ => rng.random_range(66.0..72.0),
    } * stature(subject);
    let (ground, reach) = match (subject, scene.place) {
        // The basket hangs low enough for the whole envelope, 1.26 units above it, to be seen.
        (Subject::Balloon, _) => (104.0 + 0.72 * size, 10.0),
        (Subject::Lantern, _) => (76.0 + 0.5 * size, 8.0),
        (Subject::Fish, Place::Studio) => (128.0 + 0.5 * size, 5.0),
        (Subject::Fish, _) => (140.0 + 0.5 * size, 5.0),
        (_, place) => (places::baseline(place), 5.0),
    };
    columns(scene)
        .iter()
        .map(|&x| Frame {
            x: x + rng.random_range(-6.0..6.0),
            y: ground + rng.random_range(-reach..reach),
            scale: size,
            mirror: 1.0,
        })
        .collect()
}
