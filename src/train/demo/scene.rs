//! What a demo picture shows: its attributes, drawn from a seed, and which combinations are kept for evaluation.

use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Declares an attribute: a plain enum that can list its values.
macro_rules! attribute {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in the order of their indices.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
        }
    };
}

attribute! {
    /// Where the picture plays.
    Place { Mountains, Lake, Sea, Desert, Forest, Meadow, City, Street, Table, Studio }
}
attribute! {
    /// What stands in the foreground.
    Subject { Cup, Vase, Flower, Boat, House, Tree, Balloon, Fox, Cat, Fish, Lantern }
}
attribute! {
    /// The colour of the subject.
    Colour { Red, Orange, Yellow, Green, Blue, Purple, Pink, White }
}
attribute! {
    /// Where a single subject stands.
    Position { Left, Centre, Right }
}
attribute! {
    /// The light of the day.
    Time { Dawn, Noon, Dusk, Night }
}
attribute! {
    /// What falls from the sky.
    Weather { Clear, Snow, Rain, Mist }
}
attribute! {
    /// How the picture is made.
    Style { Flat, Watercolour, Ink, PaperCut, Pixel, Film }
}

attribute! {
    /// What readers read and prompts ask for.
    Attribute { Colour, Place, Time, Style }
}

impl Attribute {
    /// How a report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Attribute::Colour => "subject colour",
            Attribute::Place => "place",
            Attribute::Time => "time of day",
            Attribute::Style => "style",
        }
    }

    /// How many values it has.
    pub fn values(self) -> usize {
        match self {
            Attribute::Colour => Colour::ALL.len(),
            Attribute::Place => Place::ALL.len(),
            Attribute::Time => Time::ALL.len(),
            Attribute::Style => Style::ALL.len(),
        }
    }

    /// The index of its value in `scene`, where the scene has it.
    pub fn of(self, scene: &Scene) -> Option<usize> {
        match self {
            Attribute::Colour => scene.subject.map(|_| scene.colour as usize),
            Attribute::Place => Some(scene.place as usize),
            Attribute::Time => scene.time.map(|time| time as usize),
            Attribute::Style => Some(scene.style as usize),
        }
    }
}

impl Place {
    /// Subjects that belong here.
    pub fn subjects(self) -> &'static [Subject] {
        use Subject::*;
        match self {
            Place::Mountains => &[House, Tree, Fox, Balloon, Flower],
            Place::Lake => &[Boat, Balloon, Fish, Lantern],
            Place::Sea => &[Boat, Balloon, Fish],
            Place::Desert => &[Fox, House, Balloon, Tree],
            Place::Forest => &[Fox, House, Lantern, Cat],
            Place::Meadow => &[Flower, Tree, House, Fox, Cat, Balloon],
            Place::City => &[Balloon, Cat, Lantern, Tree],
            Place::Street => &[Cat, Lantern],
            Place::Table => &[Cup, Vase, Flower, Cat, Lantern],
            Place::Studio => &[Cup, Vase, Flower, Cat, Fish, Lantern, Fox],
        }
    }

    /// Whether the picture is worth making without a subject.
    pub fn stands_alone(self) -> bool {
        !matches!(self, Place::Table | Place::Studio)
    }

    /// Whether the sky is seen, so that weather can be.
    pub fn outdoors(self) -> bool {
        !matches!(self, Place::Table | Place::Studio)
    }

    /// Lights under which the place is shown; a studio has none of its own.
    pub fn times(self) -> &'static [Time] {
        match self {
            Place::Studio => &[],
            Place::Street => &[Time::Dusk, Time::Night, Time::Night],
            _ => Time::ALL,
        }
    }
}

/// One picture: everything its caption may say, and the seed of everything it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Where the picture plays.
    pub place: Place,
    /// What stands in the foreground, if anything.
    pub subject: Option<Subject>,
    /// The subject's colour.
    pub colour: Colour,
    /// How many subjects, 1 to 3.
    pub count: u32,
    /// Where a single subject stands.
    pub position: Position,
    /// The light, where the place has one.
    pub time: Option<Time>,
    /// What falls from the sky.
    pub weather: Weather,
    /// How the picture is made.
    pub style: Style,
    /// Seeds the details that no caption mentions.
    pub seed: u64,
}

impl Scene {
    /// Draws a scene from `seed`.
    pub fn sample(seed: u64) -> Self {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let place = pick(rng, Place::ALL);
        let alone =
            place.stands_alone() && rng.random_bool(if place == Place::Street { 0.5 } else { 0.3 });
        let subject = (!alone).then(|| pick(rng, place.subjects()));
        let count = match (subject, rng.random_range(0..10)) {
            (None, _) | (_, 0..7) => 1,
            (_, 7 | 8) => 2,
            _ => 3,
        };
        let position = pick(
            rng,
            &[
                Position::Left,
                Position::Centre,
                Position::Centre,
                Position::Right,
            ],
        );
        let time = place.times().choose(rng).copied();
        let weather = match rng.random_range(0..10) {
            _ if !place.outdoors() => Weather::Clear,
            0..6 => Weather::Clear,
            6 if place != Place::Desert => Weather::Snow,
            7 if place != Place::Desert => Weather::Rain,
            8 => Weather::Mist,
            _ => Weather::Clear,
        };
        Self {
            place,
            subject,
            colour: subject.map_or(Colour::White, |subject| subject.sample_colour(rng)),
            count,
            position,
            time,
            weather,
            style: pick(rng, Style::ALL),
            seed,
        }
    }

    /// The first scene from `seed` on whose combination is (or is not) held out for evaluation.
    pub fn sample_split(seed: u64, held_out: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5ee0_5ee0);
        loop {
            let scene = Self::sample(rng.random());
            if scene.is_held_out() == held_out {
                return scene;
            }
        }
    }

    /// Whether this combination of place, subject, colour, time and style is never trained on.
    ///
    /// The rule: the five indices (0 for an absent one, else index + 1) are hashed with 64-bit FNV-1a in that order;
    /// every tenth hash is held out. Each single attribute, and nearly each pair, is still seen in training.
    pub fn is_held_out(&self) -> bool {
        let colour = self.subject.map_or(0, |_| self.colour as u8 + 1);
        let indices = [
            self.place as u8 + 1,
            self.subject.map_or(0, |subject| subject as u8 + 1),
            colour,
            self.time.map_or(0, |time| time as u8 + 1),
            self.style as u8 + 1,
        ];
        let hash = indices
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &index| {
                (hash ^ u64::from(index)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        (hash >> 17).is_multiple_of(10)
    }
}

impl Subject {
    /// Half of the pictures show a subject in its most usual colour, where it has one.
    fn sample_colour(self, rng: &mut ChaCha8Rng) -> Colour {
        let usual = match self {
            Subject::Fox => Some(Colour::Orange),
            Subject::Tree => Some(Colour::Green),
            Subject::Lantern => Some(Colour::Red),
            _ => None,
        };
        match usual {
            Some(usual) if rng.random_bool(0.3) => usual,
            _ => pick(rng, Colour::ALL),
        }
    }
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, values: &[T]) -> T {
    values[rng.random_range(0..values.len())]
}
