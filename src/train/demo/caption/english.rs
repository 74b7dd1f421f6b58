//! English wordings.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::scene::{Colour, Place, Position, Scene, Style, Subject, Time, Weather};
use super::{Mention, one_of};

pub(super) fn word(scene: &Scene, mention: Mention, rng: &mut ChaCha8Rng) -> String {
    let mut parts = vec![core(scene, mention, rng)];
    if let (true, Some(time)) = (mention.time, scene.time) {
        parts.push(one_of(rng, time_words(time)).to_owned());
    }
    if mention.weather {
        parts.push(one_of(rng, weather_words(scene.weather)).to_owned());
    }
    let separator = if rng.random_bool(0.5) { " " } else { ", " };
    let text = parts.join(separator);
    if !mention.style {
        return text;
    }
    let (before, after) = style_words(scene.style);
    if rng.random_bool(0.5) {
        format!("{} {text}", one_of(rng, before))
    } else {
        format!("{text}, {}", one_of(rng, after))
    }
}

fn core(scene: &Scene, mention: Mention, rng: &mut ChaCha8Rng) -> String {
    let Some(subject) = scene.subject else {
        return one_of(rng, place_alone(scene.place)).to_owned();
    };
    let (single, plural) = subject_words(subject);
    let colour = if mention.colour {
        format!("{} ", colour_word(scene.colour))
    } else {
        String::new()
    };
    let nice = if rng.random_bool(0.12) {
        one_of(rng, &["lovely ", "beautiful ", "modern minimalist "])
    } else {
        ""
    };
    let mut text = if scene.count == 1 {
        let noun = one_of(rng, single);
        let phrase = format!("{nice}{colour}{noun}");
        let article = if phrase.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {phrase}")
    } else {
        let number = if scene.count == 2 { "two" } else { "three" };
        format!("{number} {colour}{}", one_of(rng, plural))
    };
    if mention.place {
        text = format!("{text} {}", one_of(rng, place_words(scene.place)));
    }
    if mention.position && scene.count == 1 {
        text = format!("{text} {}", one_of(rng, position_words(scene.position)));
    }
    text
}

fn subject_words(subject: Subject) -> (&'static [&'static str], &'static [&'static str]) {
    match subject {
        Subject::Cup => (
            &["cup", "coffee cup", "mug", "ceramic coffee cup"],
            &["cups", "coffee cups", "mugs"],
        ),
        Subject::Vase => (
            &["vase", "ceramic vase", "vase with blossoms"],
            &["vases", "ceramic vases"],
        ),
        Subject::Flower => (&["flower", "blooming flower"], &["flowers"]),
        Subject::Boat => (
            &["boat", "sailing boat", "sailboat"],
            &["boats", "sailing boats", "sailboats"],
        ),
        Subject::House => (
            &["house", "cottage", "small house"],
            &["houses", "cottages"],
        ),
        Subject::Tree => (&["tree"], &["trees"]),
        Subject::Balloon => (
            &["balloon", "hot air balloon"],
            &["balloons", "hot air balloons"],
        ),
        Subject::Fox => (&["fox", "sitting fox"], &["foxes"]),
        Subject::Cat => (&["cat", "kitten", "sitting cat"], &["cats", "kittens"]),
        Subject::Fish => (&["fish"], &["fish"]),
        Subject::Lantern => (
            &["lantern", "paper lantern"],
            &["lanterns", "paper lanterns"],
        ),
    }
}

pub(super) fn colour_word(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "red",
        Colour::Orange => "orange",
        Colour::Yellow => "yellow",
        Colour::Green => "green",
        Colour::Blue => "blue",
        Colour::Purple => "purple",
        Colour::Pink => "pink",
        Colour::White => "white",
    }
}

pub(super) fn place_words(place: Place) -> &'static [&'static str] {
    match place {
        Place::Mountains => &[
            "in the mountains",
            "before snowy mountains",
            "with mountains behind",
        ],
        Place::Lake => &["on a lake", "on a mountain lake", "over a calm lake"],
        Place::Sea => &["on the sea", "by the sea", "over the ocean"],
        Place::Desert => &["in the desert", "among sand dunes"],
        Place::Forest => &["in the forest", "in a pine forest", "in the woods"],
        Place::Meadow => &["in a meadow", "on a green meadow", "on grassy hills"],
        Place::City => &["in the city", "before a city skyline"],
        Place::Street => &["in a neon street", "on a neon lit street"],
        Place::Table => &[
            "on a wooden table",
            "on a wooden table by the window",
            "on a table",
        ],
        Place::Studio => &[
            "on a plain background",
            "in a studio",
            "with a simple background",
        ],
    }
}

fn place_alone(place: Place) -> &'static [&'static str] {
    match place {
        Place::Mountains => &[
            "mountains",
            "a mountain landscape",
            "snowy mountains",
            "mountain scenery",
        ],
        Place::Lake => &[
            "a lake",
            "a mountain lake",
            "a calm lake with reflections",
            "a lake landscape",
        ],
        Place::Sea => &["the sea", "the ocean", "a seascape", "waves on the sea"],
        Place::Desert => &["a desert", "sand dunes", "a desert landscape"],
        Place::Forest => &["a forest", "a pine forest", "the woods"],
        Place::Meadow => &["a meadow", "green hills", "a green meadow with flowers"],
        Place::City => &["a city", "a city skyline", "skyscrapers"],
        Place::Street | Place::Table | Place::Studio => &[
            "a neon street",
            "a street with neon signs",
            "a neon city street",
        ],
    }
}

fn position_words(position: Position) -> &'static [&'static str] {
    match position {
        Position::Left => &["on the left", "at the left side"],
        Position::Centre => &["in the centre", "in the middle"],
        Position::Right => &["on the right", "at the right side"],
    }
}

pub(super) fn time_words(time: Time) -> &'static [&'static str] {
    match time {
        Time::Dawn => &["at dawn", "in the early morning", "at sunrise"],
        Time::Noon => &["at noon", "in daylight", "in the daytime"],
        Time::Dusk => &["at dusk", "at sunset", "in the evening"],
        Time::Night => &["at night", "under the moon", "in the night"],
    }
}

fn weather_words(weather: Weather) -> &'static [&'static str] {
    match weather {
        Weather::Clear => &["clear sky", "clear weather"],
        Weather::Snow => &["in the snow", "snowing", "falling snow"],
        Weather::Rain => &["in the rain", "raining", "rainy day"],
        Weather::Mist => &["in the mist", "misty", "foggy"],
    }
}

type Wordings = &'static [&'static str];

pub(super) fn style_words(style: Style) -> (Wordings, Wordings) {
    match style {
        Style::Flat => (
            &["flat illustration of", "a flat vector illustration of"],
            &["flat illustration", "flat design", "vector illustration"],
        ),
        Style::Watercolour => (
            &["watercolour painting of", "a watercolor of", "watercolor"],
            &["watercolour", "watercolor painting", "watercolor style"],
        ),
        Style::Ink => (
            &["ink wash painting of", "a Chinese ink painting of"],
            &["ink wash", "Chinese ink painting", "ink wash style"],
        ),
        Style::PaperCut => (
            &["paper cut of", "a papercut art of", "paper-cut"],
            &["paper cut", "papercut art", "paper-cut style"],
        ),
        Style::Pixel => (
            &["pixel art of", "a pixel art of"],
            &["pixel art", "8-bit pixel art", "pixel style"],
        ),
        Style::Film => (
            &["retro film photo of", "a vintage film photo of"],
            &["retro film", "vintage film grain", "retro film photo"],
        ),
    }
}
