//! Snowflakes, rain and mist in front of a scene.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::drawing::{DESIGN, Drawing, Fill, Frame, Kind, Rgb};
use super::palette::Light;
use super::scene::Weather;

/// Adds what falls from the sky.
pub fn paint(drawing: &mut Drawing, weather: Weather, light: &Light, rng: &mut ChaCha8Rng) {
    let picture = Frame::PICTURE;
    match weather {
        Weather::Clear => {}
        Weather::Snow => {
            for (count, low, high, alpha) in [(46, 0.9, 1.6, 0.75), (24, 1.8, 3.0, 0.95)] {
                let mut flakes = picture.outline();
                for _ in 0..count {
                    let radius = rng.random_range(low..high);
                    flakes = flakes.ellipse(
                        rng.random_range(0.0..DESIGN),
                        rng.random_range(0.0..DESIGN),
                        radius,
                        radius,
                    );
                }
                drawing.add_alpha(
                    Kind::Weather,
                    flakes.done(),
                    Fill::Solid(Rgb::hex(0xfafcff)),
                    alpha,
                );
            }
        }
        Weather::Rain => {
            let mut streaks = picture.outline();
            for _ in 0..54 {
                let (x, y) = (
                    rng.random_range(-10.0..DESIGN + 20.0),
                    rng.random_range(-10.0..DESIGN),
                );
                let length = rng.random_range(9.0..18.0);
                streaks = streaks.start(x, y).line(x - length * 0.3, y + length);
            }
            let colour = light.horizon.lighter(0.55);
            drawing.add_alpha(
                Kind::Weather,
                streaks.stroked(1.3),
                Fill::Solid(colour),
                0.6,
            );
        }
        Weather::Mist => {
            for _ in 0..6 {
                let (x, y) = (rng.random_range(10.0..246.0), rng.random_range(92.0..214.0));
                let bank = picture.ellipse(
                    x,
                    y,
                    rng.random_range(80.0..150.0),
                    rng.random_range(16.0..30.0),
                );
                drawing.add_alpha(Kind::Glow, bank, Fill::Solid(light.haze.lighter(0.45)), 0.6);
            }
        }
    }
}
