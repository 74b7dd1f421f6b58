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

/// The frames of one, two or three subjects.
fn stands(scene: &Scene, subject: Subject, rng: &mut ChaCha8Rng) -> Vec<Frame> {
    let columns: &[f32] = match (scene.count, scene.position) {
        (1, Position::Left) => &[72.0],
        (1, Position::Centre) => &[128.0],
        (1, Position::Right) => &[184.0],
        (2, _) => &[80.0, 176.0],
        _ => &[54.0, 128.0, 202.0],
    };
    let size = match scene.count {
        1 => rng.random_range(94.0..112.0),
        2 => rng.random_range(76.0..86.0),
        _ => rng.random_range(60.0..68.0),
    };
    let hangs = matches!(subject, Subject::Balloon | Subject::Lantern);
    let ground = match (subject, scene.place) {
        (Subject::Balloon, _) => 150.0,
        (Subject::Lantern, _) => 132.0,
        (Subject::Fish, Place::Studio) => 160.0,
        (Subject::Fish, _) => 186.0,
        (_, place) => places::baseline(place),
    };
    let reach = if hangs { 14.0 } else { 5.0 };
    columns
        .iter()
        .map(|&x| Frame {
            x: x + rng.random_range(-7.0..7.0),
            y: ground + rng.random_range(-reach..reach),
            scale: size,
            mirror: 1.0,
        })
        .collect()
}
